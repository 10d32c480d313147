/** The engine in this thread, with its background work done when a test says so, against a simple model. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { aggregateFunctions } from '#contract/telemetry.ts';
import { createBatchPacker } from '../batch-packer.ts';
import { createBuckets } from '../buckets.ts';
import { fromColumns } from '../columns.ts';
import type { DeviceRef, TelemetryMessage, TelemetryPoint, TelemetryValue } from '../store.ts';
import { BatchNames } from './batch-names.ts';
import { dayMs } from './day.ts';
import { Engine } from './engine.ts';
import { runThrough } from './steps.ts';

const device = { tenantId: 't', deviceId: 'd' };
/** Of the tenant of `device`, and with the same name at another. */
const devices = [device, { tenantId: 't', deviceId: 'e' }, { tenantId: 'u', deviceId: 'd' }] as const;
const keys = ['a', 'b', 'c'];
const times = { closedAfterMs: 0, restMs: 0, reclaimAfterMs: 0 };

class Subject {
  readonly #directory = mkdtempSync(join(tmpdir(), 'gapura-engine-'));
  readonly #notes: string[] = [];
  // So few names that numbering begins anew now and then.
  readonly #packer = createBatchPacker({ devices: 3, keys: 3 });
  #names = new BatchNames();
  #engine: Engine;

  constructor() {
    this.#engine = this.#make();
  }

  #make(): Engine {
    return new Engine({
      directory: this.#directory,
      headPoints: 60,
      times,
      note: (level, text) => this.#notes.push(`${level} ${text}`),
      wake: () => {},
    });
  }

  open = (): Promise<void> => this.#engine.open();

  append = (points: readonly TelemetryPoint[]): Promise<void> => this.appendAll([{ ...device, points }]);

  async appendAll(messages: readonly TelemetryMessage[]): Promise<void> {
    const batch = this.#names.take(this.#packer.pack(messages));
    if (this.#engine.obstacle(batch.ts.length) !== undefined) await this.#engine.drain();
    this.#engine.append([batch]);
  }

  range(
    key: string,
    fromMs: number,
    toMs: number,
    order: 'asc' | 'desc',
    limit: number,
    of: DeviceRef = device,
  ): TelemetryPoint[] {
    const [found] = runThrough(this.#engine.questions.range({ ...of, keys: [key], fromMs, toMs, order, limit }));
    return found === undefined ? [] : fromColumns(found.key, found.columns);
  }

  get engine(): Engine {
    return this.#engine;
  }

  async reopen(): Promise<void> {
    this.#engine.close();
    this.#packer.reset();
    this.#names = new BatchNames();
    this.#engine = this.#make();
    await this.#engine.open();
  }

  dispose(): void {
    this.#engine.close();
    rmSync(this.#directory, { recursive: true });
    expect(this.#notes).toEqual([]);
  }
}

const value = fc.oneof<fc.Arbitrary<TelemetryValue>[]>(
  fc.integer({ min: -1000, max: 1000 }).map((number) => number / 10 + 0),
  fc.constantFrom('on', 'off', 'x'.repeat(40)),
  fc.boolean(),
  fc.json({ maxDepth: 1 }).map((json) => ({ json })),
);
/** Few times on three days and one long after all clocks, so that points meet, overlap and replace each other. */
const time = fc
  .tuple(fc.constantFrom(0, 1, 2, 40_000), fc.integer({ min: 0, max: 40 }))
  .map(([day, step]) => day * dayMs + step * 1000);
const key = fc.constantFrom(...keys);
const span = fc.tuple(time, time).map(([a, b]) => [Math.min(a, b), Math.max(a, b) + 500] as const);
const of = fc.constantFrom(...devices);
const message = fc.record({ of, points: fc.array(fc.tuple(key, time, value), { minLength: 1, maxLength: 15 }) });
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      messages: fc.array(message, { minLength: 1, maxLength: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('delete' as const), of, keys: fc.uniqueArray(key, { minLength: 1 }), span }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('retain' as const), of, all: fc.boolean(), before: time }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), of }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('seal' as const, 'settle' as const, 'reopen' as const) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** What is stored, told in the simplest way. */
class Model {
  readonly #points = new Map<string, Map<number, TelemetryPoint>>();

  series({ tenantId, deviceId }: DeviceRef, name: string): TelemetryPoint[] {
    const points = this.#points.get(`${tenantId} ${deviceId} ${name}`);
    return [...(points?.values() ?? [])].sort((a, b) => a.ts - b.ts);
  }

  write({ tenantId, deviceId }: DeviceRef, points: readonly TelemetryPoint[]): void {
    for (const point of points) {
      const id = `${tenantId} ${deviceId} ${point.key}`;
      const of = this.#points.get(id) ?? new Map<number, TelemetryPoint>();
      this.#points.set(id, of.set(point.ts, point));
    }
  }

  drop(of: DeviceRef, names: readonly string[], fromMs: number, toMs: number): number {
    return names.reduce((sum, name) => {
      const gone = this.series(of, name).filter(({ ts }) => ts >= fromMs && ts < toMs);
      for (const { ts } of gone) this.#points.get(`${of.tenantId} ${of.deviceId} ${name}`)?.delete(ts);
      return sum + gone.length;
    }, 0);
  }
}

interface Asked {
  readonly span: readonly [fromMs: number, toMs: number];
  readonly limit: number;
}

function expectSame(subject: Subject, model: Model, { span: [fromMs, toMs], limit }: Asked): void {
  const { questions } = subject.engine;
  for (const of of devices) {
    for (const name of keys) {
      const inside = model.series(of, name).filter(({ ts }) => ts >= fromMs && ts < toMs);
      // From page to page, as a cursor goes.
      for (let [at, from] = [0, fromMs]; ; at += limit) {
        const page = subject.range(name, from, toMs, 'asc', limit, of);
        expect(page).toEqual(inside.slice(at, at + limit));
        if (page.length < limit) break;
        from = (page.at(-1)?.ts ?? from) + 1;
      }
      const backwards = inside.toReversed();
      for (let [at, to] = [0, toMs]; ; at += limit) {
        const page = subject.range(name, fromMs, to, 'desc', limit, of);
        expect(page).toEqual(backwards.slice(at, at + limit));
        if (page.length < limit) break;
        to = page.at(-1)?.ts ?? to;
      }
    }
    const aggregated = runThrough(
      questions.aggregate({ ...of, keys, fromMs, toMs, intervalMs: 7000, functions: aggregateFunctions }),
    );
    const buckets = keys.flatMap((name) => {
      const expected = createBuckets(fromMs, 7000, aggregateFunctions);
      for (const { ts, value: is } of model.series(of, name)) if (ts >= fromMs && ts < toMs) expected.add(ts, is);
      const finished = expected.finish();
      return finished.length === 0 ? [] : [{ key: name, buckets: finished }];
    });
    expect(aggregated).toEqual(buckets);
    const stats = runThrough(questions.stats(of));
    expect(stats).toMatchObject(
      keys.flatMap((name) => {
        const points = model.series(of, name);
        return points.length === 0
          ? []
          : [{ key: name, points: points.length, firstMs: points[0]?.ts, lastMs: points.at(-1)?.ts }];
      }),
    );
  }
  const { rows, columns } = runThrough(questions.latest({ devices, keys }));
  const latest = rows.map(({ device: of, key: name }, i) => ({ of, ...fromColumns(name, columns)[i], key: name }));
  const expected = devices.flatMap((ref, of) =>
    keys.flatMap((name) => model.series(ref, name).slice(-1)).map((point) => ({ of, ...point })),
  );
  expect(latest).toEqual(expected);
}

test('whatever is written, deleted, sealed, merged and opened again, it agrees with a simple model', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.record({ span, limit: fc.integer({ min: 1, max: 30 }) }),
      async (steps, asked) => {
        const subject = new Subject();
        await subject.open();
        const model = new Model();
        try {
          for (const one of steps) {
            await take(subject, model, one);
            expectSame(subject, model, asked);
          }
        } finally {
          subject.dispose();
        }
      },
    ),
    { numRuns: 150 },
  );
}, 120_000);

async function take(subject: Subject, model: Model, one: Step): Promise<void> {
  const { deletes } = subject.engine;
  switch (one.do) {
    case 'append': {
      const messages = one.messages.map(({ of, points }) => ({
        ...of,
        points: points.map(([name, ts, is]) => ({ key: name, ts, value: is })),
      }));
      await subject.appendAll(messages);
      for (const { points, ...of } of messages) model.write(of, points);
      return;
    }
    case 'delete': {
      const [fromMs, toMs] = one.span;
      const deleted = runThrough(deletes.deleteRange({ device: one.of, keys: one.keys, fromMs, toMs }));
      expect(deleted).toBe(model.drop(one.of, one.keys, fromMs, toMs));
      return;
    }
    case 'retain': {
      const { tenantId } = one.of;
      const of = devices.filter((ref) => ref.tenantId === tenantId && (one.all || ref === one.of));
      const gone = of.reduce((sum, ref) => sum + model.drop(ref, keys, 0, one.before), 0);
      const input = { tenantId, beforeMs: one.before, devices: one.all ? undefined : [one.of.deviceId] };
      expect(runThrough(deletes.retain(input))).toBe(gone);
      return;
    }
    case 'forget':
      runThrough(deletes.deleteDevice(one.of));
      model.drop(one.of, keys, 0, Infinity);
      return;
    case 'seal':
      return subject.engine.drain();
    case 'settle':
      return subject.engine.settle(Date.now());
    case 'reopen':
      return subject.reopen();
  }
}

test('what retention hid before a restart gives its space back after it', async () => {
  const subject = new Subject();
  await subject.open();
  const days = (): number[] => [...subject.engine.dayFiles()].map(({ day }) => day);
  await subject.append([
    { key: 'a', ts: 1, value: 1 },
    { key: 'a', ts: dayMs + 1, value: 2 },
    { key: 'a', ts: dayMs + 1000, value: 3 },
  ]);
  await subject.engine.drain();
  runThrough(subject.engine.deletes.retain({ tenantId: 't', beforeMs: dayMs + 500, devices: undefined }));
  expect(days()).toEqual([0, 1]);
  await subject.reopen();
  await subject.engine.settle(Date.now());
  expect(days()).toEqual([1]);
  expect(subject.range('a', 0, 3 * dayMs, 'asc', 10)).toEqual([{ key: 'a', ts: dayMs + 1000, value: 3 }]);
  subject.dispose();
});

test.each(['retain', 'deleteRange'] as const)(
  'what was deleted while it was on its way into a new file gives its space back (%s)',
  async (how) => {
    const subject = new Subject();
    await subject.open();
    const { engine } = subject;
    const days = (): number[] => [...engine.dayFiles()].map(({ day }) => day);
    const late = [5, 6, 7].flatMap((day) => [1, 2, 3].map((ms) => ({ key: 'a', ts: day * dayMs + ms, value: ms })));
    await subject.append(late);
    expect(engine.obstacle(30)).toBeUndefined();
    // The points are encoded, and the seal waits for the disk with the first file.
    engine.work(0);
    expect(days()).toEqual([]);
    const [fromMs, toMs] = [5 * dayMs, 7 * dayMs];
    if (how === 'retain') runThrough(engine.deletes.retain({ tenantId: 't', beforeMs: toMs, devices: undefined }));
    else runThrough(engine.deletes.deleteRange({ device, keys: ['a'], fromMs, toMs }));
    await subject.append([{ key: 'a', ts: 7 * dayMs, value: 0 }]);
    await engine.settle(Date.now());
    expect(days()).toEqual([7]);
    expect(subject.range('a', 0, 9 * dayMs, 'asc', 10)).toHaveLength(4);
    subject.dispose();
  },
);

test('a device of many series goes in slices, and what was cut off is finished by the next start', async () => {
  const subject = new Subject();
  await subject.open();
  const many = Array.from({ length: 1200 }, (_, i) => ({ key: `k${i}`, ts: 1, value: i }));
  const other = { tenantId: 't', deviceId: 'e' };
  await subject.appendAll([
    { ...device, points: many },
    { ...other, points: [{ key: 'a', ts: 1, value: 'stays' }] },
  ]);
  const seriesOf = ({ deviceId }: DeviceRef): number =>
    subject.engine.allSeries().filter(([, of]) => of === deviceId).length;
  const steps = subject.engine.deletes.deleteDevice(device);
  expect(steps.next().done).toBe(false);
  // What comes meanwhile is of a device of the same name that begins anew.
  await subject.append([{ key: 'new', ts: 2, value: 'new' }]);
  expect(seriesOf(device)).toBe(701);
  await subject.reopen();
  expect(seriesOf(device)).toBe(1);
  expect(subject.range('k1100', 0, 10, 'asc', 10)).toEqual([]);
  expect(subject.range('new', 0, 10, 'asc', 10)).toEqual([{ key: 'new', ts: 2, value: 'new' }]);
  expect(subject.range('a', 0, 10, 'asc', 10, other)).toHaveLength(1);
  await subject.reopen();
  expect(seriesOf(device)).toBe(1);
  subject.dispose();
});

test('a point that comes or goes while the latest is looked for counts', async () => {
  const subject = new Subject();
  await subject.open();
  for (let day = 0; day < 120; day++) await subject.append([{ key: 'a', ts: day * dayMs, value: day }]);
  await subject.engine.drain();
  const { questions, deletes } = subject.engine;
  const remove = (fromMs: number, toMs: number): number =>
    runThrough(deletes.deleteRange({ device, keys: ['a'], fromMs, toMs }));
  expect(remove(0, 120 * dayMs)).toBe(120);
  const asked = [1, 2].map(() => questions.latest({ devices: [device], keys: ['a'] }));
  for (const steps of asked) expect(steps.next().done).toBe(false);
  await subject.append([{ key: 'a', ts: 7, value: 'new' }]);
  await subject.append([{ key: 'a', ts: 6, value: 'late' }]);
  const [first, second] = asked.map((steps) => runThrough(steps).columns);
  expect(first).toMatchObject({ texts: ['new'] });
  expect(second).toEqual(first);
  remove(7, 8);
  const steps = questions.latest({ devices: [device], keys: ['a'] });
  expect(steps.next().done).toBe(false);
  await subject.append([{ key: 'a', ts: 9, value: 'gone' }]);
  expect(remove(9, 10)).toBe(1);
  expect(runThrough(steps).columns).toMatchObject({ texts: ['late'] });
  subject.dispose();
});
