import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LruMap } from './lru.ts';

test('the entry that was used longest ago makes room', () => {
  const evicted: string[] = [];
  const map = new LruMap<string, number>(2, (key) => evicted.push(key));
  map.set('a', 1);
  map.set('b', 2);
  expect(map.get('a')).toBe(1);
  map.set('c', 3);
  expect(evicted).toEqual(['b']);
  expect([...map.entries()]).toEqual([
    ['a', 1],
    ['c', 3],
  ]);
});

test('replacing a value evicts nothing, and a peek is no use', () => {
  const map = new LruMap<string, number>(2);
  map.set('a', 1);
  map.set('b', 2);
  map.set('b', 3);
  expect(map.size).toBe(2);
  expect(map.peek('a')).toBe(1);
  map.set('c', 4);
  expect(map.has('a')).toBe(false);
});

test('an LRU map that can hold nothing is refused', () => {
  expect(() => new LruMap(0)).toThrow(RangeError);
  expect(() => new LruMap(Number.NaN)).toThrow(RangeError);
});

test('whatever is done to it, it behaves as a list in order of use, cut to its limit', () => {
  const operation = fc.record({
    op: fc.constantFrom('get' as const, 'set' as const, 'delete' as const),
    key: fc.integer({ min: 0, max: 8 }),
    value: fc.integer(),
  });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), fc.array(operation), (limit, operations) => {
      const map = new LruMap<number, number>(limit);
      let model: [number, number][] = [];
      for (const { op, key, value } of operations) {
        const found = model.find(([k]) => k === key);
        const others = model.filter(([k]) => k !== key);
        if (op === 'set') {
          map.set(key, value);
          model = [...others, [key, value] as [number, number]].slice(-limit);
        } else if (op === 'get') {
          expect(map.get(key)).toBe(found?.[1]);
          if (found) model = [...others, found];
        } else {
          expect(map.delete(key)).toBe(found !== undefined);
          model = others;
        }
        expect([...map.entries()]).toEqual(model);
      }
    }),
  );
});
