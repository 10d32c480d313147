import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { testTelemetryStore } from '../../../test/telemetry-store-suite.ts';
import { systemClock } from '../../lib/clock.ts';
import { createMetrics } from '../../metrics.ts';
import type { TelemetryStore } from '../store.ts';
import { createTelemetryEngine, type TelemetryEngineDeps } from './store.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gapura-telemetry-'));
});
afterEach(() => rm(directory, { recursive: true }));

const path = (): string => join(directory, 'telemetry');
async function open(extra: Partial<TelemetryEngineDeps> = {}): Promise<TelemetryStore> {
  const log = pino({ level: 'silent' });
  const store = createTelemetryEngine({
    directory: path(),
    metrics: createMetrics(),
    log,
    clock: systemClock,
    ...extra,
  });
  await store.start();
  return store;
}

function testEngine(name: string, extra: Partial<TelemetryEngineDeps>): void {
  testTelemetryStore(name, async () => {
    let store = await open(extra);
    return {
      store,
      async reopen() {
        await store.stop();
        store = await open(extra);
        return store;
      },
      dispose: () => store.stop(),
    };
  });
}
testEngine('The engine', {});
// A head so small that nearly every commit is sealed, and files are merged all the time.
testEngine('The engine with next to no memory', { headPoints: 8 });

const device = { tenantId: 't', deviceId: 'd' };
const message = (ts: number, value: number | string = ts) => ({ ...device, points: [{ key: 'k', ts, value }] });
const count = async (store: TelemetryStore): Promise<number> => (await store.stats(device))[0]?.points ?? 0;

test('appends that wait share a commit', async () => {
  const metrics = createMetrics();
  const store = await open({ metrics });
  await Promise.all(Array.from({ length: 500 }, (_, i) => store.append([message(i)])));
  const { values } = await metrics.commitPoints.get();
  const commits = values.find((value) => value.metricName === 'gapura_commit_points_count')?.value ?? 0;
  expect(commits).toBeGreaterThan(0);
  expect(commits).toBeLessThan(100);
  expect(values.find((value) => value.metricName === 'gapura_commit_points_sum')?.value).toBe(500);
  await store.stop();
});

test('while another process holds the file, appends are refused, questions answered, and it recovers by itself', async () => {
  const store = await open();
  await store.append([message(1)]);
  const holder = new DatabaseSync(join(path(), 'hot.sqlite'));
  holder.exec('begin immediate');
  await expect(Promise.all([store.append([message(2)]), store.append([message(3)])])).rejects.toMatchObject({
    code: 'storage_unavailable',
  });
  expect(await count(store)).toBe(1);
  holder.exec('rollback');
  holder.close();
  await store.append([message(4)]);
  expect(await count(store)).toBe(2);
  await store.stop();
});

test('when the disk is full nothing of the batch is stored, questions are answered, and room that is made is used', async () => {
  const store = await open({ maxSizeBytes: 400_000 });
  await store.append([message(1)]);
  const big = Array.from({ length: 40 }, (_, i) => ({ key: `new-${i}`, ts: i, value: 'x'.repeat(20_000) }));
  await expect(store.append([{ ...device, points: big }])).rejects.toMatchObject({
    code: 'storage_unavailable',
    extra: { retryAfterMs: 1000 },
  });
  expect(await store.latest([device])).toEqual(new Map([['d', [{ key: 'k', ts: 1, value: 1 }]]]));
  // The keys of the failed batch were rolled back with it; they must not be remembered.
  await store.append([{ ...device, points: [{ key: 'new-0', ts: 1, value: 1 }] }]);
  expect((await store.stats(device)).map(({ key }) => key)).toEqual(['k', 'new-0']);
  let stored = 0;
  const fill = async (): Promise<void> => {
    for (; stored < 100; stored++) await store.append([message(100 + stored, 'x'.repeat(20_000))]);
  };
  await expect(fill()).rejects.toMatchObject({ code: 'storage_unavailable' });
  expect(store.health().faults).toEqual([expect.stringContaining('full')]);
  expect(await count(store)).toBe(1 + stored);
  // What waits is sealed into the file of its day, which makes room for new segments.
  const append = (): Promise<boolean> =>
    store.append([message(2, 'x'.repeat(20_000))]).then(
      () => true,
      () => false,
    );
  await expect.poll(append, { timeout: 10_000 }).toBe(true);
  expect(store.health().faults).toEqual([]);
  expect(await count(store)).toBe(2 + stored);
  await store.stop();
});

test('an append passes long questions and deletes that were asked before it', async () => {
  const store = await open();
  for (let from = 0; from < 200_000; from += 20_000) {
    const points = Array.from({ length: 20_000 }, (_, i) => ({ key: 'k', ts: from + i, value: i }));
    await store.append([{ ...device, points }]);
  }
  const range = { ...device, keys: ['k'], fromMs: 0, toMs: 200_000 } as const;
  const order: string[] = [];
  const note = (name: string, work: Promise<unknown>): Promise<unknown> => work.then(() => order.push(name));
  await Promise.all([
    note('aggregate', store.aggregate({ ...range, intervalMs: 1000, functions: ['avg'] })),
    note('range', store.range({ ...range, order: 'asc', limit: 100_000 })),
    note('append', store.append([message(1_000_000)])),
  ]);
  expect(order[0]).toBe('append');
  order.length = 0;
  await Promise.all([
    note('delete', store.deleteRange(device, undefined, 0, 200_000)),
    note('append', store.append([message(1_000_001)])),
  ]);
  expect(order).toEqual(['append', 'delete']);
  expect(await count(store)).toBe(2);
  await store.stop();
});

test('a file of a newer version is refused at the start with a sentence', async () => {
  await mkdir(path());
  const newer = new DatabaseSync(join(path(), 'hot.sqlite'));
  newer.exec('pragma user_version = 99');
  newer.close();
  await expect(open()).rejects.toThrow(/cannot be opened: it was written by a newer Gapura/);
});

test('a folder that is not there is refused at the start', async () => {
  await expect(open({ directory: '/dev/null/telemetry' })).rejects.toThrow(/cannot be opened/);
});
