import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyNames } from './key-names.ts';

/** As the scanner would call it; the hash is the test's own. */
const ofBytes = (names: KeyNames, key: string, hash: number): number => {
  const bytes = Buffer.from(`"${key}":`);
  return names.ofBytes(bytes, 1, 1 + key.length, hash);
};
const hashOf = (key: string): number => [...Buffer.from(key)].reduce((hash, code) => (hash * 31 + code) >>> 0, 7);

test('a key has one number, whether it comes as text or as bytes', () => {
  const names = new KeyNames();
  expect(ofBytes(names, 'temperature', 1)).toBe(0);
  expect(names.ofText('temperature')).toBe(0);
  expect(names.ofText('humidity')).toBe(1);
  expect(ofBytes(names, 'humidity', 2)).toBe(1);
  expect(ofBytes(names, 'temperature', 1)).toBe(0);
  expect(names.names).toEqual(['temperature', 'humidity']);
});

test('keys of one hash are kept apart, however many there are', () => {
  const names = new KeyNames();
  const keys = Array.from({ length: 300 }, (_, i) => `k${i}`);
  for (let round = 0; round < 2; round++) {
    expect(keys.map((key) => ofBytes(names, key, 12_345))).toEqual(keys.map((_, i) => i));
  }
  // They take no slot from others for good.
  expect(ofBytes(names, 'other', 77)).toBe(300);
  expect(ofBytes(names, 'other', 77)).toBe(300);
});

test('keys that begin alike or are of one length are kept apart', () => {
  const names = new KeyNames();
  const keys = ['a', 'ab', 'abc', 'abd', 'b', 'bbc'];
  expect(keys.map((key) => ofBytes(names, key, 5))).toEqual([0, 1, 2, 3, 4, 5]);
  expect(keys.map((key) => ofBytes(names, key, 5))).toEqual([0, 1, 2, 3, 4, 5]);
});

test('it gives the numbers that a Map would give while it grows', () => {
  const key = fc.stringMatching(/^[!#-[\]-~]{1,12}$/);
  // Few hashes, so that keys collide; the same hash for the same key.
  const hash = (one: string, hashes: number): number => hashOf(one) % hashes;
  fc.assert(
    fc.property(fc.array(fc.tuple(key, fc.boolean()), { maxLength: 2000, size: 'max' }), fc.nat(4), (asked, spread) => {
      const names = new KeyNames();
      const model = new Map<string, number>();
      for (const [one, asText] of asked) {
        const number = model.get(one) ?? model.size;
        model.set(one, number);
        expect(asText ? names.ofText(one) : ofBytes(names, one, hash(one, 10 ** (2 * spread)))).toBe(number);
      }
      expect(names.names).toEqual([...model.keys()]);
    }),
    { seed: 20_260_102, numRuns: 100 },
  );
});
