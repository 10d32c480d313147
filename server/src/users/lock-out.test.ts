import { beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../test/fake-clock.ts';
import { createLockOut, type LockOut } from './lock-out.ts';

const rule = { freeAttempts: 3, firstDelayMs: 1000, longestDelayMs: 4000, forgetMs: 60_000, maxKeys: 100 };
let clock: FakeClock;
let lockOut: LockOut;

beforeEach(() => {
  clock = new FakeClock();
  lockOut = createLockOut(clock, rule);
});
const count = (times: number, key = 'a'): void => {
  for (let i = 0; i < times; i++) lockOut.count(key);
};

test('the delay begins after the free attempts, doubles, and has an upper end', () => {
  const waits = [1, 2, 3, 4, 5, 6, 7].map(() => {
    lockOut.count('a');
    return lockOut.waitMs('a');
  });
  expect(waits).toEqual([0, 0, 1000, 2000, 4000, 4000, 4000]);
});

test('a lock passes with time and returns with the next failure', () => {
  count(3);
  clock.advance(999);
  expect(lockOut.waitMs('a')).toBe(1);
  clock.advance(1);
  expect(lockOut.waitMs('a')).toBe(0);
  lockOut.count('a');
  expect(lockOut.waitMs('a')).toBe(2000);
});

test('keys do not disturb each other', () => {
  count(5);
  expect(lockOut.waitMs('b')).toBe(0);
});

test('an attempt that is taken back lifts the lock that it caused', () => {
  count(3);
  lockOut.takeBack('a');
  expect(lockOut.waitMs('a')).toBe(0);
  lockOut.count('a');
  expect(lockOut.waitMs('a')).toBe(1000);
});

test('a key that was cleared, or quiet for long, starts anew', () => {
  count(5);
  lockOut.clear('a');
  expect(lockOut.waitMs('a')).toBe(0);
  count(5);
  clock.advance(60_000);
  count(2);
  expect(lockOut.waitMs('a')).toBe(0);
});

test('beyond its limit it forgets the key that was quiet for longest', () => {
  count(3, 'first');
  for (let i = 0; i < 100; i++) lockOut.count(`k${i}`);
  expect(lockOut.waitMs('first')).toBe(0);
});
