import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createTimerWheel } from './timer-wheel.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('every device has its turns at its own place in the period', () => {
  const wheel = createTimerWheel();
  const turns: string[] = [];
  wheel.every(1000, 0.2, () => turns.push(`a${performance.now()}`));
  wheel.every(1000, 0.7, () => turns.push(`b${performance.now()}`));
  const start = performance.now();
  vi.advanceTimersByTime(2500);
  expect(turns).toEqual([200, 700, 1200, 1700, 2200].map((at, i) => `${i % 2 === 0 ? 'a' : 'b'}${start + at}`));
  wheel.stop();
});

test('a period longer than one turn of the wheel is kept', () => {
  const wheel = createTimerWheel();
  let turns = 0;
  wheel.every(60_000, 1, () => turns++);
  vi.advanceTimersByTime(59_990);
  expect(turns).toBe(0);
  vi.advanceTimersByTime(120_010);
  expect(turns).toBe(3);
  wheel.stop();
});

test('a period shorter than a tick has one turn a tick', () => {
  const wheel = createTimerWheel();
  let turns = 0;
  wheel.every(1, 1, () => turns++);
  vi.advanceTimersByTime(1000);
  expect(turns).toBeGreaterThanOrEqual(99);
  expect(turns).toBeLessThanOrEqual(100);
  wheel.stop();
});

test('a stall is not made up for in a burst', () => {
  let now = 0;
  const wheel = createTimerWheel(() => now);
  let turns = 0;
  wheel.every(100, 1, () => turns++);
  now = 60_050;
  vi.advanceTimersByTime(10);
  expect(turns).toBe(1);
  // … and the place in the period is kept.
  now = 60_090;
  vi.advanceTimersByTime(10);
  expect(turns).toBe(1);
  now = 60_100;
  vi.advanceTimersByTime(10);
  expect(turns).toBe(2);
  wheel.stop();
});

test('who has left has no turn any more', () => {
  const wheel = createTimerWheel();
  let turns = 0;
  const leave = wheel.every(100, 1, () => turns++);
  vi.advanceTimersByTime(250);
  leave();
  vi.advanceTimersByTime(1000);
  expect(turns).toBe(2);
  wheel.stop();
});
