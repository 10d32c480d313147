import { expect, test } from 'vitest';
import { calendarStarts, isTimeZone } from './calendar.ts';

const iso = (starts: readonly number[] | undefined): string[] =>
  (starts ?? []).map((ms) => new Date(ms).toISOString().replace(':00.000Z', 'Z'));
const span = (from: string, to: string) => ({ fromMs: Date.parse(from), toMs: Date.parse(to) });

test('days follow the clock of the zone, also when it is set forward and back', () => {
  const spring = calendarStarts('day', 'Europe/Berlin', span('2026-03-28T12:00Z', '2026-03-31T12:00Z'), 10);
  expect(iso(spring)).toEqual(['2026-03-27T23:00Z', '2026-03-28T23:00Z', '2026-03-29T22:00Z', '2026-03-30T22:00Z']);
  const autumn = calendarStarts('day', 'Europe/Berlin', span('2026-10-24T22:00Z', '2026-10-27T00:00Z'), 10);
  expect(iso(autumn)).toEqual(['2026-10-24T22:00Z', '2026-10-25T23:00Z', '2026-10-26T23:00Z']);
});

test('a day whose midnight is left out begins with its first moment', () => {
  const starts = calendarStarts('day', 'Africa/Cairo', span('2026-04-23T12:00Z', '2026-04-25T00:00Z'), 10);
  expect(iso(starts)).toEqual(['2026-04-22T22:00Z', '2026-04-23T22:00Z', '2026-04-24T21:00Z']);
});

test('a day that a zone left out has no interval of its own', () => {
  const starts = calendarStarts('day', 'Pacific/Apia', span('2011-12-29T12:00Z', '2012-01-01T12:00Z'), 10);
  expect(new Set(starts).size).toBe(starts?.length);
  expect(iso(starts)).toEqual(
    ['2011-12-29T10:00Z', '2011-12-30T10:00Z', '2011-12-31T10:00Z', '2012-01-01T10:00Z'].slice(0, starts?.length),
  );
});

test('weeks begin on Monday and months on their first', () => {
  const weeks = calendarStarts('week', 'Asia/Jakarta', span('2026-01-01T00:00Z', '2026-01-13T00:00Z'), 10);
  expect(iso(weeks)).toEqual(['2025-12-28T17:00Z', '2026-01-04T17:00Z', '2026-01-11T17:00Z']);
  const months = calendarStarts('month', 'UTC', span('2024-01-31T00:00Z', '2024-04-01T00:00Z'), 10);
  expect(iso(months)).toEqual(['2024-01-01T00:00Z', '2024-02-01T00:00Z', '2024-03-01T00:00Z']);
  const old = calendarStarts('week', 'UTC', span('1969-12-30T00:00Z', '1970-01-02T00:00Z'), 10);
  expect(iso(old)).toEqual(['1969-12-29T00:00Z']);
});

test('more intervals than the limit are not made', () => {
  expect(calendarStarts('day', 'UTC', { fromMs: 0, toMs: 1e14 }, 100)).toBeUndefined();
});

test('zones that nobody knows are told', () => {
  expect(['Europe/Berlin', 'UTC', '+07:00', 'Mars/Olympus', ''].map(isTimeZone)).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});
