import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fake-clock.ts';
import { createRateLimiter, parseRateLimits, type RateLimits } from './rate-limit.ts';

function limiter(limits: RateLimits, maxKeys = 100) {
  const clock = new FakeClock();
  return { clock, limiter: createRateLimiter({ clock, limits, maxKeys }) };
}

test('a limit is read as count:seconds, several joined by commas, none from an empty text', () => {
  expect(parseRateLimits('')).toEqual([]);
  expect(parseRateLimits('20:60')).toEqual([{ count: 20, periodMs: 60_000 }]);
  expect(parseRateLimits('100:1,2000:60')).toEqual([
    { count: 100, periodMs: 1000 },
    { count: 2000, periodMs: 60_000 },
  ]);
});

test.each(['1', ':', '1:', ':1', '1:0', '-1:1', '1:1,', ' 1:1', '1.5:1', '1:1;2:2', '1e3:1', '9999999999:1'])(
  'the limit "%s" is refused',
  (text) => {
    expect(() => parseRateLimits(text)).toThrow(RangeError);
  },
);

test('a burst up to the count passes at once, then one per share of the period', () => {
  const { clock, limiter: limits } = limiter(parseRateLimits('4:2'));
  expect([1, 2, 3, 4].map(() => limits.take('a'))).toEqual([0, 0, 0, 0]);
  expect(limits.take('a')).toBe(500);
  clock.advance(499);
  expect(limits.take('a')).toBe(1);
  clock.advance(1);
  expect(limits.take('a')).toBe(0);
  expect(limits.take('a')).toBe(500);
});

test('keys do not disturb each other', () => {
  const { limiter: limits } = limiter(parseRateLimits('1:1'));
  expect(limits.take('a')).toBe(0);
  expect(limits.take('b')).toBe(0);
  expect(limits.take('a')).toBe(1000);
});

test('all limits hold, and one that refuses leaves the others untouched', () => {
  const { clock, limiter: limits } = limiter(parseRateLimits('2:1,3:60'));
  expect([limits.take('a'), limits.take('a')]).toEqual([0, 0]);
  expect(limits.take('a')).toBe(500);
  clock.advance(1000);
  // The refused try took nothing from the second limit, so its third token is still there.
  expect(limits.take('a')).toBe(0);
  expect(limits.take('a')).toBeGreaterThan(15_000);
});

test('a cost above the size of the bucket passes when the bucket is full', () => {
  const { clock, limiter: limits } = limiter(parseRateLimits('10:1'));
  expect(limits.take('a', 25)).toBe(0);
  expect(limits.take('a', 25)).toBe(1000);
  clock.advance(1000);
  expect(limits.take('a', 25)).toBe(0);
});

test('asking costs nothing and remembers nobody', () => {
  const { limiter: limits } = limiter(parseRateLimits('1:1'));
  expect(limits.waitMs('a')).toBe(0);
  expect(limits.size).toBe(0);
  limits.take('a');
  expect(limits.waitMs('a')).toBe(1000);
  expect(limits.waitMs('a')).toBe(1000);
});

test('a count of 0 lets nothing pass', () => {
  const { clock, limiter: limits } = limiter(parseRateLimits('0:5'));
  expect(limits.waitMs('a')).toBe(5000);
  expect(limits.take('a')).toBe(5000);
  clock.advance(50_000);
  expect(limits.take('a')).toBe(5000);
});

test('a key with limits of its own keeps to those, also after they change', () => {
  const { limiter: limits } = limiter(parseRateLimits('1:1'));
  const own = parseRateLimits('2:1');
  expect([1, 2, 3].map(() => limits.take('a', 1, own))).toEqual([0, 0, 500]);
  const changed = parseRateLimits('3:1');
  expect([1, 2, 3, 4].map(() => limits.take('a', 1, changed) > 0)).toEqual([false, false, false, true]);
});

test('no more keys are remembered than the limit says; the quietest is forgotten', () => {
  const { limiter: limits } = limiter(parseRateLimits('1:1'), 2);
  limits.take('a');
  limits.take('b');
  limits.take('a');
  limits.take('c');
  expect(limits.size).toBe(2);
  expect(limits.take('a')).toBeGreaterThan(0);
  expect(limits.take('b')).toBe(0);
});

test('a clock that is set back gives nothing and freezes nothing', () => {
  let now = 1_000_000;
  const clock = { now: () => now, uptime: () => 0, after: () => () => {}, every: () => () => {} };
  const limits = createRateLimiter({ clock, limits: parseRateLimits('1:1'), maxKeys: 10 });
  limits.take('a');
  now = 0;
  expect(limits.take('a')).toBe(1000);
  now = 1000;
  expect(limits.take('a')).toBe(0);
});

const arbitraryLimits = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 1_000_000 }), fc.integer({ min: 1, max: 100_000 })), {
    minLength: 1,
    maxLength: 3,
  })
  .map((rules) => parseRateLimits(rules.map(([count, seconds]) => `${count}:${seconds}`).join(',')));

test('whoever waits as long as was said may pass, whatever came before', () => {
  const step = fc.record({
    pauseMs: fc.integer({ min: 0, max: 10_000 }),
    cost: fc.integer({ min: 1, max: 2_000_000 }),
  });
  fc.assert(
    fc.property(arbitraryLimits, fc.array(step, { maxLength: 30 }), (rules, steps) => {
      const { clock, limiter: limits } = limiter(rules);
      for (const { pauseMs, cost } of steps) {
        clock.advance(pauseMs);
        const wait = limits.take('a', cost);
        expect(Number.isInteger(wait) && wait >= 0).toBe(true);
        if (wait > 0) {
          clock.advance(wait);
          expect(limits.take('a', cost)).toBe(0);
        }
      }
    }),
  );
});

test('in no stretch of time pass more than the burst and what flowed in', () => {
  const rule = fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 5 }));
  fc.assert(
    fc.property(rule, fc.array(fc.integer({ min: 0, max: 700 }), { maxLength: 200 }), ([count, seconds], pauses) => {
      const { clock, limiter: limits } = limiter(parseRateLimits(`${count}:${seconds}`));
      const passed: number[] = [];
      for (const pause of pauses) {
        clock.advance(pause);
        if (limits.take('a') === 0) passed.push(clock.now());
      }
      passed.forEach((start, first) => {
        passed.slice(first).forEach((end, i) => {
          const allowed = count + ((end - start) * count) / (seconds * 1000);
          expect(i + 1).toBeLessThanOrEqual(allowed + 1e-3);
        });
      });
    }),
  );
});
