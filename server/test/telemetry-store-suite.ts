/** What every telemetry engine must do. An engine's own test file calls `testTelemetryStore`. */
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { aggregateFunctions } from '#contract/telemetry.ts';
import { createBuckets } from '../src/telemetry/buckets.ts';
import {
  type DeviceRef,
  listedKeysLimit,
  type TelemetryPoint,
  type TelemetryStore,
  type TelemetryValue,
} from '../src/telemetry/store.ts';

export interface StoreUnderTest {
  /** Started. */
  readonly store: TelemetryStore;
  /** Ends the process's hold on the data and opens it again, as a restart does. */
  reopen(): Promise<TelemetryStore>;
  dispose(): Promise<void>;
}

const device: DeviceRef = { tenantId: 'tenant-a', deviceId: 'device-1' };
const other: DeviceRef = { tenantId: 'tenant-a', deviceId: 'device-2' };
const foreign: DeviceRef = { tenantId: 'tenant-b', deviceId: 'device-1' };

const point = (key: string, ts: number, value: TelemetryValue): TelemetryPoint => ({ key, ts, value });
const all = { fromMs: 0, toMs: 10_000_000, order: 'asc', limit: 1000 } as const;
const hostileKeys = [
  '__proto__',
  'constructor',
  '🌡️',
  '"; drop table point; --',
  "it's",
  '=1+1',
  'a,b',
  'ü\n\0',
  'x'.repeat(5000),
];

export function testTelemetryStore(name: string, create: () => Promise<StoreUnderTest>): void {
  describe(`${name} as a telemetry store`, () => {
    let subject: StoreUnderTest;
    let store: TelemetryStore;

    beforeEach(async () => {
      subject = await create();
      store = subject.store;
    });
    afterEach(() => subject.dispose());

    const write = (points: TelemetryPoint[], ref: DeviceRef = device): Promise<void> =>
      store.append([{ ...ref, points }]);
    const valuesOf = async (key: string, ref: DeviceRef = device): Promise<TelemetryValue[]> =>
      ((await store.range({ ...ref, keys: [key], ...all })).get(key) ?? []).map((found) => found.value);

    test('every kind of value comes back as it was', async () => {
      const values: TelemetryValue[] = [
        0,
        -1.5,
        2 ** 53,
        5e-324,
        '',
        'text',
        '🌶️',
        true,
        false,
        { json: '{"a":[1]}' },
        '42',
        { json: 'null' },
      ];
      await write(values.map((value, i) => point('v', i, value)));
      expect(await valuesOf('v')).toEqual(values);
    });

    test('an empty append is acknowledged', async () => {
      await store.append([]);
      await write([]);
      expect(await store.stats(device)).toEqual([]);
    });

    test('hostile keys and values are only text', async () => {
      await write(hostileKeys.map((key) => point(key, 1, key)));
      const found = await store.range({ ...device, keys: hostileKeys, ...all });
      expect([...found.keys()].sort()).toEqual([...hostileKeys].sort());
      for (const key of hostileKeys) expect(found.get(key)).toEqual([point(key, 1, key)]);
      expect((await store.stats(device)).map((stats) => stats.key).sort()).toEqual([...hostileKeys].sort());
    });

    test('a half surrogate pair becomes the replacement character and stays one series', async () => {
      await write([point('\ud800', 1, '\udfff')]);
      await write([point('\ud800', 2, 'again')]);
      expect(await store.latest([device])).toEqual(new Map([[device.deviceId, [point('\ufffd', 2, 'again')]]]));
      expect(await valuesOf('\ud800')).toEqual([]);
      expect(await valuesOf('\ufffd')).toEqual(['\ufffd', 'again']);
    });

    test('a point written again replaces the older one, also in one batch and with another kind of value', async () => {
      await write([point('k', 5, 1), point('k', 5, 2)]);
      expect(await valuesOf('k')).toEqual([2]);
      await write([point('k', 5, 'text')]);
      expect(await valuesOf('k')).toEqual(['text']);
      await write([point('k', 5, true)]);
      expect(await valuesOf('k')).toEqual([true]);
    });

    test('what was appended is seen by the next question, in whatever order the appends came', async () => {
      await Promise.all(Array.from({ length: 50 }, (_, i) => write([point('k', 100 - i, i)])));
      expect(await valuesOf('k')).toEqual(Array.from({ length: 50 }, (_, i) => 49 - i));
    });

    test('latest is the point with the greatest time, not the last to arrive', async () => {
      await write([point('a', 10, 'new'), point('b', 1, 1)]);
      await write([point('a', 5, 'late')]);
      expect(await store.latest([device])).toEqual(
        new Map([[device.deviceId, [point('a', 10, 'new'), point('b', 1, 1)]]]),
      );
      expect(await store.latest([device], ['a', 'a', 'none'])).toEqual(
        new Map([[device.deviceId, [point('a', 10, 'new')]]]),
      );
    });

    test('latest of many devices leaves out those without data', async () => {
      await write([point('a', 1, 1)]);
      await write([point('a', 2, 2)], other);
      const found = await store.latest([other, device, { tenantId: 'tenant-a', deviceId: 'silent' }], ['a']);
      expect(found).toEqual(
        new Map([
          [other.deviceId, [point('a', 2, 2)]],
          [device.deviceId, [point('a', 1, 1)]],
        ]),
      );
    });

    test('a range includes its start and not its end', async () => {
      await write([1, 2, 3, 4].map((ts) => point('k', ts, ts)));
      const range = async (fromMs: number, toMs: number): Promise<number[]> =>
        ((await store.range({ ...device, keys: ['k'], fromMs, toMs, order: 'asc', limit: 10 })).get('k') ?? []).map(
          (found) => found.ts,
        );
      expect(await range(2, 4)).toEqual([2, 3]);
      expect(await range(2, 2)).toEqual([]);
      expect(await range(5, 9)).toEqual([]);
    });

    test('order and limit hold for each key', async () => {
      await write([1, 2, 3].flatMap((ts) => [point('a', ts, ts), point('b', ts * 10, ts)]));
      const found = await store.range({ ...device, keys: ['a', 'b', 'none'], ...all, order: 'desc', limit: 2 });
      expect(found.get('a')?.map(({ ts }) => ts)).toEqual([3, 2]);
      expect(found.get('b')?.map(({ ts }) => ts)).toEqual([30, 20]);
      expect(found.has('none')).toBe(false);
    });

    test('a device of another tenant with the same id is another device', async () => {
      await write([point('k', 1, 'mine')]);
      await write([point('k', 1, 'theirs')], foreign);
      expect(await valuesOf('k')).toEqual(['mine']);
      expect(await valuesOf('k', foreign)).toEqual(['theirs']);
      expect(await store.deleteRange(foreign, undefined, 0, 10)).toBe(1);
      await store.deleteDevice(foreign);
      await store.retain('tenant-b', 1000);
      expect(await valuesOf('k')).toEqual(['mine']);
    });

    test('buckets start at the start of the range and empty ones are left out', async () => {
      await write([105, 119, 120, 150].map((ts) => point('k', ts, ts)));
      const found = await store.aggregate({
        ...device,
        keys: ['k', 'none'],
        fromMs: 100,
        toMs: 150,
        intervalMs: 20,
        functions: ['count', 'avg', 'first', 'last'],
      });
      expect(found).toEqual(
        new Map([
          [
            'k',
            [
              { ts: 100, values: { count: 2, avg: 112, first: 105, last: 119 } },
              { ts: 120, values: { count: 1, avg: 120, first: 120, last: 120 } },
            ],
          ],
        ]),
      );
    });

    test('numbers are calculated with, everything else is only counted, first or last', async () => {
      await write([
        point('k', 1, 'text'),
        point('k', 2, 4),
        point('k', 3, 8),
        point('k', 4, true),
        point('k', 5, { json: '[]' }),
      ]);
      await write([point('t', 1, 'text')]);
      const found = await store.aggregate({
        ...device,
        keys: ['k', 't'],
        fromMs: 0,
        toMs: 100,
        intervalMs: 100,
        functions: aggregateFunctions,
      });
      expect(found.get('k')?.[0]?.values).toEqual({
        min: 4,
        max: 8,
        avg: 6,
        sum: 12,
        count: 5,
        first: 'text',
        last: { json: '[]' },
      });
      expect(found.get('t')?.[0]?.values).toEqual({
        min: null,
        max: null,
        avg: null,
        sum: null,
        count: 1,
        first: 'text',
        last: 'text',
      });
    });

    test('a sum beyond all numbers is null', async () => {
      await write([point('k', 1, 1e308), point('k', 2, 1e308)]);
      const found = await store.aggregate({
        ...device,
        keys: ['k'],
        fromMs: 0,
        toMs: 10,
        intervalMs: 10,
        functions: ['sum', 'max'],
      });
      expect(found.get('k')?.[0]?.values).toEqual({ sum: null, max: 1e308 });
    });

    test('a range of keys can be deleted, and it is told how much went', async () => {
      await write([1, 2, 3].flatMap((ts) => [point('a', ts, ts), point('b', ts, ts)]));
      expect(await store.deleteRange(device, ['a', 'none'], 2, 3)).toBe(1);
      expect(await valuesOf('a')).toEqual([1, 3]);
      expect(await valuesOf('b')).toEqual([1, 2, 3]);
      expect(await store.deleteRange(device, undefined, 0, 3)).toBe(3);
      expect(await valuesOf('b')).toEqual([3]);
      expect(await store.deleteRange(device, undefined, 0, 100)).toBe(2);
      expect(await store.stats(device)).toEqual([]);
      expect(await store.latest([device])).toEqual(new Map());
    });

    test('what is written after a delete is a series again', async () => {
      await write([point('a', 1, 1)]);
      await store.deleteRange(device, ['a'], 0, 10);
      await write([point('a', 2, 2)]);
      expect(await valuesOf('a')).toEqual([2]);
    });

    test('a deleted device is gone at once and starts empty when it comes back', async () => {
      await write(Array.from({ length: 5000 }, (_, ts) => point('a', ts, ts)));
      await write([point('a', 1, 'other')], other);
      await store.deleteDevice(device);
      expect(await store.stats(device)).toEqual([]);
      await write([point('a', 7, 'new')]);
      expect(await valuesOf('a')).toEqual(['new']);
      await store.deleteDevice(device);
      expect(await store.latest([device, other])).toEqual(new Map([[other.deviceId, [point('a', 1, 'other')]]]));
    });

    test("retention deletes what is older, of every device of the tenant and of nobody else's", async () => {
      for (const ref of [device, other, foreign])
        await write(
          [1, 5, 9].map((ts) => point('k', ts, ts)),
          ref,
        );
      await write([point('old', 1, 1)]);
      expect(await store.retain('tenant-a', 5)).toBe(3);
      expect(await valuesOf('k')).toEqual([5, 9]);
      expect(await valuesOf('k', other)).toEqual([5, 9]);
      expect(await valuesOf('k', foreign)).toEqual([1, 5, 9]);
      expect((await store.stats(device)).map(({ key }) => key)).toEqual(['k']);
    });

    test('retention of some devices leaves the others alone, and what comes later is kept', async () => {
      for (const ref of [device, other])
        await write(
          [1, 5, 9].map((ts) => point('k', ts, ts)),
          ref,
        );
      expect(await store.retain('tenant-a', 6, [other.deviceId])).toBe(2);
      expect(await valuesOf('k')).toEqual([1, 5, 9]);
      await write([point('k', 2, 'late')], other);
      expect(await valuesOf('k', other)).toEqual(['late', 9]);
      // A longer time than before brings nothing back and takes nothing new.
      expect(await store.retain('tenant-a', 2, [other.deviceId])).toBe(0);
      expect(await store.retain('tenant-a', 3, [other.deviceId])).toBe(1);
      expect(await store.retain('tenant-a', 100)).toBe(4);
      expect(await store.latest([device, other])).toEqual(new Map());
    });

    test('buckets may have any starts, as calendar months do', async () => {
      await write([5, 10, 29, 30, 31, 99].map((ts) => point('k', ts, ts)));
      const found = await store.aggregate({
        ...device,
        keys: ['k'],
        fromMs: 8,
        toMs: 60,
        intervalMs: [0, 10, 30, 58],
        functions: ['count', 'sum'],
      });
      expect(found.get('k')).toEqual([
        { ts: 10, values: { count: 2, sum: 39 } },
        { ts: 30, values: { count: 2, sum: 61 } },
      ]);
    });

    test('a long series is shown by a few of its points, the peaks among them', async () => {
      const peak = 4321;
      await write(Array.from({ length: 10_000 }, (_, i) => point('k', i * 10, i === peak ? 1000 : Math.sin(i / 500))));
      await write([point('k', 55_555, 'no number'), point('t', 1, 'text')]);
      const query = { ...device, keys: ['k', 't', 'none'], fromMs: 0, toMs: 100_000, points: 100 };
      const found = await store.downsample(query);
      const points = found.get('k') ?? [];
      expect(points.length).toBeGreaterThan(50);
      expect(points.length).toBeLessThanOrEqual(100);
      expect(points[0]?.ts).toBe(0);
      expect(points.at(-1)?.ts).toBe(99_990);
      expect(points.some(({ ts, value }) => ts === peak * 10 && value === 1000)).toBe(true);
      expect([...points].sort((a, b) => a.ts - b.ts)).toEqual(points);
      expect(found.has('t')).toBe(false);
      expect((await store.downsample({ ...query, points: 1_000_000 })).get('k')).toHaveLength(10_000);
    });

    test('days, years and times before 1970 are kept apart and read as one', async () => {
      const day = 86_400_000;
      const times = [-40_000 * day, -day, -1, 0, day - 1, day, 3 * day + 7, 20_000 * day, 2_900_000 * day];
      await write([...times].reverse().map((ts) => point('k', ts, ts)));
      const whole = { ...device, keys: ['k'], fromMs: -1e15, toMs: 1e15, limit: 100 };
      const asc = (await store.range({ ...whole, order: 'asc' })).get('k') ?? [];
      expect(asc.map(({ ts }) => ts)).toEqual(times);
      const desc = (await store.range({ ...whole, order: 'desc', limit: 3 })).get('k') ?? [];
      expect(desc.map(({ ts }) => ts)).toEqual(times.slice(-3).reverse());
      expect(await store.stats(device)).toMatchObject([{ points: 9, firstMs: times[0], lastMs: times.at(-1) }]);
    });

    test('stats tell how much there is, and from when to when', async () => {
      await write([3, 1, 2].map((ts) => point('b', ts, ts)));
      await write([point('a', 0, 'x')]);
      expect(await store.stats(device)).toEqual([
        { key: 'a', points: 1, bytes: expect.any(Number), firstMs: 0, lastMs: 0 },
        { key: 'b', points: 3, bytes: expect.any(Number), firstMs: 1, lastMs: 3 },
      ]);
    });

    test('a device with more keys than are listed loses none of them', async () => {
      const keyOf = (i: number): string => `key-${String(i).padStart(6, '0')}`;
      await write(Array.from({ length: listedKeysLimit + 5 }, (_, i) => point(keyOf(i), 1, i)));
      expect(await store.stats(device)).toHaveLength(listedKeysLimit);
      const latest = (await store.latest([device])).get(device.deviceId) ?? [];
      expect(latest.map(({ key }) => key)).toEqual(Array.from({ length: listedKeysLimit }, (_, i) => keyOf(i)));
      expect(await valuesOf(keyOf(listedKeysLimit + 4))).toEqual([listedKeysLimit + 4]);
      expect(await store.deleteRange(device, undefined, 0, 10)).toBe(listedKeysLimit + 5);
    });

    test('a long series is read, counted, aggregated and deleted in full', async () => {
      const count = 60_000;
      for (let from = 0; from < count; from += 20_000) {
        await write(Array.from({ length: 20_000 }, (_, i) => point('k', from + i, from + i)));
      }
      const found = await store.range({ ...device, keys: ['k'], ...all, limit: count });
      expect(found.get('k')?.every((at, i) => at.ts === i && at.value === i)).toBe(true);
      const back = await store.range({ ...device, keys: ['k'], ...all, order: 'desc', limit: 50_001 });
      expect(back.get('k')?.at(-1)?.ts).toBe(count - 50_001);
      expect(back.get('k')).toHaveLength(50_001);
      expect(await store.stats(device)).toMatchObject([{ key: 'k', points: count, firstMs: 0, lastMs: count - 1 }]);
      const sums = await store.aggregate({
        ...device,
        keys: ['k'],
        fromMs: 0,
        toMs: count,
        intervalMs: count,
        functions: ['sum', 'count'],
      });
      expect(sums.get('k')?.[0]?.values).toEqual({ sum: (count * (count - 1)) / 2, count });
      expect(await store.deleteRange(device, ['k'], 10, count)).toBe(count - 10);
      expect((await store.stats(device))[0]?.points).toBe(10);
    });

    test('everything is there after a restart', async () => {
      await write([point('k', 1, 'kept'), point('k', 2, 'deleted')]);
      await store.deleteRange(device, ['k'], 2, 3);
      store = await subject.reopen();
      expect(await valuesOf('k')).toEqual(['kept']);
      await write([point('k', 3, 'more')]);
      expect(await valuesOf('k')).toEqual(['kept', 'more']);
    });

    test('an append right before the stop is stored', async () => {
      const stored = write([point('k', 1, 1)]);
      const reopened = subject.reopen();
      await stored;
      store = await reopened;
      expect(await valuesOf('k')).toEqual([1]);
    });

    test('a stopped store refuses with a code', async () => {
      await store.stop();
      await expect(write([point('k', 1, 1)])).rejects.toMatchObject({ code: 'storage_unavailable' });
      await expect(store.latest([device])).rejects.toMatchObject({ code: 'storage_unavailable' });
      await store.stop();
    });

    test('a time that is no whole millisecond is refused and nothing of its batch is stored', async () => {
      await expect(write([point('k', 1, 1), point('k', 1.5, 1)])).rejects.toThrow(RangeError);
      expect(await valuesOf('k')).toEqual([]);
    });

    test('it agrees with a simple model about ranges, latest values and buckets', async () => {
      const value = fc.oneof<fc.Arbitrary<TelemetryValue>[]>(
        fc.integer({ min: -1000, max: 1000 }).map((number) => number / 8 + 0),
        fc.string({ maxLength: 5 }),
        fc.boolean(),
        fc.json({ maxDepth: 1 }).map((json) => ({ json })),
      );
      const points = fc.array(fc.tuple(fc.constantFrom('a', 'b'), fc.integer({ min: 0, max: 60 }), value), {
        maxLength: 40,
      });
      const batches = fc.array(points, { maxLength: 4 });
      const span = fc.tuple(
        fc.integer({ min: 0, max: 60 }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 70 }),
      );
      let run = 0;
      await fc.assert(
        fc.asyncProperty(batches, span, async (written, [fromMs, lengthMs, intervalMs]) => {
          const ref = { tenantId: 'model', deviceId: `device-${run++}` };
          const model = new Map<string, Map<number, TelemetryPoint>>();
          for (const batch of written) {
            await write(
              batch.map((entry) => point(...entry)),
              ref,
            );
            for (const [key, ts, of] of batch) {
              const series = model.get(key) ?? new Map<number, TelemetryPoint>();
              model.set(key, series.set(ts, point(key, ts, of)));
            }
          }
          const toMs = fromMs + lengthMs;
          const keys = ['a', 'b'];
          const [ranges, latest, aggregated] = await Promise.all([
            store.range({ ...ref, keys, fromMs, toMs, order: 'asc', limit: 100 }),
            store.latest([ref]),
            store.aggregate({ ...ref, keys, fromMs, toMs, intervalMs, functions: aggregateFunctions }),
          ]);
          for (const key of keys) {
            const series = [...(model.get(key)?.values() ?? [])].sort((a, b) => a.ts - b.ts);
            const inside = series.filter(({ ts }) => ts >= fromMs && ts < toMs);
            const buckets = createBuckets(fromMs, intervalMs, aggregateFunctions);
            for (const at of inside) buckets.add(at.ts, at.value);
            expect(ranges.get(key) ?? []).toEqual(inside);
            expect((latest.get(ref.deviceId) ?? []).filter((at) => at.key === key)).toEqual(series.slice(-1));
            expect(aggregated.get(key) ?? []).toEqual(buckets.finish());
          }
        }),
        { numRuns: 60 },
      );
    });
  });
}
