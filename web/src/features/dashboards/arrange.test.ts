import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compact, freePlace, moveWidget, type Place } from './arrange.ts';

const places = fc
  .array(
    fc.record({ x: fc.nat(11), y: fc.nat(20), w: fc.integer({ min: 1, max: 12 }), h: fc.integer({ min: 1, max: 6 }) }),
    {
      maxLength: 12,
    },
  )
  .map((given) => given.map((place, i): Place => ({ ...place, id: `w${i}`, w: Math.min(place.w, 12 - place.x) })));
const overlaps = (all: readonly Place[]): boolean =>
  all.some((a, i) =>
    all.slice(i + 1).some((b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h),
  );
const step = fc.record({
  dx: fc.integer({ min: -2, max: 2 }),
  dy: fc.integer({ min: -1, max: 1 }),
  dw: fc.integer({ min: -2, max: 2 }),
  dh: fc.integer({ min: -2, max: 2 }),
});

test('whatever is moved, nothing stands over another, leaves the grid or is lost', () => {
  void fc.assert(
    fc.property(places, fc.array(fc.tuple(fc.nat(11), step), { maxLength: 8 }), (given, steps) => {
      let now = compact(given);
      for (const [index, by] of steps) now = moveWidget(now, `w${index}`, by);
      expect(overlaps(now)).toBe(false);
      expect(now.map(({ id }) => id)).toEqual(given.map(({ id }) => id));
      for (const { x, w, y, h } of now) expect(x >= 0 && w >= 1 && x + w <= 12 && y >= 0 && h >= 1).toBe(true);
    }),
  );
});

test('what is arranged already stays as it is', () => {
  void fc.assert(
    fc.property(places, (given) => {
      expect(compact(compact(given))).toEqual(compact(given));
    }),
  );
});

test('a step down changes places with the widget below, a step up takes it back', () => {
  const before: Place[] = [
    { id: 'a', x: 0, y: 0, w: 4, h: 2 },
    { id: 'b', x: 0, y: 2, w: 4, h: 3 },
  ];
  const down = moveWidget(before, 'a', { dy: 1 });
  expect(down.map(({ id, y }) => [id, y])).toEqual([
    ['a', 3],
    ['b', 0],
  ]);
  expect(moveWidget(down, 'a', { dy: -1 })).toEqual(before);
});

test('a new widget finds room beside others before it goes below them', () => {
  const one: Place = { id: 'a', x: 0, y: 0, w: 6, h: 4 };
  expect(freePlace([one], 6, 2)).toEqual({ x: 6, y: 0 });
  expect(freePlace([one], 7, 2)).toEqual({ x: 0, y: 4 });
});
