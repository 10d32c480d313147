import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { FakeClock } from '../../test/fake-clock.ts';
import { createSealer } from '../lib/seal.ts';
import { createNonces } from './nonce.ts';

const clock = new FakeClock();
const nonces = createNonces({ sealer: createSealer(randomBytes(32)), clock });

test('a nonce is good for its name, for 300 s', () => {
  const nonce = nonces.make('kid');
  expect(nonce).toMatch(/^[A-Za-z0-9_-]{24}$/);
  expect(nonces.isGood(nonce, 'kid')).toBe(true);
  expect(nonces.isGood(nonce, 'other')).toBe(false);
  clock.advance(299_000);
  expect(nonces.isGood(nonce, 'kid')).toBe(true);
  clock.advance(2000);
  expect(nonces.isGood(nonce, 'kid')).toBe(false);
});

test('whatever character of it changes, it is good no more', () => {
  const nonce = nonces.make('kid');
  for (let i = 0; i < nonce.length; i++) {
    const changed = nonce.slice(0, i) + (nonce[i] === 'A' ? 'B' : 'A') + nonce.slice(i + 1);
    expect(nonces.isGood(changed, 'kid')).toBe(false);
  }
  expect(nonces.isGood('', 'kid')).toBe(false);
});
