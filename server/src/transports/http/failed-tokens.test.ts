import { expect, test } from 'vitest';
import { FakeClock } from '../../../test/fake-clock.ts';
import { createFailedTokens } from './failed-tokens.ts';

const site = '192.0.2.1';
const limits = [{ count: 20, periodMs: 60_000 }];

test('one forgotten device does not shut out new devices behind the same address', () => {
  const tokens = createFailedTokens(new FakeClock(), limits);
  for (let i = 0; i < 1000; i++) tokens.failed(site, 'forgotten');
  expect(tokens.waitMs(site, 'new')).toBe(0);
});

test('who shows ever other tokens is held up, at that address alone', () => {
  const tokens = createFailedTokens(new FakeClock(), limits);
  for (let i = 0; i < 20; i++) tokens.failed(site, `guess ${i}`);
  expect(tokens.waitMs(site, 'new')).toBeGreaterThan(0);
  expect(tokens.waitMs('192.0.2.2', 'new')).toBe(0);
});
