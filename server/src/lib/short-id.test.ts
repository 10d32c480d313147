import { expect, test } from 'vitest';
import { toShortId, toUuid } from './short-id.ts';
import { uuidv7 } from './uuid.ts';

test('a UUID becomes 22 characters and comes back', () => {
  for (let i = 0; i < 1000; i++) {
    const id = uuidv7();
    expect(toShortId(id)).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(toUuid(toShortId(id))).toBe(id);
    expect(toUuid(id.toUpperCase())).toBe(id);
  }
  expect(toShortId('ffffffff-ffff-ffff-ffff-ffffffffffff')).toBe('_____________________w');
});

test('what is no id is none', () => {
  // 23 characters, bits beyond the 128, another alphabet.
  for (const text of ['', 'device-1', 'AAAAAAAAAAAAAAAAAAAAAAA', 'AAAAAAAAAAAAAAAAAAAAAB', 'AAAAAAAAAAAAAAAAAAAA+A']) {
    expect(toUuid(text)).toBeUndefined();
    expect(toShortId(text)).toBe(text);
  }
});
