import { expect, test } from 'vitest';
import { createPasswordHasher, defaultPasswordCost } from './password.ts';

const cheap = { memoryKib: 64, passes: 1, parallelism: 1 };

test('a hash is argon2id in PHC form with the cost it was made at, and never the same twice', async () => {
  const { hash } = createPasswordHasher(cheap);
  const [one, two] = await Promise.all([hash('teluk benoa'), hash('teluk benoa')]);
  expect(one).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
  expect(one).not.toBe(two);
});

test('the default cost is what OWASP recommends', () => {
  expect(defaultPasswordCost).toEqual({ memoryKib: 19_456, passes: 2, parallelism: 1 });
});

test('a hash of the reference implementation (phc-winner-argon2, test.c) is understood', async () => {
  const { verify, isOutdated } = createPasswordHasher(cheap);
  const stored = '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc';
  expect(await verify(stored, 'password')).toBe(true);
  expect(await verify(stored, 'Password')).toBe(false);
  expect(isOutdated(stored)).toBe(true);
});

test('the right password is told from others, however its accents were typed', async () => {
  const { hash, verify, isOutdated } = createPasswordHasher(cheap);
  const stored = await hash('caf\u00e9 de flore');
  expect(await verify(stored, 'cafe\u0301 de flore')).toBe(true);
  expect(await verify(stored, 'cafe de flore')).toBe(false);
  expect(isOutdated(stored)).toBe(false);
});

test.each([
  ['no user', undefined],
  ['an empty hash', ''],
  ['another scheme', '$2b$10$abcdefghijklmnopqrstuuJ3Zq0Jx1Jx1Jx1Jx1Jx1Jx1Jx1Jx1Jx1'],
  ['an absurd cost', '$argon2id$v=19$m=9999999,t=999,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'],
  ['no memory', '$argon2id$v=19$m=1,t=0,p=0$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'],
])('%s never matches and never throws', async (_, stored) => {
  expect(await createPasswordHasher(cheap).verify(stored, 'password')).toBe(false);
});

test('more hashes than can wait are refused as overloaded, and those that waited are done', async () => {
  const { hash } = createPasswordHasher(cheap);
  const results = await Promise.allSettled(Array.from({ length: 80 }, () => hash('teluk benoa')));
  expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(66);
  const refused = results.find((result) => result.status === 'rejected');
  expect(refused?.reason).toMatchObject({ code: 'overloaded', extra: { retryAfterMs: expect.any(Number) } });
  await expect(hash('teluk benoa')).resolves.toMatch(/^\$argon2id/);
});
