import fc from 'fast-check';
import { expect, test } from 'vitest';
import { joinKeys, splitKeys } from './key-list.ts';

test('keys of any text come out of an address as they went in', () => {
  const key = fc.string({ minLength: 1, unit: fc.constantFrom('a', ',', '\\', ' ', '\n', 'é') });
  fc.assert(
    fc.property(fc.array(key), (keys) => {
      expect(splitKeys(joinKeys(keys))).toEqual(keys);
    }),
  );
});

test('an address that somebody typed gives what can be read of it', () => {
  expect(splitKeys(',a,,b\\')).toEqual(['a', 'b']);
  expect(splitKeys('')).toEqual([]);
});
