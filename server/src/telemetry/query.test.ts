import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { TelemetryQuery } from '#contract/telemetry.ts';
import { readDeleteQuery, readDeviceIds, readKeys, readTelemetryQuery } from './query.ts';

const nowMs = Date.UTC(2026, 0, 31, 12);
const hourMs = 3_600_000;

test('without a word it is the last 24 hours, this millisecond included, oldest first, a thousand points of each key', () => {
  expect(readTelemetryQuery({}, nowMs)).toEqual({
    keys: undefined,
    fromMs: nowMs + 1 - 24 * hourMs,
    toMs: nowMs + 1,
    order: 'asc',
    limit: 1000,
    format: 'json',
    buckets: undefined,
  });
});

test.each([
  ['1769860800000', 1_769_860_800_000],
  ['-5', -5],
  ['2026-01-31', Date.UTC(2026, 0, 31)],
  ['2026-01-31T12:00Z', nowMs],
  ['2026-01-31T19:00:00+07:00', nowMs],
  ['2026-01-31T19:00:00 07:00', nowMs],
  ['2026-01-31T12:00:00.250Z', nowMs + 250],
])('the time %s is understood', (text, ms) => {
  expect(readTelemetryQuery({ from: text, to: String(ms + 1) }, nowMs).fromMs).toBe(ms);
});

test.each(['yesterday', '', '1.5', '1e3', '2026-13-01', '2026-01-31T12:00:00', '99999999999999999', ' 5', '5; drop'])(
  'the time %j is refused with the name of its field',
  (text) => {
    for (const name of ['from', 'to']) {
      expect(() => readTelemetryQuery({ [name]: text }, nowMs)).toThrow(
        expect.objectContaining({
          code: 'invalid_request',
          extra: { errors: [expect.objectContaining({ path: `/querystring/${name}` })] },
        }),
      );
    }
  },
);

test.each([
  ['250', 250],
  ['250ms', 250],
  ['10s', 10_000],
  ['1m', 60_000],
  ['1h', hourMs],
  ['1d', 24 * hourMs],
  ['2w', 14 * 24 * hourMs],
])('the interval %s is understood', (interval, intervalMs) => {
  expect(readTelemetryQuery({ interval }, nowMs).buckets).toEqual({ intervalMs, functions: ['avg'] });
});

test('a number of buckets divides the range', () => {
  expect(readTelemetryQuery({ from: '0', to: '1000', buckets: 3, aggregate: 'min,max,MIN' }, nowMs).buckets).toEqual({
    intervalMs: 334,
    functions: ['min', 'max'],
  });
});

test('functions alone make one bucket of the whole range', () => {
  expect(readTelemetryQuery({ from: '0', to: '1000', aggregate: 'sum' }, nowMs).buckets).toEqual({
    intervalMs: 1000,
    functions: ['sum'],
  });
});

test.each<TelemetryQuery>([
  { interval: '1m', buckets: 5 },
  { aggregate: 'median' },
  { aggregate: 'avg,' },
  { interval: '1y' },
  { from: '10', to: '10' },
  { keys: ',' },
  { limit: 100_001 },
])('%j is refused', (query) => {
  expect(() => readTelemetryQuery(query, nowMs)).toThrow(expect.objectContaining({ code: 'invalid_request' }));
});

test('an export is complete unless a limit is given', () => {
  expect(readTelemetryQuery({ format: 'csv' }, nowMs).limit).toBe(Infinity);
  expect(readTelemetryQuery({ format: 'ndjson', limit: 1_000_000 }, nowMs).limit).toBe(1_000_000);
});

test('a delete is of everything unless it says otherwise', () => {
  const { keys, fromMs, toMs } = readDeleteQuery({});
  expect(keys).toBeUndefined();
  expect(fromMs).toBeLessThan(0);
  expect(toMs).toBeGreaterThan(nowMs * 1000);
});

test('any list of keys can be written, commas and backslashes with a backslash before', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.string({ minLength: 1, unit: 'grapheme' }), { minLength: 1 }), (keys) => {
      const text = keys.map((key) => key.replaceAll('\\', '\\\\').replaceAll(',', '\\,')).join(',');
      expect(readKeys(text)).toEqual(keys);
    }),
  );
  expect(readKeys('a,,b,a')).toEqual(['a', 'b']);
});

test('two hundred devices may be named in an address and not one more', () => {
  const ids = Array.from({ length: 201 }, (_, i) => `id-${i}`);
  expect(readDeviceIds(ids.slice(0, 200).join(','))).toHaveLength(200);
  expect(() => readDeviceIds(ids.join(','))).toThrow(expect.objectContaining({ code: 'invalid_request' }));
  expect(() => readDeviceIds(',')).toThrow(expect.objectContaining({ code: 'invalid_request' }));
});
