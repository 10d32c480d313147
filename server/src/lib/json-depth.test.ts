import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { isDeeperThan } from './json-depth.ts';

test('objects and arrays count alike, the widest branch decides', () => {
  expect(isDeeperThan(JSON.parse('{"a":1,"b":[{}]}'), 3)).toBe(false);
  expect(isDeeperThan(JSON.parse('{"a":1,"b":[{}]}'), 2)).toBe(true);
  expect(isDeeperThan('text', 0)).toBe(false);
  expect(isDeeperThan(undefined, 0)).toBe(false);
});

test('a depth that would exhaust the stack is measured all the same', () => {
  expect(isDeeperThan(JSON.parse('['.repeat(400_000) + ']'.repeat(400_000)), 64)).toBe(true);
});

test('a stream or a buffer has no depth', () => {
  expect(isDeeperThan(Readable.from([]), 1)).toBe(false);
  expect(isDeeperThan(Buffer.from('[[[]]]'), 1)).toBe(false);
});
