import { afterEach, beforeEach, expect, test } from 'vitest';
import { cheapPasswords } from '../../test/create-test-app.ts';
import { goodPassword, ownerEmail, type PeopleApp, startPeopleApp } from '../../test/people-app.ts';
import { createPasswordHasher } from './password.ts';
import { createSignIn, type SignIn } from './sign-in.ts';

const home = '192.0.2.1';
let app: PeopleApp;
let signIn: SignIn;

beforeEach(async () => {
  app = await startPeopleApp();
  await app.setUp();
  const { db, clock } = app;
  const passwords = createPasswordHasher(cheapPasswords);
  const audit = { record: () => {} };
  signIn = createSignIn({ db, clock, passwords, audit, log: { warn: () => {} }, countSignIn: () => {} });
});
afterEach(() => app.stop());

const codeOf = (attempt: Promise<unknown>): Promise<string> =>
  attempt.then(
    () => 'signed in',
    (error: { code?: string }) => error.code ?? String(error),
  );
const right = (address: string): Promise<string> => codeOf(signIn.prove(ownerEmail, goodPassword, address));
const wrong = (address: string): Promise<string> => codeOf(signIn.prove(ownerEmail, 'wrong password', address));

test('who signed in from an address before is not locked out there by failures from elsewhere', async () => {
  expect(await right(home)).toBe('signed in');
  // One guess each from networks without number, as often as the lock opens.
  for (let i = 0; i < 40; i++) {
    await wrong(`198.51.100.${i}`);
    app.clock.advance(16 * 60_000);
  }
  await wrong('198.51.100.200');
  expect(await right('203.0.113.9')).toBe('locked_out');
  expect(await right(home)).toBe('signed in');
  // Nor does it wash the account clean for those who guess.
  expect(await right('203.0.113.9')).toBe('locked_out');
});

test('failures from where one signed in before lock as well', async () => {
  await right(home);
  for (let i = 0; i < 5; i++) expect(await wrong(home)).toBe('invalid_credentials');
  expect(await right(home)).toBe('locked_out');
  expect(await right('203.0.113.9')).toBe('signed in');
});
