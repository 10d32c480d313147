import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TelemetrySeriesPage, TelemetrySeriesQuery } from '#contract/telemetry.ts';
import { FakeClock } from '../../test/fake-clock.ts';
import { createMetrics } from '../metrics.ts';
import { createTelemetryEngine } from './engine/store.ts';
import { writeSeriesPage } from './series-page.ts';
import { readSeriesQuestion } from './series-question.ts';
import type { TelemetryStore } from './store.ts';

const [first, second, gone] = [1, 2, 3].map((n) => `01890000-0000-7000-8000-00000000000${n}`) as [
  string,
  string,
  string,
];
const devices = new Set([first, second]);
const clock = new FakeClock();
const minuteMs = 60_000;
let directory: string;
let store: TelemetryStore;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gapura-series-'));
  const log = pino({ level: 'silent' });
  store = createTelemetryEngine({ directory, metrics: createMetrics(), log, clock });
  await store.start();
  const points = (key: string, count: number) =>
    Array.from({ length: count }, (_, i) => ({ key, ts: i * minuteMs, value: (i * 7) % 31 }));
  await store.append([
    { tenantId: 'a', deviceId: first, points: [...points('t', 300), ...points('h', 120)] },
    { tenantId: 'a', deviceId: second, points: points('t', 50) },
    { tenantId: 'b', deviceId: first, points: [{ key: 'secret', ts: 1, value: 1 }] },
  ]);
});
afterAll(async () => {
  await store.stop();
  await rm(directory, { recursive: true });
});

const asked: TelemetrySeriesQuery = {
  deviceIds: [first, gone, second],
  keys: ['t', 'h', 'none'],
  fromTs: 0,
  toTs: 300 * minuteMs,
};

async function page(query: TelemetrySeriesQuery, pointsLimit?: number): Promise<TelemetrySeriesPage> {
  let text = '';
  const question = readSeriesQuestion(query, clock.now());
  for await (const piece of writeSeriesPage(store, 'a', devices, question, pointsLimit)) text += piece;
  return JSON.parse(text) as TelemetrySeriesPage;
}

/** All pages as one: a series that goes on is one series. */
async function walk(query: TelemetrySeriesQuery, pointsLimit: number) {
  const series: TelemetrySeriesPage['series'] = [];
  let cursor: string | null | undefined;
  let pages = 0;
  while (cursor !== null) {
    const answer: TelemetrySeriesPage = await page({ ...query, ...(cursor !== undefined && { cursor }) }, pointsLimit);
    expect(answer.series.reduce((sum, { points }) => sum + points.length, 0)).toBeLessThanOrEqual(pointsLimit);
    for (const one of answer.series) {
      const known = series.find(({ deviceId, key }) => deviceId === one.deviceId && key === one.key);
      if (known === undefined) series.push(one);
      else known.points = [...known.points, ...one.points] as typeof known.points;
    }
    cursor = answer.nextCursor;
    pages++;
  }
  return { series, pages };
}

test('series come device by device and key by key, empty ones too, without devices that do not exist', async () => {
  const { series, nextCursor } = await page(asked);
  expect(nextCursor).toBeNull();
  expect(series.map(({ deviceId, key, points }) => [deviceId, key, points.length])).toEqual([
    [first, 't', 300],
    [first, 'h', 120],
    [first, 'none', 0],
    [second, 't', 50],
    [second, 'h', 0],
    [second, 'none', 0],
  ]);
  expect(series[0]?.points.slice(0, 2)).toEqual([
    { ts: 0, value: 0 },
    { ts: minuteMs, value: 7 },
  ]);
});

const kinds: [name: string, question: Partial<TelemetrySeriesQuery>][] = [
  ['raw points', {}],
  ['a limit for each series', { limit: 75 }],
  ['intervals', { interval: '7m', aggregate: ['min', 'max', 'avg', 'sum', 'count', 'first', 'last'] }],
  ['intervals in milliseconds', { interval: 11 * minuteMs, aggregate: ['count'] }],
  ['calendar days', { interval: 'day', timeZone: 'Asia/Kolkata', aggregate: ['sum'], fromTs: minuteMs }],
  ['equal intervals', { buckets: 13, aggregate: ['avg'], limit: 9 }],
  ['few points that show a series', { buckets: 40, aggregate: ['lttb'] }],
];

test.each(kinds)('%s: pages of any size, in both orders, make the same whole', async (_name, question) => {
  for (const order of ['asc', 'desc'] as const) {
    const query = { ...asked, ...question, order };
    const whole = await page(query);
    expect(whole.nextCursor).toBeNull();
    for (const pointsLimit of [41, 120, 300]) {
      const { series, pages } = await walk(query, pointsLimit);
      expect(series).toEqual(whole.series);
      const points = whole.series.reduce((sum, one) => sum + one.points.length, 0);
      expect(pages).toBeGreaterThanOrEqual(Math.ceil(points / pointsLimit));
    }
  }
});

test('a page that one more point would not fit into goes on with the next', async () => {
  const { series, pages } = await walk({ ...asked, keys: ['h'], interval: '1m', aggregate: ['last'] }, 1);
  expect(series.map(({ points }) => points.length)).toEqual([120, 0]);
  expect(pages).toBeGreaterThanOrEqual(120);
});

test('long texts end a page before it has all its points', async () => {
  const text = 'x'.repeat(1024 * 1024);
  const deviceId = gone;
  const points = Array.from({ length: 40 }, (_, ts) => ({ key: 'log', ts, value: text }));
  await store.append([{ tenantId: 'a', deviceId, points }]);
  const answer = async (query: TelemetrySeriesQuery): Promise<TelemetrySeriesPage> => {
    let json = '';
    for await (const piece of writeSeriesPage(store, 'a', new Set([gone]), readSeriesQuestion(query, 0))) json += piece;
    return JSON.parse(json) as TelemetrySeriesPage;
  };
  const query = { deviceIds: [gone, first], keys: ['log', 'none'], fromTs: 0, toTs: 1000 };
  const { series, nextCursor } = await answer(query);
  expect([series.length, nextCursor]).toEqual([1, expect.any(String)]);
  const rest = await answer({ ...query, cursor: nextCursor ?? '' });
  expect((series[0]?.points.length ?? 0) + (rest.series[0]?.points.length ?? 0)).toBe(40);
  expect([rest.series.map(({ key }) => key), rest.nextCursor]).toEqual([['log', 'none'], null]);
});

test('a range that ends now ends on every page where it ended on the first', async () => {
  const query = { deviceIds: [first], keys: ['t', 'none'] };
  const before = readSeriesQuestion(query, 10 * minuteMs);
  const cursor = before.cursorAt({ index: 1, taken: 0, afterMs: 0 });
  const after = readSeriesQuestion({ ...query, cursor }, 99 * minuteMs);
  expect([after.read.fromMs, after.read.toMs]).toEqual([before.read.fromMs, before.read.toMs]);
});

const code = (query: TelemetrySeriesQuery): string => {
  try {
    readSeriesQuestion(query, clock.now());
  } catch (error) {
    if (error instanceof Error && 'code' in error) return String(error.code);
    throw error;
  }
  return 'accepted';
};

test('a cursor is refused by another question, and when it was made up', async () => {
  const { cursorAt } = readSeriesQuestion(asked, 0);
  const cursor = cursorAt({ index: 1, taken: 0, afterMs: 0 });
  expect(code({ ...asked, cursor })).toBe('accepted');
  // Another order of the members is the same question.
  expect(code({ cursor, ...Object.fromEntries(Object.entries(asked).reverse()) } as TelemetrySeriesQuery)).toBe(
    'accepted',
  );
  const others: Partial<TelemetrySeriesQuery>[] = [{ keys: ['t'] }, { order: 'desc' }, { limit: 5 }, { toTs: 5 }];
  for (const other of others) expect(code({ ...asked, ...other, cursor })).toBe('invalid_cursor');
  const positions = [
    { index: 9, taken: 0, afterMs: 0 },
    { index: -1, taken: 0, afterMs: 0 },
    { index: 0.5, taken: 0, afterMs: 0 },
    { index: 0, taken: 1000, afterMs: 0 },
    { index: 0, taken: 1, afterMs: 1e300 },
  ];
  for (const position of positions) expect(code({ ...asked, cursor: cursorAt(position) })).toBe('invalid_cursor');
  for (const text of ['x', '', Buffer.from('[1,2]').toString('base64url')]) {
    expect(code({ ...asked, cursor: text })).toBe('invalid_cursor');
  }
});

test.each<[Partial<TelemetrySeriesQuery>]>([
  [{ deviceIds: Array.from({ length: 334 }, (_, i) => `id-${i}`) }],
  [{ fromTs: 5, toTs: 5 }],
  [{ fromTs: -1e15 }],
  [{ interval: '1m', buckets: 3 }],
  [{ timeZone: 'UTC', interval: '1h' }],
  [{ aggregate: ['lttb'] }],
  [{ aggregate: ['lttb', 'avg'], buckets: 9 }],
])('the question %j is refused', (question) => {
  expect(code({ ...asked, ...question })).toBe('invalid_request');
});
