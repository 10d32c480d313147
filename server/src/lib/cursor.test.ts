import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeCursor, encodeCursor } from './cursor.ts';

test('a cursor gives back what it was made of', () => {
  fc.assert(
    fc.property(fc.integer(), fc.string(), (at, id) => {
      expect(decodeCursor(encodeCursor([at, id]), ['number', 'string'])).toEqual([at, id]);
    }),
  );
});

test('a text that is no cursor, or one of another list, is undefined and does not throw', () => {
  fc.assert(fc.property(fc.string(), (text) => decodeCursor(text, ['string']) === undefined));
  for (const other of [[1, 'a'], ['a', 'b'], [null], []]) {
    expect(decodeCursor(encodeCursor(other), ['string'])).toBeUndefined();
  }
});
