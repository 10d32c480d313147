/** docs/reference/device-auth.md, line by line, against a whole Gapura. */
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JwtCredentials } from '#contract/credentials.ts';
import { toUuid } from '../src/lib/short-id.ts';
import { createTestApp, type TestApp } from './create-test-app.ts';
import {
  bearerToken,
  expectedProof,
  hmac,
  type JwtDeviceKey,
  jsonPart,
  jtiOf,
  makeToken,
  signedToken,
  signInput,
} from './device-jwt.ts';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.stop());

let made = 0;

async function makeProfile(fields: object = {}): Promise<string> {
  const response = await app.request('POST', '/v1/profiles', { name: `profile ${made++}`, ...fields });
  expect(response.status).toBe(201);
  return ((await response.json()) as { id: string }).id;
}

async function makeDevice(credentials: object = {}, fields: object = {}): Promise<JwtDeviceKey & { key: string }> {
  const name = `device ${made++}`;
  const response = await app.request('POST', '/v1/devices', {
    name,
    credentials: { type: 'JWT', ...credentials },
    ...fields,
  });
  const device = (await response.json()) as { id: string; credentials: JwtCredentials };
  expect(response.status, JSON.stringify(device)).toBe(201);
  const { kid, key = '', deviceId = '', instance = '', alg } = device.credentials;
  return { kid, key, deviceId, instance, alg };
}

interface Answer {
  readonly status: number;
  readonly code: string | undefined;
  readonly headers: Headers;
  readonly text: string;
}

async function send(method: string, path: string, authorization: string | undefined, body?: string): Promise<Answer> {
  const response = await fetch(app.url + path, {
    method,
    headers: authorization === undefined ? {} : { authorization },
    ...(body !== undefined && { body }),
  });
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json') === true;
  return { status: response.status, code: isJson ? JSON.parse(text).code : undefined, headers: response.headers, text };
}

const path = '/api/v1/telemetry';
const body = '{"temperature":21}';
const bearer = (token: string) => send('POST', path, `Bearer ${token}`, body);
const signed = (token: string) => send('POST', path, `DeviceJWT ${token}`, body);
const nowS = (): number => Math.floor(Date.now() / 1000);

describe('bearer', () => {
  test('a token of the device opens what its scope names, and again from memory', async () => {
    const device = await makeDevice();
    const token = bearerToken(device);
    for (let i = 0; i < 3; i++) expect(await bearer(token)).toMatchObject({ status: 200 });
    expect(await send('GET', '/api/v1/attributes', `bearer ${token}`)).toMatchObject({ status: 200, text: '{}' });
    const latest = await app.request('GET', `/v1/devices/${device.deviceId}/telemetry/latest`);
    expect(JSON.stringify(await latest.json())).toContain('21');
  });

  test('a scope that does not cover the route is 403 insufficient_scope, also from memory', async () => {
    const device = await makeDevice();
    const token = bearerToken(device, { scope: 'attributes' });
    for (let i = 0; i < 2; i++) expect(await bearer(token)).toMatchObject({ status: 403, code: 'insufficient_scope' });
    expect(await bearer(bearerToken(device, { scope: undefined }))).toMatchObject({ code: 'insufficient_scope' });
    const narrow = await makeDevice({ scope: 'attributes' });
    expect(await bearer(bearerToken(narrow))).toMatchObject({ code: 'insufficient_scope' });
  });

  test.each<[string, (d: JwtDeviceKey & { key: string }) => string]>([
    ['an unknown kid', (d) => bearerToken({ ...d, kid: 'nobody' })],
    ['a wrong secret', (d) => bearerToken({ ...d, key: hmac(d.key, 'x').toString('base64url') })],
    ['the type of a signed token', (d) => bearerToken(d, {}, { typ: 'dr+jwt' })],
    ['another subject', (d) => bearerToken(d, { sub: '018f0000-0000-7000-8000-000000000000' })],
    ['no subject', (d) => bearerToken(d, { sub: undefined })],
    ['another audience', (d) => bearerToken(d, { aud: 'elsewhere' })],
    ['no audience', (d) => bearerToken(d, { aud: undefined })],
    ['a life above a day', (d) => bearerToken(d, { exp: nowS() + 86_402 })],
    ['an end before its beginning', (d) => bearerToken(d, { exp: nowS() - 10 })],
    ['no end', (d) => bearerToken(d, { exp: undefined })],
    ['times that are no whole seconds', (d) => bearerToken(d, { iat: nowS() + 0.5 })],
    ['times that are texts', (d) => bearerToken(d, { iat: String(nowS()) })],
    ['alg none', (d) => `${jsonPart({ alg: 'none', typ: 'JWT', kid: d.kid })}.${bearerToken(d).split('.')[1]}.AA`],
    ['another alg', (d) => bearerToken(d, {}, { alg: 'HS512' })],
    ['crit', (d) => bearerToken(d, {}, { crit: ['b64'], b64: false })],
    ['jwk', (d) => bearerToken(d, {}, { jwk: { kty: 'oct', k: 'AA' } })],
    ['jku', (d) => bearerToken(d, {}, { jku: 'http://localhost/' })],
    ['a member twice in the header', (d) => twice(d, `{"alg":"HS256","typ":"JWT","kid":"${d.kid}","kid":"${d.kid}"}`)],
    ['a member twice in the claims', (d) => twiceInClaims(d)],
    ['two parts', (d) => bearerToken(d).split('.').slice(0, 2).join('.')],
    ['four parts', (d) => `${bearerToken(d)}.AA`],
    ['padding', (d) => `${bearerToken(d)}=`],
    ['trailing bits', (d) => withTrailingBits(bearerToken(d))],
    ['more than 1024 characters', (d) => bearerToken(d, { more: 'x'.repeat(800) })],
    ['nothing', () => 'x'],
  ])('%s is 401 invalid_token, the same for all', async (_what, make) => {
    const device = await makeDevice();
    const answer = await bearer(make(device));
    expect(answer).toMatchObject({ status: 401, code: 'invalid_token' });
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="gapura", DeviceJWT realm="gapura"');
    expect(answer.headers.get('device-nonce')).toBeNull();
    expect(answer.text).toBe((await bearer(bearerToken({ ...device, kid: 'nobody' }))).text);
  });

  function twice(d: JwtDeviceKey, header: string): string {
    const input = `${Buffer.from(header).toString('base64url')}.${bearerToken(d).split('.')[1]}`;
    return `${input}.${signInput(d, input)}`;
  }

  function twiceInClaims(d: JwtDeviceKey): string {
    const claims = Buffer.from(bearerToken(d).split('.')[1] ?? '', 'base64url').toString();
    const more = Buffer.from(`${claims.slice(0, -1)},"scope":"rpc"}`).toString('base64url');
    const input = `${jsonPart({ alg: 'HS256', typ: 'JWT', kid: d.kid })}.${more}`;
    return `${input}.${signInput(d, input)}`;
  }

  function withTrailingBits(token: string): string {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    const at = alphabet.indexOf(token.at(-1) ?? '');
    return token.slice(0, -1) + alphabet[at + 1];
  }

  test.each([
    ['1970', () => 0],
    ['an hour ago', () => nowS() - 3661],
    ['two minutes ahead', () => nowS() + 120],
    ['ten years ahead', () => nowS() + 10 * 365 * 86_400],
  ])('a clock at %s is stale_token, with Date and Device-Nonce to put it right', async (_when, clock) => {
    const device = await makeDevice();
    const iat = clock();
    const answer = await bearer(bearerToken(device, { iat, exp: iat + 3600 }));
    expect(answer).toMatchObject({ status: 401, code: 'stale_token' });
    expect(Math.abs(Date.parse(answer.headers.get('date') ?? '') - Date.now())).toBeLessThan(60_000);
    expect(answer.headers.get('device-nonce')).toMatch(/^[A-Za-z0-9_-]{24}$/);
  });

  test.each([
    ['59 s slow', -59],
    ['59 s fast', 58],
  ])('a clock that is %s is taken', async (_what, skew) => {
    const device = await makeDevice();
    const iat = nowS() + skew;
    expect(await bearer(bearerToken(device, { iat, exp: iat + 60 }))).toMatchObject({ status: 200 });
  });

  test.each(['ES256', 'EdDSA'] as const)('%s: the platform has the public key alone', async (alg) => {
    const { privateKey, publicKey } =
      alg === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
    for (const given of [publicKey.export({ type: 'spki', format: 'pem' }), publicKey.export({ format: 'jwk' })]) {
      const device = { ...(await makeDevice({ alg, publicKey: given })), key: privateKey };
      expect(await bearer(bearerToken(device))).toMatchObject({ status: 200 });
      const token = signedToken(device, 'POST', path, body);
      expect(await signed(token)).toMatchObject({ status: 200 });
      expect(await signed(token)).toMatchObject({ status: 401, code: 'replayed' });
      // The public key as secret of an HMAC: the oldest trick (RFC 8725 §2.1).
      const pem = publicKey.export({ type: 'spki', format: 'pem' });
      const confused = { ...device, alg: 'HS256' as const, key: Buffer.from(pem).toString('base64url') };
      expect(await bearer(bearerToken(confused))).toMatchObject({ status: 401, code: 'invalid_token' });
    }
  });
});

describe('size', () => {
  const allScopes = 'telemetry attributes rpc ota';

  test('a token has 200 to 300 bytes in both modes, with every scope and the longest name that a key is given', async () => {
    const profileId = await makeProfile();
    await app.request('POST', `/v1/profiles/${profileId}/group-key`, {});
    const derived = await makeDevice({ derived: true }, { profileId });
    const plain = await makeDevice();
    expect(derived.kid.length).toBeGreaterThan(plain.kid.length);
    for (const device of [plain, derived]) {
      const tokens = [
        bearerToken(device, { scope: 'ota' }),
        bearerToken(device, { scope: allScopes }),
        signedToken(device, 'POST', path, body),
      ];
      for (const token of tokens) {
        expect(token.length).toBeGreaterThanOrEqual(200);
        expect(token.length).toBeLessThanOrEqual(300);
      }
      expect(await bearer(tokens[1] ?? '')).toMatchObject({ status: 200 });
      expect(await signed(tokens[2] ?? '')).toMatchObject({ status: 200 });
    }
  });

  test('so does one that the server makes', async () => {
    const { kid, key } = await makeDevice();
    const form = { grant_type: 'client_credentials', client_id: kid, client_secret: key };
    const answer = await fetch(`${app.url}/api/v1/auth/token`, { method: 'POST', body: new URLSearchParams(form) });
    const { access_token: token } = (await answer.json()) as { access_token: string };
    expect(token.length).toBeGreaterThanOrEqual(200);
    expect(token.length).toBeLessThanOrEqual(300);
  });

  test('ids may stand in a token, as client id and in the platform API in either form', async () => {
    const device = await makeDevice();
    expect(device.deviceId).toMatch(/^[A-Za-z0-9_-]{22}$/);
    expect(device.instance).toMatch(/^[A-Za-z0-9_-]{22}$/);
    const long = toUuid(device.deviceId) ?? '';
    const aud = toUuid(device.instance);
    expect(await bearer(bearerToken(device, { sub: long, aud: [aud] }))).toMatchObject({ status: 200 });
    expect(await signed(signedToken(device, 'POST', path, body, { sub: long }))).toMatchObject({ status: 200 });
    for (const id of [device.deviceId, long]) {
      const form = { grant_type: 'client_credentials', client_id: id, client_secret: device.key };
      const answer = await fetch(`${app.url}/api/v1/auth/token`, { method: 'POST', body: new URLSearchParams(form) });
      expect(answer.status).toBe(200);
      const read = await app.request('GET', `/v1/devices/${id}`);
      expect(await read.json()).toMatchObject({ id: long });
    }
    expect((await app.request('GET', `/v1/devices/${device.deviceId.slice(0, 21)}B`)).status).toBe(400);
  });

  test('a key that is called like another device does not stand in its way', async () => {
    const device = await makeDevice();
    const other = await makeDevice({ kid: device.deviceId });
    for (const { key } of [device, other]) {
      const form = { grant_type: 'client_credentials', client_id: device.deviceId, client_secret: key };
      const answer = await fetch(`${app.url}/api/v1/auth/token`, { method: 'POST', body: new URLSearchParams(form) });
      expect(answer.status).toBe(200);
    }
  });
});

describe('one credential', () => {
  test('none is 401 missing_token', async () => {
    for (const authorization of [undefined, 'Basic YTpi', 'Digest x']) {
      const answer = await send('POST', path, authorization, body);
      expect(answer).toMatchObject({ status: 401, code: 'missing_token' });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="gapura", DeviceJWT realm="gapura"');
    }
  });

  test('one in the path and one in the header, or two in the header, are 400 invalid_request', async () => {
    const token = bearerToken(await makeDevice());
    const { id, credentials } = (await (
      await app.request('POST', '/v1/devices', { name: `device ${made++}` })
    ).json()) as { id: string; credentials: { token: string } };
    expect(id).toBeTruthy();
    expect(await send('POST', `/api/v1/${credentials.token}/telemetry`, undefined, body)).toMatchObject({
      status: 200,
    });
    expect(await send('POST', `/api/v1/${credentials.token}/telemetry`, `Bearer ${token}`, body)).toMatchObject({
      status: 400,
      code: 'invalid_request',
    });
    expect(await send('POST', path, `Bearer ${token}, DeviceJWT ${token}`, body)).toMatchObject({ status: 400 });
  });
});

describe('signed', () => {
  test('a signed request passes once, and its answer is proved', async () => {
    const device = await makeDevice();
    const token = signedToken(device, 'POST', path, body);
    const answer = await signed(token);
    expect(answer).toMatchObject({ status: 200, text: '' });
    expect(answer.headers.get('device-proof')).toBe(expectedProof(device.key, jtiOf(token), 200, ''));
    expect(await signed(token)).toMatchObject({ status: 401, code: 'replayed' });
  });

  test('the proof covers bodies and refusals of the handler too', async () => {
    const device = await makeDevice();
    const get = signedToken(device, 'GET', '/api/v1/attributes?sharedKeys=a');
    const read = await send('GET', '/api/v1/attributes?sharedKeys=a', `DeviceJWT ${get}`);
    expect(read).toMatchObject({ status: 200, text: '{}' });
    expect(read.headers.get('device-proof')).toBe(expectedProof(device.key, jtiOf(get), 200, '{}'));
    const bad = signedToken(device, 'POST', path, 'nonsense');
    const refused = await send('POST', path, `DeviceJWT ${bad}`, 'nonsense');
    expect(refused.status).toBe(400);
    expect(refused.headers.get('device-proof')).toBe(expectedProof(device.key, jtiOf(bad), 400, refused.text));
  });

  test('method, path, query and body are what was signed', async () => {
    const device = await makeDevice();
    const mismatched = { status: 401, code: 'request_mismatch' };
    expect(await signed(signedToken(device, 'POST', path, `${body} `))).toMatchObject(mismatched);
    expect(await signed(signedToken(device, 'POST', '/api/v1/attributes', body))).toMatchObject(mismatched);
    expect(await signed(signedToken(device, 'POST', `${path}?a=1`, body))).toMatchObject(mismatched);
    expect(await signed(signedToken(device, 'PUT', path, body))).toMatchObject(mismatched);
    expect(await signed(signedToken(device, 'POST', path, body, { rqh: undefined }))).toMatchObject(mismatched);
  });

  test('a request that was refused for its body does not use up the jti', async () => {
    const device = await makeDevice();
    const token = signedToken(device, 'POST', path, body);
    expect(await send('POST', path, `DeviceJWT ${token}`, '{"temperature":99}')).toMatchObject({
      code: 'request_mismatch',
    });
    expect(await signed(token)).toMatchObject({ status: 200 });
  });

  test('tokens may overtake each other within 32 ms, and none passes twice', async () => {
    const device = await makeDevice();
    const ms = Date.now() - 100;
    const at = (jti: number): string => {
      const iat = Math.floor(jti / 1000);
      return signedToken(device, 'POST', path, body, { iat, exp: iat + 60, jti: String(jti) });
    };
    for (const offset of [40, 20, 8, 39])
      expect(await signed(at(ms + offset)), `${offset}`).toMatchObject({ status: 200 });
    for (const offset of [40, 20, 8, 39, 7, 0]) {
      expect(await signed(at(ms + offset)), `${offset}`).toMatchObject({ code: 'replayed' });
    }
  });

  test('a jti that is not its iat in ms is 401 invalid_token', async () => {
    const device = await makeDevice();
    for (const jti of [String(Date.now() + 5000), 'x', '', '1e12', 5]) {
      expect(await signed(signedToken(device, 'POST', path, body, { jti }))).toMatchObject({ code: 'invalid_token' });
    }
  });

  test('it lives 300 s at most, and a bearer token is none', async () => {
    const device = await makeDevice();
    const exp = nowS() + 302;
    expect(await signed(signedToken(device, 'POST', path, body, { exp }))).toMatchObject({ code: 'invalid_token' });
    expect(await signed(bearerToken(device))).toMatchObject({ code: 'invalid_token' });
    expect(await bearer(signedToken(device, 'POST', path, body))).toMatchObject({ code: 'invalid_token' });
  });

  test('a body that is too large is 413 before it is hashed', async () => {
    const device = await makeDevice();
    const token = signedToken(device, 'POST', path, 'x');
    expect(await send('POST', path, `DeviceJWT ${token}`, 'x'.repeat(1_100_000))).toMatchObject({ status: 413 });
  });

  test('a strict profile asks for the nonce, and gives the next one with each answer', async () => {
    const profileId = await makeProfile({ minAuth: 'signed', requireNonce: true });
    const device = await makeDevice({}, { profileId });
    const first = await signed(signedToken(device, 'POST', path, body));
    expect(first).toMatchObject({ status: 401, code: 'use_nonce' });
    const nonce = first.headers.get('device-nonce') ?? '';
    const second = await signed(signedToken(device, 'POST', path, body, { nonce }));
    expect(second).toMatchObject({ status: 200 });
    expect(second.headers.get('device-nonce')).toMatch(/^[A-Za-z0-9_-]{24}$/);
    const other = await makeDevice({}, { profileId });
    expect(await signed(signedToken(other, 'POST', path, body, { nonce }))).toMatchObject({ code: 'use_nonce' });
    const time = await fetch(`${app.url}/api/v1/time?kid=${other.kid}`);
    const told = (await time.json()) as { now: number; nonce: string };
    expect(Math.abs(told.now - Date.now())).toBeLessThan(60_000);
    expect(time.headers.get('device-nonce')).toBe(told.nonce);
    expect(await signed(signedToken(other, 'POST', path, body, { nonce: told.nonce }))).toMatchObject({ status: 200 });
  });
});

describe('no way down', () => {
  const modes = ['token', 'bearer', 'signed', 'mtls'] as const;

  test.each(modes)('a profile with minAuth %s takes that and what is stronger, nothing weaker', async (minAuth) => {
    const profileId = await makeProfile({ minAuth, tokenInPath: true });
    const device = await makeDevice({}, { profileId });
    const made = await app.request('POST', '/v1/devices', { name: `plain ${minAuth}`, profileId });
    const { credentials } = (await made.json()) as { credentials: { token: string } };
    const expected = (mode: (typeof modes)[number]) =>
      modes.indexOf(mode) >= modes.indexOf(minAuth) ? { status: 200 } : { status: 403, code: 'auth_too_weak' };
    expect(await send('POST', `/api/v1/${credentials.token}/telemetry`, undefined, body)).toMatchObject(
      expected('token'),
    );
    expect(await bearer(bearerToken(device))).toMatchObject(expected('bearer'));
    // Before anything else is looked at: times, scope and body do not matter.
    if (minAuth === 'signed') {
      expect(await bearer(bearerToken(device, { iat: 0, exp: 5, scope: '' }))).toMatchObject({ code: 'auth_too_weak' });
    }
    expect(await signed(signedToken(device, 'POST', path, body))).toMatchObject(expected('signed'));
  });

  test('a token that was remembered is refused as soon as the profile asks for more', async () => {
    const profileId = await makeProfile({});
    const device = await makeDevice({}, { profileId });
    const token = bearerToken(device);
    expect(await bearer(token)).toMatchObject({ status: 200 });
    await app.request('PATCH', `/v1/profiles/${profileId}`, { minAuth: 'signed' });
    expect(await bearer(token)).toMatchObject({ status: 403, code: 'auth_too_weak' });
    await app.request('PATCH', `/v1/profiles/${profileId}`, { minAuth: 'bearer', tlsOnly: true });
    expect(await bearer(token)).toMatchObject({ status: 403, code: 'https_required' });
  });
});

describe('keys live and die', () => {
  test('the key is told when it is made and never again', async () => {
    const device = await makeDevice();
    const read = await (await app.request('GET', `/v1/devices/${device.deviceId}/credentials`)).text();
    expect(read).toContain(device.kid);
    expect(read).not.toContain(device.key);
    expect(device.key).toMatch(/^[A-Za-z0-9_-]{43}$/);
  });

  test('a disabled device and a revoked key are refused with the next request', async () => {
    const device = await makeDevice();
    const token = bearerToken(device);
    expect(await bearer(token)).toMatchObject({ status: 200 });
    await app.request('PATCH', `/v1/devices/${device.deviceId}`, { enabled: false });
    expect(await bearer(token)).toMatchObject({ status: 403, code: 'device_disabled' });
    expect(await signed(signedToken(device, 'POST', path, body))).toMatchObject({ code: 'device_disabled' });
    expect(await bearer(bearerToken({ ...device, key: 'AAAA' }))).toMatchObject({ code: 'invalid_token' });
    await app.request('PATCH', `/v1/devices/${device.deviceId}`, { enabled: true });
    expect(await bearer(token)).toMatchObject({ status: 200 });
    await app.request('DELETE', `/v1/devices/${device.deviceId}/credentials`);
    expect(await bearer(token)).toMatchObject({ status: 401, code: 'invalid_token' });
  });

  test('after a rotation the old key ends when the new one has been used', async () => {
    const device = await makeDevice();
    const old = bearerToken(device);
    expect(await bearer(old)).toMatchObject({ status: 200 });
    const rotated = await app.request('POST', `/v1/devices/${device.deviceId}/credentials/rotate`, {
      overlapSeconds: 3600,
    });
    const told = (await rotated.json()) as { credentials: JwtCredentials; retiring: { credentials: JwtCredentials } };
    expect(told.retiring.credentials).not.toHaveProperty('key');
    const next = { ...device, kid: told.credentials.kid, key: told.credentials.key ?? '' };
    expect(await bearer(old)).toMatchObject({ status: 200 });
    expect(await bearer(bearerToken(next))).toMatchObject({ status: 200 });
    await expect.poll(async () => (await bearer(old)).code, { timeout: 5000 }).toBe('invalid_token');
    expect(await bearer(bearerToken(next, { jti: '1' }))).toMatchObject({ status: 200 });
  });

  test('a device takes its next key over plain HTTP without the key travelling', async () => {
    const device = await makeDevice();
    const ask = async (as: JwtDeviceKey): Promise<{ answer: Answer; token: string }> => {
      const token = signedToken(as, 'POST', '/api/v1/auth/key');
      return { answer: await send('POST', '/api/v1/auth/key', `DeviceJWT ${token}`), token };
    };
    const lost = await ask(device);
    expect(lost.answer.status).toBe(200);
    const { answer, token } = await ask(device);
    expect(answer.headers.get('device-proof')).toBe(expectedProof(device.key, jtiOf(token), 200, answer.text));
    const { kid, salt, key } = JSON.parse(answer.text) as { kid: string; salt: string; key?: string };
    expect(key).toBeUndefined();
    const derive = (name: string, text: string): string =>
      hmac(device.key, `gapura-next-key-v1\n${name}\n`, Buffer.from(text, 'base64url')).toString('base64url');
    const next = { ...device, kid, key: derive(kid, salt) };
    // The one that was asked for first has never been used, and is forgotten.
    const first = JSON.parse(lost.answer.text) as { kid: string; salt: string };
    const forgotten = { ...device, kid: first.kid, key: derive(first.kid, first.salt) };
    expect(await signed(signedToken(forgotten, 'POST', path, body))).toMatchObject({ code: 'invalid_token' });
    expect(await signed(signedToken(device, 'POST', path, body))).toMatchObject({ status: 200 });
    expect(await signed(signedToken(next, 'POST', path, body))).toMatchObject({ status: 200 });
    await expect
      .poll(async () => (await signed(signedToken(device, 'POST', path, body))).code, { timeout: 5000 })
      .toBe('invalid_token');
    expect(await signed(signedToken(next, 'POST', path, body))).toMatchObject({ status: 200 });
  });

  test('a bearer token is not enough to get the next key', async () => {
    const device = await makeDevice();
    const token = bearerToken(device, { scope: 'telemetry attributes rpc ota' });
    expect(await send('POST', '/api/v1/auth/key', `Bearer ${token}`)).toMatchObject({
      status: 403,
      code: 'auth_too_weak',
    });
  });

  test('a factory derives keys from the group key of the profile', async () => {
    const profileId = await makeProfile({ minAuth: 'signed' });
    const { groupKey } = (await (await app.request('POST', `/v1/profiles/${profileId}/group-key`, {})).json()) as {
      groupKey: string;
    };
    const name = `derived ${made++}`;
    const device = await makeDevice({ derived: true }, { profileId, name });
    expect(device.key).toBe(hmac(groupKey, name).toString('base64url'));
    expect(device.kid).toBe(hmac(device.key, 'gapura-kid-v1').toString('base64url').slice(0, 12));
    expect(await signed(signedToken(device, 'POST', path, body))).toMatchObject({ status: 200 });
    const profile = await (await app.request('GET', `/v1/profiles/${profileId}`)).text();
    expect(profile).toContain('"hasGroupKey":true');
    expect(profile).not.toContain(groupKey);

    expect((await app.request('DELETE', `/v1/profiles/${profileId}/group-key`)).status).toBe(204);
    const refused = await app.request('POST', '/v1/devices', {
      ...{ name: `${name} after`, profileId, credentials: { type: 'JWT', derived: true } },
    });
    expect(refused.status).toBe(400);
    expect(await signed(signedToken(device, 'POST', path, body))).toMatchObject({ status: 200 });
  });
});

describe('tokens from the server', () => {
  const ask = async (form: Record<string, string>, headers: Record<string, string> = {}) => {
    const response = await fetch(`${app.url}/api/v1/auth/token`, {
      method: 'POST',
      headers,
      body: new URLSearchParams(form),
    });
    return {
      status: response.status,
      headers: response.headers,
      body: (await response.json()) as Record<string, unknown>,
    };
  };
  const grant = { grant_type: 'client_credentials' };

  test('client id and secret give a bearer token, by device id, by kid, as JSON and by Basic', async () => {
    const device = await makeDevice();
    const { deviceId, kid, key } = device;
    const byId = await ask({ ...grant, client_id: deviceId, client_secret: key });
    expect(byId).toMatchObject({
      status: 200,
      body: { token_type: 'Bearer', expires_in: 3600, scope: 'telemetry attributes rpc ota' },
    });
    expect(byId.headers.get('cache-control')).toBe('no-store');
    expect(await bearer(String(byId.body['access_token']))).toMatchObject({ status: 200 });
    const narrow = await ask({ ...grant, client_id: kid, client_secret: key, scope: 'attributes' });
    expect(narrow.body['scope']).toBe('attributes');
    expect(await bearer(String(narrow.body['access_token']))).toMatchObject({ code: 'insufficient_scope' });
    const json = await fetch(`${app.url}/api/v1/auth/token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ ...grant, client_id: kid, client_secret: key }),
    });
    expect(json.status).toBe(200);
    const basic = `Basic ${Buffer.from(`${kid}:${key}`).toString('base64')}`;
    expect(await ask(grant, { authorization: basic })).toMatchObject({ status: 200 });
  });

  test('an assertion gives one once, also to a device whose key the server does not have', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const given = { alg: 'ES256', publicKey: publicKey.export({ format: 'jwk' }) };
    const device = { ...(await makeDevice(given)), key: privateKey };
    const iat = nowS();
    const claims = { iss: device.kid, sub: device.kid, aud: `${app.url}/api/v1/auth/token`, iat, exp: iat + 60 };
    const form = {
      ...grant,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: makeToken(device, claims),
    };
    const answer = await ask(form);
    expect(answer).toMatchObject({ status: 200 });
    const token = String(answer.body['access_token']);
    expect(await bearer(token)).toMatchObject({ status: 200 });
    expect(await ask(form)).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
    const jwks = (await (await fetch(`${app.url}/.well-known/jwks.json`)).json()) as { keys: { kid: string }[] };
    const header = JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
    expect(header.kid).toBe(jwks.keys[0]?.kid);
    expect(JSON.stringify(jwks)).not.toContain('"d"');
    await app.request('DELETE', `/v1/devices/${device.deviceId}/credentials`);
    expect(await bearer(token)).toMatchObject({ status: 401, code: 'invalid_token' });
  });

  test.each<[string, (d: JwtDeviceKey & { key: string }) => Record<string, string>, number, string]>([
    ['no grant type', (d) => ({ client_id: d.kid, client_secret: d.key }), 400, 'invalid_request'],
    ['another grant type', () => ({ grant_type: 'password' }), 400, 'unsupported_grant_type'],
    ['no client', () => grant, 400, 'invalid_request'],
    ['a wrong secret', (d) => ({ ...grant, client_id: d.kid, client_secret: `${d.key}x` }), 401, 'invalid_client'],
    ['an unknown client', (d) => ({ ...grant, client_id: 'nobody', client_secret: d.key }), 401, 'invalid_client'],
    [
      'an unknown scope',
      (d) => ({ ...grant, client_id: d.kid, client_secret: d.key, scope: 'all' }),
      400,
      'invalid_scope',
    ],
  ])('%s is refused', async (_what, form, status, error) => {
    const answer = await ask(form(await makeDevice()));
    expect(answer).toMatchObject({ status, body: { error } });
    expect(answer.body).not.toHaveProperty('access_token');
  });

  test('a profile that asks for signed requests gets none', async () => {
    const device = await makeDevice({}, { profileId: await makeProfile({ minAuth: 'signed' }) });
    const answer = await ask({ ...grant, client_id: device.kid, client_secret: device.key });
    expect(answer).toMatchObject({ status: 403, body: { code: 'auth_too_weak' } });
  });
});

test('what was refused is seen as security events, many of a kind in one', async () => {
  const device = await makeDevice();
  for (let i = 0; i < 5; i++) await signed(signedToken(device, 'POST', path, 'other'));
  const id = toUuid(device.deviceId);
  // By the id that people see, and by the short one that the device and its tokens have.
  for (const wanted of [id, device.deviceId]) {
    const response = await app.request('GET', `/v1/security-events?deviceId=${wanted}`);
    const { items } = (await response.json()) as { items: object[] };
    expect(items).toMatchObject([
      { kind: 'device_token.refused', reason: 'request_mismatch', count: 5, device: { id } },
    ]);
  }
  const metrics = await (await app.request('GET', '/metrics')).text();
  expect(metrics).toContain('gapura_security_events_total{kind="device_token.refused",reason="request_mismatch"}');
});
