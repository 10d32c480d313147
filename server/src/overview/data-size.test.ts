import { expect, test } from 'vitest';
import { growthPerDay } from './data-size.ts';

const minuteMs = 60_000;

test('growth is what was added from the oldest to the newest sample, told per day', () => {
  const samples = [
    { atMs: 0, bytes: 1000 },
    { atMs: 60 * minuteMs, bytes: 9000 },
    { atMs: 120 * minuteMs, bytes: 3000 },
  ];
  expect(growthPerDay(samples)).toBe(24_000);
});

test('nothing is said of growth in the first ten minutes', () => {
  expect(growthPerDay([])).toBeNull();
  expect(
    growthPerDay([
      { atMs: 0, bytes: 0 },
      { atMs: 9 * minuteMs, bytes: 10 },
    ]),
  ).toBeNull();
});

test('data that shrank grows by nothing', () => {
  expect(
    growthPerDay([
      { atMs: 0, bytes: 10 },
      { atMs: 20 * minuteMs, bytes: 5 },
    ]),
  ).toBe(0);
});
