import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createReplayWindow } from './replay-window.ts';

test('as a set that remembers everything, but for what is more than 32 below the highest', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1000, max: 1100 }), { maxLength: 200 }),
      fc.integer({ min: 0, max: 1050 }),
      (all, floor) => {
        const window = createReplayWindow();
        const used = new Set<number>();
        let highest: number | undefined;
        for (const jti of all) {
          const isTooOld = highest === undefined ? jti <= floor : jti < highest - 32 || jti <= floor;
          const expected = !isTooOld && !used.has(jti);
          expect(window.use('key', jti, floor)).toBe(expected);
          if (!expected) continue;
          used.add(jti);
          highest = Math.max(highest ?? 0, jti);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('keys know nothing of each other', () => {
  const window = createReplayWindow();
  expect(window.use('a', 5, 0)).toBe(true);
  expect(window.use('b', 5, 0)).toBe(true);
  expect(window.use('b', 5, 0)).toBe(false);
});

test('a key that had to be forgotten does not begin anew below what it had used', () => {
  const window = createReplayWindow(1);
  expect(window.use('a', 100, 0)).toBe(true);
  expect(window.use('b', 50, 0)).toBe(true);
  expect(window.use('a', 100, 0)).toBe(false);
  expect(window.use('a', 101, 0)).toBe(true);
});
