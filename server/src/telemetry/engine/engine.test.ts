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
import type { TelemetryPoint, TelemetryValue } from '../store.ts';
import { BatchNames } from './batch-names.ts';
import { dayMs } from './day.ts';
import { Engine } from './engine.ts';
import { runThrough } from './steps.ts';

const device = { tenantId: 't', deviceId: 'd' };
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

  async append(points: readonly TelemetryPoint[]): Promise<void> {
    const batch = this.#names.take(this.#packer.pack([{ ...device, points }]));
    if (this.#engine.obstacle(batch.ts.length) !== undefined) await this.#engine.drain();
    this.#engine.append([batch]);
  }

  range(key: string, fromMs: number, toMs: number, order: 'asc' | 'desc', limit: number): TelemetryPoint[] {
    const [found] = runThrough(this.#engine.questions.range({ ...device, keys: [key], fromMs, toMs, order, limit }));
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
/** Few times on three days, so that points meet, overlap and replace each other. */
const time = fc
  .tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 40 }))
  .map(([day, step]) => day * dayMs + step * 1000);
const key = fc.constantFrom('a', 'b', 'c');
const span = fc.tuple(time, time).map(([a, b]) => [Math.min(a, b), Math.max(a, b) + 500] as const);
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('append' as const),
      points: fc.array(fc.tuple(key, time, value), { minLength: 1, maxLength: 25 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant('delete' as const), keys: fc.uniqueArray(key, { minLength: 1 }), span }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('retain' as const), before: time }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constantFrom('seal' as const, 'settle' as const, 'reopen' as const) }) },
);

test('whatever is written, deleted, sealed, merged and opened again, it agrees with a simple model', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      span,
      fc.integer({ min: 1, max: 30 }),
      async (steps, asked, limit) => {
        const subject = new Subject();
        await subject.open();
        const model = new Map<string, Map<number, TelemetryPoint>>();
        const series = (name: string): TelemetryPoint[] =>
          [...(model.get(name)?.values() ?? [])].sort((a, b) => a.ts - b.ts);
        const drop = (name: string, fromMs: number, toMs: number): number => {
          const gone = series(name).filter(({ ts }) => ts >= fromMs && ts < toMs);
          for (const { ts } of gone) model.get(name)?.delete(ts);
          return gone.length;
        };
        const check = (): void => {
          const [fromMs, toMs] = asked;
          for (const name of ['a', 'b', 'c']) {
            const inside = series(name).filter(({ ts }) => ts >= fromMs && ts < toMs);
            expect(subject.range(name, fromMs, toMs, 'asc', limit)).toEqual(inside.slice(0, limit));
            expect(subject.range(name, fromMs, toMs, 'desc', limit)).toEqual(inside.reverse().slice(0, limit));
          }
          const { questions } = subject.engine;
          const latest = runThrough(questions.latest({ devices: [device], keys: ['a', 'b', 'c'] }));
          const expected = ['a', 'b', 'c'].flatMap((name) => series(name).slice(-1));
          expect(latest.rows.map(({ key: name }, i) => ({ ...fromColumns(name, latest.columns)[i] }))).toEqual(
            expected,
          );
          const stats = runThrough(questions.stats(device));
          expect(stats).toMatchObject(
            ['a', 'b', 'c'].flatMap((name) => {
              const of = series(name);
              return of.length === 0
                ? []
                : [{ key: name, points: of.length, firstMs: of[0]?.ts, lastMs: of.at(-1)?.ts }];
            }),
          );
        };
        try {
          for (const one of steps) {
            switch (one.do) {
              case 'append':
                await subject.append(one.points.map(([name, ts, of]) => ({ key: name, ts, value: of })));
                for (const [name, ts, of] of one.points) {
                  const points = model.get(name) ?? new Map<number, TelemetryPoint>();
                  model.set(name, points.set(ts, { key: name, ts, value: of }));
                }
                break;
              case 'delete': {
                const [fromMs, toMs] = one.span;
                const deleted = runThrough(
                  subject.engine.deletes.deleteRange({ device, keys: one.keys, fromMs, toMs }),
                );
                expect(deleted).toBe(one.keys.reduce((sum, name) => sum + drop(name, fromMs, toMs), 0));
                break;
              }
              case 'retain': {
                const beforeMs = one.before;
                const gone = ['a', 'b', 'c'].reduce((sum, name) => sum + drop(name, 0, beforeMs), 0);
                const input = { tenantId: 't', beforeMs, devices: undefined };
                expect(runThrough(subject.engine.deletes.retain(input))).toBe(gone);
                break;
              }
              case 'forget':
                runThrough(subject.engine.deletes.deleteDevice(device));
                model.clear();
                break;
              case 'seal':
                await subject.engine.drain();
                break;
              case 'settle':
                await subject.engine.settle(Date.now());
                break;
              case 'reopen':
                await subject.reopen();
            }
            check();
          }
          const [fromMs, toMs] = asked;
          const found = runThrough(
            subject.engine.questions.aggregate({
              ...device,
              keys: ['a'],
              fromMs,
              toMs,
              intervalMs: 7000,
              functions: aggregateFunctions,
            }),
          );
          const buckets = createBuckets(fromMs, 7000, aggregateFunctions);
          for (const { ts, value: of } of series('a')) if (ts >= fromMs && ts < toMs) buckets.add(ts, of);
          expect(found[0]?.buckets ?? []).toEqual(buckets.finish());
        } finally {
          subject.dispose();
        }
      },
    ),
    { numRuns: 150 },
  );
}, 120_000);

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
