/** What attackers and accidents do to devices with JSON Web Tokens, against a whole Gapura. */
import { createHmac, randomBytes, randomInt } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { JwtCredentials } from '#contract/credentials.ts';
import { createTestApp, type TestApp } from './create-test-app.ts';
import { bearerToken, hmac, type JwtDeviceKey, signedToken } from './device-jwt.ts';
import { FakeClock } from './fake-clock.ts';
import { createJwtKeyOf } from './jwt-key.ts';
import { createLoneDeviceTokens } from './lone-device-tokens.ts';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.stop());

const path = '/api/v1/telemetry';
const body = '{"temperature":21}';
let made = 0;

type Device = JwtDeviceKey & { readonly key: string };

async function makeDevice(at: TestApp = app, fields: object = {}): Promise<Device> {
  const response = await at.request('POST', '/v1/devices', {
    name: `device ${made++}`,
    credentials: { type: 'JWT' },
    ...fields,
  });
  const { credentials } = (await response.json()) as { credentials: JwtCredentials };
  const { kid, key = '', deviceId = '', instance = '' } = credentials;
  return { kid, key, deviceId, instance };
}

async function post(authorization: string, at: TestApp = app, text = body): Promise<{ status: number; code?: string }> {
  const response = await fetch(at.url + path, { method: 'POST', headers: { authorization }, body: text });
  const answer = await response.text();
  return { status: response.status, ...(answer !== '' && { code: JSON.parse(answer).code }) };
}

/** More in the long run: CONTRIBUTING.md says how. */
const mutations = Number(process.env['GAPURA_MUTATIONS'] ?? 20_000);

/** Another byte, one more, one less, or one moved to the end. */
function mutate(text: string): string {
  const bytes = [...Buffer.from(text, 'latin1')];
  const at = randomInt(bytes.length);
  switch (randomInt(4)) {
    case 0:
      bytes[at] = (bytes[at] ?? 0) ^ (1 + randomInt(255));
      break;
    case 1:
      bytes.splice(at, 0, randomInt(256));
      break;
    case 2:
      bytes.splice(at, 1);
      break;
    default:
      bytes.push(...bytes.splice(at, 1));
  }
  return Buffer.from(bytes).toString('latin1');
}

test(`${mutations} changes of a byte in method, path, query, body or token: none passes`, {
  timeout: 30_000 + mutations,
}, async () => {
  const clock = new FakeClock(Date.now());
  const secret = randomBytes(32);
  const key = createJwtKeyOf(secret);
  const tokens = createLoneDeviceTokens([key], clock);
  const device = {
    kid: key.kid,
    key: secret.toString('base64url'),
    deviceId: key.identity.deviceId,
    instance: 'instance',
  };
  const request = { method: 'POST', target: '/api/v1/telemetry?a=1', body, token: '' };
  const iat = Math.floor(clock.now() / 1000) + 1;
  const times = { iat, exp: iat + 60, jti: String(iat * 1000) };
  request.token = signedToken(device, request.method, request.target, request.body, times);
  const arrival = { transport: 'http', secure: false, address: '127.0.0.1' } as const;

  async function passes({ method, target, body, token }: typeof request): Promise<boolean> {
    const grant = await tokens.signed(token, arrival);
    if ('refused' in grant) return false;
    return (await grant.bind(method, target, Buffer.from(body, 'latin1'))) === undefined;
  }

  const fields = ['method', 'target', 'body', 'token'] as const;
  for (let i = 0; i < mutations; i++) {
    const field = fields[randomInt(fields.length)] ?? 'token';
    const changed = { ...request, [field]: mutate(request[field]) };
    // The last byte has moved to the end: nothing has changed.
    if (changed[field] === request[field]) continue;
    if (await passes(changed)) expect.fail(`passed: ${JSON.stringify(changed)}`);
  }
  // Nothing of that has used up the token.
  expect(await passes(request)).toBe(true);
  expect(await passes(request)).toBe(false);
});

test('a signed request does not pass again after a restart, nor over another connection', async () => {
  const first = await createTestApp();
  const device = await makeDevice(first);
  const token = signedToken(device, 'POST', path, body);
  // The clock of this device runs 20 s ahead: the new process must know of it too.
  const iat = Math.floor(Date.now() / 1000) + 20;
  const ahead = signedToken(device, 'POST', path, body, { iat, exp: iat + 60, jti: String(iat * 1000) });
  const answers = await Promise.all(Array.from({ length: 10 }, () => post(`DeviceJWT ${token}`, first)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  expect(await post(`DeviceJWT ${ahead}`, first)).toEqual({ status: 200 });
  await first.halt();
  const second = await createTestApp({ dataDir: first.dataDir, apiKey: first.apiKey });
  onTestFinished(() => second.stop());
  expect(await post(`DeviceJWT ${token}`, second)).toEqual({ status: 401, code: 'replayed' });
  expect(await post(`DeviceJWT ${ahead}`, second)).toEqual({ status: 401, code: 'replayed' });
  const later = iat + 2;
  const next = signedToken(device, 'POST', path, body, { iat: later, exp: later + 60, jti: String(later * 1000) });
  expect(await post(`DeviceJWT ${next}`, second)).toEqual({ status: 200 });
});

test('keys are rotated under load without one refusal', async () => {
  let device = await makeDevice();
  const refused: unknown[] = [];
  let isOver = false;
  const load = async (): Promise<void> => {
    while (!isOver) {
      const answer = await post(`Bearer ${bearerToken(device, { jti: String(made++) })}`);
      if (answer.status !== 200) refused.push(answer);
    }
  };
  const loads = Array.from({ length: 8 }, load);
  for (let i = 0; i < 5; i++) {
    const answer = await app.request('POST', `/v1/devices/${device.deviceId}/credentials/rotate`, {
      overlapSeconds: 60,
    });
    const { credentials } = (await answer.json()) as { credentials: JwtCredentials };
    device = { ...device, kid: credentials.kid, key: credentials.key ?? '' };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  isOver = true;
  await Promise.all(loads);
  expect(refused).toEqual([]);
});

test('an unknown device, a disabled one and a wrong secret are answered alike', async () => {
  const device = await makeDevice();
  const disabled = await makeDevice();
  await app.request('PATCH', `/v1/devices/${disabled.deviceId}`, { enabled: false });
  const wrong = hmac(device.key, 'wrong').toString('base64url');
  const texts = new Set<string>();
  for (const as of [
    { ...device, kid: 'nobody' },
    { ...device, key: wrong },
    { ...disabled, key: wrong },
  ]) {
    for (const authorization of [`Bearer ${bearerToken(as)}`, `DeviceJWT ${signedToken(as, 'POST', path, body)}`]) {
      const response = await fetch(app.url + path, { method: 'POST', headers: { authorization }, body });
      const headers = [...response.headers].filter(([name]) => name !== 'date');
      texts.add(JSON.stringify([response.status, headers, await response.text()]));
    }
  }
  expect(texts.size).toBe(1);
});

test('no secret stands in the files, the answers or the audit log', async () => {
  const canary = createHmac('sha256', 'canary').update(String(Date.now())).digest('base64url');
  const groupCanary = createHmac('sha256', 'group').update(String(Date.now())).digest('base64url');
  const created = await app.request('POST', '/v1/profiles', { name: `profile ${made++}` });
  const { id: profileId } = (await created.json()) as { id: string };
  await app.request('POST', `/v1/profiles/${profileId}/group-key`, { key: groupCanary });
  const device = await makeDevice(app, { profileId, credentials: { type: 'JWT', key: canary } });
  expect(device.key).toBe(canary);
  const token = bearerToken(device);
  expect(await post(`Bearer ${token}`)).toEqual({ status: 200 });
  await post(`Bearer ${bearerToken(device, { aud: 'other' })}`);

  const secrets = [canary, groupCanary, Buffer.from(canary, 'base64url').toString('latin1'), token];
  const seen: string[] = [];
  for (const url of [
    `/v1/devices/${device.deviceId}`,
    `/v1/devices/${device.deviceId}/credentials`,
    '/v1/devices',
    '/v1/profiles',
    `/v1/profiles/${profileId}`,
    '/v1/audit',
    '/v1/security-events',
    '/metrics',
  ]) {
    const response = await app.request('GET', url);
    expect(response.status, url).toBe(200);
    seen.push(await response.text());
  }
  for (const name of await readdir(app.dataDir, { recursive: true })) {
    if (name.endsWith('master.key')) continue;
    const text = await readFile(join(app.dataDir, name), 'latin1').catch(() => '');
    seen.push(text);
  }
  for (const text of seen) for (const secret of secrets) expect(text.includes(secret)).toBe(false);
});
