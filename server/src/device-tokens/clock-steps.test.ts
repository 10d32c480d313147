/** A server whose own clock is wrong when it starts, as that of a small computer without a battery is. */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { requestHash, signedToken } from '../../test/device-jwt.ts';
import { FakeClock } from '../../test/fake-clock.ts';
import { createJwtKeyOf } from '../../test/jwt-key.ts';
import { createLoneDeviceTokens } from '../../test/lone-device-tokens.ts';

const secret = randomBytes(32);
const key = createJwtKeyOf(secret);
const device = { kid: key.kid, key: secret.toString('base64url'), deviceId: 'device', instance: 'instance' };
const arrival = { transport: 'http', secure: false, address: '127.0.0.1' } as const;
const target = '/api/v1/telemetry';
const noon = Date.UTC(2026, 5, 1, 12);
const tenYears = 10 * 365 * 86_400_000;

/** A process that starts now; those before it are forgotten but for what stands on the disk. */
function start(clock: FakeClock) {
  const tokens = createLoneDeviceTokens([key], clock);
  return async (token: string): Promise<string> => {
    const grant = await tokens.signed(token, arrival);
    if ('refused' in grant) return grant.refused;
    return (await grant.bind('POST', target, Buffer.alloc(0)))?.refused ?? 'taken';
  };
}

/** Signed by a device that knows the right time. */
function tokenAt(ms: number): string {
  const iat = Math.floor(ms / 1000);
  const claims = { iat, exp: iat + 300, jti: String(ms), rqh: requestHash('POST', target) };
  return signedToken(device, 'POST', target, '', claims);
}

test.each([
  ['in 1970', -noon],
  ['ten years ahead', tenYears],
  ['a minute and a half behind', -90_000],
])('after a restart %s what was used before stays used, once the time is right', async (_when, error) => {
  const clock = new FakeClock(noon);
  const before = start(clock);
  clock.advance(10_000);
  const used = tokenAt(clock.now());
  expect(await before(used)).toBe('taken');

  clock.advance(5000);
  clock.step(error);
  const after = start(clock);
  expect(await after(used)).not.toBe('taken');
  clock.advance(20_000);
  expect(await after(tokenAt(noon + 35_000))).toBe('stale_token');
  clock.step(-error);
  expect(await after(used)).toBe('replayed');
});

test.each([
  ['in 1970', -noon],
  ['ten years ahead', tenYears],
])('a server that started %s takes what is signed after it learnt the time, once', async (_when, error) => {
  const clock = new FakeClock(noon + error);
  const ask = start(clock);
  clock.advance(30_000);
  clock.step(-error);
  const token = tokenAt(clock.now());
  expect(await ask(token)).toBe('taken');
  expect(await ask(token)).toBe('replayed');
});

test('a time of day that is put back lets nothing pass twice', async () => {
  const clock = new FakeClock(noon);
  const ask = start(clock);
  clock.advance(60_000);
  const tokens = [0, 1, 40].map((ms) => tokenAt(clock.now() + ms));
  for (const token of tokens) expect(await ask(token)).toBe('taken');
  clock.step(-30_000);
  for (const token of tokens) expect(await ask(token)).toBe('replayed');
});
