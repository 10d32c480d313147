import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../test/fake-clock.ts';
import { createPasswordStrength, type PasswordStrength } from './password-strength.ts';

const known = ['made.wirawan@subak-jatiluwih.example', 'Made Wirawan', 'Subak Jatiluwih'];
let clock: FakeClock;
let strength: PasswordStrength;

beforeEach(() => {
  clock = new FakeClock();
  strength = createPasswordStrength({ clock });
});
afterEach(() => strength.stop());

test.each(['teluk benoa 7 perahu kayu', 'gR8kd92nsKq0', 'correct horse battery staple', 'ÄöŁ漢字ひらがな絵文字😀ok'])(
  '"%s" is good enough',
  async (password) => {
    await expect(strength.check(password, known)).resolves.toBeUndefined();
  },
);

test.each([
  ['short', 'gR8kd92nsKq', /at least 12 characters; this one 11/],
  ['short in characters, though not in bytes', '😀😁😂🤣😃😄😅😆😉😊😋', /this one 11/],
  ['common', 'password1234', /commonly used/],
  ['repeated', 'a'.repeat(256), /easy to guess/],
  ['a row of keys', 'qwertyuiop[]', /easy to guess/],
  ['the address', 'made.wirawan@subak-jatiluwih.example', /others know of you/],
  ['parts of the address and a number', 'Wirawan.Jatiluwih.1', /others know of you/],
  ['the name of the product and a year', 'gapura-gapura-2026', /others know of you/],
])('a password that is %s is refused in words', async (_, password, message) => {
  await expect(strength.check(password, known)).rejects.toMatchObject({ code: 'weak_password' });
  await expect(strength.check(password, known)).rejects.toThrow(message);
});

test('more passwords than can wait are refused as overloaded', async () => {
  const checks = Array.from({ length: 20 }, () => strength.check('teluk benoa 7 perahu kayu', known));
  const results = await Promise.allSettled(checks);
  expect(results.filter((result) => result.status === 'fulfilled')).toHaveLength(16);
  const refused = results.find((result) => result.status === 'rejected');
  expect(refused?.reason).toMatchObject({ code: 'overloaded' });
});

test('the thread ends when it was idle and begins anew when it is needed', async () => {
  await strength.check('teluk benoa 7 perahu kayu', known);
  clock.advance(60_000);
  await expect(strength.check('password1234', known)).rejects.toMatchObject({ code: 'weak_password' });
});

test('a check that is waiting when the platform stops is told so', async () => {
  const waiting = expect(strength.check('teluk benoa 7 perahu kayu', known)).rejects.toMatchObject({
    code: 'shutting_down',
  });
  await strength.stop();
  await waiting;
});
