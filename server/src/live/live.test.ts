import { once } from 'node:events';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json } from '#contract/common.ts';
import { FakeClock } from '../../test/fake-clock.ts';
import { stateOf } from '../../test/live-client.ts';
import {
  activity,
  bus,
  client,
  deviceId,
  foreignId,
  idOf,
  metrics,
  otherId,
  point,
  rejections,
  serve,
  setAttribute,
  setUpLiveWorld,
  store,
  tenantId,
  write,
} from '../../test/live-world.ts';
import { subjects } from '../bus/subjects.ts';
import { systemClock } from '../lib/clock.ts';

setUpLiveWorld();

test('a subscription begins with a snapshot and goes on with numbered deltas', async () => {
  await serve();
  await write([point('t', 5, 21.5), point('state', 1, { json: '{"on":true}' })]);
  setAttribute('server', 'floor', 3);
  const ann = await client();
  ann.send({ type: 'subscribe', id: 's1', deviceIds: [deviceId, otherId] });
  expect(await ann.next()).toEqual({
    type: 'snapshot',
    id: 's1',
    seq: 0,
    devices: {
      [deviceId]: {
        telemetry: { t: { ts: 5, value: 21.5 }, state: { ts: 1, value: { on: true } } },
        attributes: { client: {}, shared: {}, server: { floor: 3 } },
        activity,
      },
      [otherId]: { telemetry: {}, attributes: { client: {}, shared: {}, server: {} }, activity },
    },
  });
  await write([point('t', 6, 22)]);
  expect(await ann.next()).toEqual({
    type: 'delta',
    id: 's1',
    seq: 1,
    changes: [{ type: 'telemetry', deviceId, points: [{ key: 't', ts: 6, value: 22 }] }],
  });
  setAttribute('shared', 'target', [1]);
  setAttribute('server', 'floor', undefined);
  bus.publish(subjects.activity(tenantId, deviceId), {
    kind: 'device.activity',
    tenantId,
    deviceId,
    ...activity,
    active: false,
  });
  expect(await ann.next()).toEqual({
    type: 'delta',
    id: 's1',
    seq: 2,
    changes: [
      { type: 'attributes', deviceId, scope: 'shared', updated: { target: [1] }, deleted: [] },
      { type: 'attributes', deviceId, scope: 'server', updated: {}, deleted: ['floor'] },
      { type: 'activity', deviceId, ...activity, active: false },
    ],
  });
});

test('updates that come close together share one frame, in the order in which they came', async () => {
  const clock = new FakeClock();
  await serve(clock);
  const ann = await client();
  ann.send({ type: 'subscribe', id: 's', deviceIds: [deviceId], topics: ['telemetry'] });
  await ann.next();
  for (const ts of [3, 1, 2]) await write([point('k', ts, ts)]);
  clock.advance(50);
  expect(await ann.next()).toMatchObject({ seq: 1, changes: [{ points: [{ ts: 3 }, { ts: 1 }, { ts: 2 }] }] });
  await write([point('k', 4, 4)]);
  clock.advance(50);
  expect(await ann.next()).toMatchObject({ seq: 2, changes: [{ points: [{ ts: 4 }] }] });
});

test('keys and topics that were not asked for are not sent', async () => {
  await serve();
  await write([point('a', 1, 1), point('b', 1, 1)]);
  const ann = await client();
  ann.send({ type: 'subscribe', id: 's', deviceIds: [deviceId], keys: ['a'], topics: ['telemetry'] });
  expect(await ann.next()).toMatchObject({ devices: { [deviceId]: { telemetry: { a: { ts: 1, value: 1 } } } } });
  setAttribute('server', 'x', 1);
  await write([point('b', 2, 2)]);
  await write([point('b', 3, 3), point('a', 3, 3)]);
  expect(await ann.next()).toEqual({
    type: 'delta',
    id: 's',
    seq: 1,
    changes: [{ type: 'telemetry', deviceId, points: [{ key: 'a', ts: 3, value: 3 }] }],
  });
});

test('hostile keys go through unchanged', async () => {
  await serve();
  const keys = ['__proto__', '"', '🌡️', 'a\nb', '</script>'];
  await write(keys.map((key) => point(key, 1, key)));
  const ann = await client();
  ann.send({ type: 'subscribe', id: '__proto__', deviceIds: [deviceId], topics: ['telemetry'] });
  const snapshot = await ann.next();
  const shown = snapshot.type === 'snapshot' ? snapshot.devices[deviceId]?.telemetry : undefined;
  expect(Object.keys(shown ?? {}).sort()).toEqual([...keys].sort());
  await write(keys.map((key) => point(key, 2, key)));
  expect(await ann.next()).toMatchObject({
    id: '__proto__',
    changes: [{ points: keys.map((key) => ({ key, ts: 2, value: key })) }],
  });
});

test('a device of another tenant, or of nobody, is not found, and nothing of it is heard', async () => {
  await serve();
  const bob = await client('b');
  bob.send({ type: 'subscribe', id: 's', deviceIds: [foreignId, deviceId] });
  expect(await bob.next()).toMatchObject({ type: 'error', id: 's', code: 'not_found' });
  bob.send({ type: 'subscribe', id: 's', deviceIds: [idOf(77)] });
  expect(await bob.next()).toMatchObject({ type: 'error', id: 's', code: 'not_found' });
  bob.send({ type: 'subscribe', id: 's', deviceIds: [foreignId] });
  expect(await bob.next()).toMatchObject({ type: 'snapshot', devices: { [foreignId]: {} } });
  expect(bus.hasInterest(subjects.telemetry('tenant-b', deviceId))).toBe(false);
  expect(await rejections('not_found')).toBe(2);
});

test('a deleted device is told as such and leaves the subscription', async () => {
  await serve();
  const ann = await client();
  ann.send({ type: 'subscribe', id: 's', deviceIds: [deviceId, otherId] });
  await ann.next();
  await write([point('k', 1, 1)]);
  bus.publish(subjects.device(tenantId, deviceId), { kind: 'device.deleted', tenantId, deviceId });
  await write([point('k', 2, 2)]);
  expect(await ann.next()).toMatchObject({ seq: 1, changes: [{ type: 'deviceDeleted', deviceId }] });
  expect(bus.hasInterest(subjects.telemetry(tenantId, deviceId))).toBe(false);
  expect(bus.hasInterest(subjects.telemetry(tenantId, otherId))).toBe(true);
});

test('after the end of a subscription nothing of it is sent, and its id is free', async () => {
  await serve();
  const ann = await client();
  ann.send({ type: 'subscribe', id: 's', deviceIds: [deviceId], topics: ['telemetry'] });
  await ann.next();
  ann.send({ type: 'unsubscribe', id: 's' });
  ann.send({ type: 'unsubscribe', id: 's' });
  expect(await ann.next()).toMatchObject({ type: 'error', id: 's', code: 'not_found' });
  expect(bus.hasInterest(subjects.telemetry(tenantId, deviceId))).toBe(false);
  await write([point('k', 1, 1)]);
  ann.send({ type: 'subscribe', id: 's', deviceIds: [deviceId], topics: ['telemetry'] });
  expect(await ann.next()).toMatchObject({
    type: 'snapshot',
    seq: 0,
    devices: { [deviceId]: { telemetry: { k: {} } } },
  });
});

test('a connection that ends leaves nothing on the bus', async () => {
  await serve();
  const ann = await client();
  ann.send({ type: 'subscribe', id: 's', deviceIds: [deviceId] });
  await ann.next();
  expect((await metrics.liveClients.get()).values[0]?.value).toBe(1);
  ann.socket.terminate();
  await expect.poll(() => bus.hasInterest(subjects.telemetry(tenantId, deviceId))).toBe(false);
  await expect.poll(async () => (await metrics.liveClients.get()).values[0]?.value).toBe(0);
});

test('snapshot and deltas add up to what is stored, without gap and without repetition, whenever one subscribes', async () => {
  await serve(systemClock, {
    store: {
      // What was read is on its way for a while, as from a database of another process.
      async latest(...query) {
        const found = await store.latest(...query);
        await store.stats({ tenantId, deviceId });
        return found;
      },
    },
  });
  const keys = ['a', 'b', 'c'];
  const entry = fc.record({
    device: fc.constantFrom(deviceId, otherId),
    key: fc.constantFrom(...keys),
    ts: fc.integer({ min: 0, max: 12 }),
    wait: fc.boolean(),
    subscribes: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { minLength: 5, maxLength: 60 }), async (entries) => {
      await store.deleteRange({ tenantId, deviceId }, undefined, 0, 1e9);
      await store.deleteRange({ tenantId, deviceId: otherId }, undefined, 0, 1e9);
      const ann = await client();
      const ids: string[] = [];
      const writes: Promise<void>[] = [];
      for (const [i, { device, key, ts, wait, subscribes }] of entries.entries()) {
        if (subscribes) {
          ids.push(`s${i}`);
          ann.send({ type: 'subscribe', id: `s${i}`, deviceIds: [deviceId, otherId], topics: ['telemetry'] });
        }
        // The value is the number of the write, so each is told apart.
        writes.push(write([point(key, ts, i)], device));
        if (wait) await Promise.race([writes.at(-1), setImmediate()]);
      }
      await Promise.all(writes);
      for (const id of ids) await ann.until((message) => message.type === 'snapshot' && message.id === id);
      await write([point('end', 1, 'end')], deviceId);
      await write([point('end', 1, 'end')], otherId);
      const stored = await store.latest([deviceId, otherId].map((id) => ({ tenantId, deviceId: id })));
      for (const id of ids) {
        const isAtEnd = (): boolean =>
          [...stateOf(id, ann.messages).values()].every((device) => device.telemetry?.['end'] !== undefined);
        while (!isAtEnd()) await once(ann.socket, 'message');
        for (const [device, state] of stateOf(id, ann.messages)) {
          const latest = stored.get(device) ?? [];
          expect(state.telemetry).toEqual(Object.fromEntries(latest.map(({ key, ts, value }) => [key, { ts, value }])));
        }
        const seen: Json[] = [];
        const shown = new Map<string, number>();
        for (const message of ann.messages) {
          if (message.type === 'error' || message.id !== id) continue;
          if (message.type === 'snapshot') {
            for (const [device, { telemetry }] of Object.entries(message.devices)) {
              for (const [key, { ts, value }] of Object.entries(telemetry ?? {})) {
                shown.set(`${device} ${key}`, ts);
                seen.push(value);
              }
            }
          } else {
            for (const change of message.changes) {
              if (change.type === 'telemetry') seen.push(...change.points.map(({ value }) => value));
            }
          }
        }
        const numbers = seen.filter((value) => typeof value === 'number');
        expect(new Set(numbers).size).toBe(numbers.length);
        for (const [i, { device, key, ts }] of entries.entries()) {
          const isHistory = ts <= (shown.get(`${device} ${key}`) ?? -1);
          expect(isHistory || numbers.includes(i)).toBe(true);
        }
      }
      ann.socket.terminate();
    }),
    { numRuns: 25 },
  );
});
