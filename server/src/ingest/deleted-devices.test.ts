import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fake-clock.ts';
import { createMemoryBus } from '../bus/memory.ts';
import { subjects } from '../bus/subjects.ts';
import { createMetrics } from '../metrics.ts';
import { messagesOf } from '../telemetry/message-batch.ts';
import type { TelemetryMessage } from '../telemetry/store.ts';
import { createIngest } from './create-ingest.ts';

const tenantId = 'tenant';

test('what a device sent just before it was deleted is not stored after its data was deleted', async () => {
  const stored: TelemetryMessage[] = [];
  const published: string[] = [];
  const bus = createMemoryBus((error) => {
    throw error;
  });
  const ingest = createIngest({
    store: { append: async (messages) => void stored.push(...messagesOf(messages)) },
    attributes: { write: async () => {} },
    sessions: { touch: () => {} },
    bus,
    metrics: createMetrics(),
    clock: new FakeClock(),
    log: { error: () => {}, info: () => {} },
  });
  bus.subscribe('telemetry.*.*', (message) => {
    if (message.kind === 'telemetry.stored') published.push(message.deviceId);
  });
  const points = [{ key: 'k', ts: 1, value: 1 }];
  const accepted = ['gone', 'here'].map((deviceId) => ingest.acceptPoints({ tenantId, deviceId }, points));
  bus.publish(subjects.device(tenantId, 'gone'), { kind: 'device.deleted', tenantId, deviceId: 'gone' });
  await Promise.all(accepted);
  await ingest.acceptPoints({ tenantId, deviceId: 'gone' }, points);
  await turn();
  expect(stored.map(({ deviceId }) => deviceId)).toEqual(['here']);
  expect(published).toEqual(['here']);
  await ingest.stop();
});

test('who deletes the data of a device can wait for the commit that holds the last of it', async () => {
  const commit = Promise.withResolvers<void>();
  const bus = createMemoryBus(() => {});
  const ingest = createIngest({
    store: { append: () => commit.promise },
    attributes: { write: async () => {} },
    sessions: { touch: () => {} },
    bus,
    metrics: createMetrics(),
    clock: new FakeClock(),
    log: { error: () => {}, info: () => {} },
  });
  const order: string[] = [];
  await ingest.committed();
  const accepted = ingest.acceptPoints({ tenantId, deviceId: 'd' }, [{ key: 'k', ts: 1, value: 1 }]);
  await turn();
  const waited = ingest.committed().then(() => order.push('waited'));
  await turn();
  order.push('stored');
  commit.resolve();
  await Promise.all([accepted, waited]);
  expect(order).toEqual(['stored', 'waited']);
});
