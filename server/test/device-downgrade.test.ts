/** No way down: what a profile asks for × what a device has × how it shows it, and replays over several connections. */
import { generateKeyPairSync } from 'node:crypto';
import http from 'node:http';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type MinAuth, minAuths } from '#contract/profiles.ts';
import { createTestApp, type TestApp } from './create-test-app.ts';
import { bearerToken, type JwtDeviceKey, makeToken, requestHash, signedToken } from './device-jwt.ts';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.stop());

const path = '/api/v1/telemetry';
const body = '{"temperature":21}';
let made = 0;

async function create<T>(url: string, fields: object): Promise<T> {
  const response = await app.request('POST', url, { name: `name ${made++}`, ...fields });
  const text = await response.text();
  expect(response.status, text).toBe(201);
  return JSON.parse(text) as T;
}

/** What a device has: an access token, a password, or a key. */
interface Holder {
  readonly token: string;
  readonly userName: string;
  readonly key: JwtDeviceKey;
}

const keyTypes = { ES256: ['ec', { namedCurve: 'P-256' }], EdDSA: ['ed25519', {}] } as const;
const holdings = ['ACCESS_TOKEN', 'MQTT_BASIC', 'HS256', 'ES256', 'EdDSA'] as const;
type Holding = (typeof holdings)[number];

async function makeHolder(holding: Holding, profileId: string): Promise<Holder> {
  const userName = `user ${made++}`;
  if (holding === 'ACCESS_TOKEN' || holding === 'MQTT_BASIC') {
    const credentials = holding === 'MQTT_BASIC' && { credentials: { type: holding, userName, password: 'password' } };
    const device = await create<{ credentials: { token?: string } }>('/v1/devices', { profileId, ...credentials });
    const key = { kid: 'none', key: 'none', deviceId: 'none', instance: 'none' };
    return { token: device.credentials.token ?? userName, userName, key };
  }
  const pair =
    holding === 'HS256'
      ? undefined
      : holding === 'ES256'
        ? generateKeyPairSync(...keyTypes.ES256)
        : generateKeyPairSync(...keyTypes.EdDSA);
  const publicKey = pair?.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const { credentials } = await create<{
    credentials: { kid: string; key?: string; deviceId: string; instance: string };
  }>('/v1/devices', {
    profileId,
    credentials: { type: 'JWT', ...(pair !== undefined && { alg: holding, publicKey }) },
  });
  const { kid, key, deviceId, instance } = credentials;
  return {
    token: kid,
    userName: kid,
    key: { kid, key: key ?? pair?.privateKey ?? '', deviceId, instance, alg: holding },
  };
}

interface Outcome {
  readonly isIn: boolean;
  /** `auth_too_weak` and so on; the reason code of MQTT as text. */
  readonly code: string;
}

async function send(target: string, authorization?: string): Promise<Outcome> {
  const headers = authorization === undefined ? {} : { authorization };
  const response = await fetch(app.url + target, { method: 'POST', headers, body });
  const text = await response.text();
  return { isIn: response.status === 200, code: text === '' ? `${response.status}` : JSON.parse(text).code };
}

async function connect(username: string, password?: string): Promise<Outcome> {
  const options = {
    username,
    ...(password !== undefined && { password }),
    protocolVersion: 5,
    reconnectPeriod: 0,
  } as const;
  try {
    await (await connectAsync(app.mqttUrl, options)).endAsync();
    return { isIn: true, code: '0' };
  } catch (error) {
    return { isIn: false, code: String((error as { code?: number }).code) };
  }
}

/** How something is shown, and how strong that is. `for`: who can show it at all; others must always be refused. */
const ways: Readonly<
  Record<string, { readonly mode: MinAuth; readonly for: readonly Holding[]; ask(holder: Holder): Promise<Outcome> }>
> = {
  'a token in the path': {
    ...{ mode: 'token', for: ['ACCESS_TOKEN'] },
    ask: ({ token }) => send(`/api/v1/${encodeURIComponent(token)}/telemetry`),
  },
  'an MQTT user name': { ...{ mode: 'token', for: ['ACCESS_TOKEN'] }, ask: ({ token }) => connect(token) },
  'an MQTT user name and password': {
    ...{ mode: 'token', for: ['MQTT_BASIC'] },
    ask: ({ userName }) => connect(userName, 'password'),
  },
  'a bearer token': {
    ...{ mode: 'bearer', for: ['HS256', 'ES256', 'EdDSA'] },
    ask: ({ key }) => send(path, `Bearer ${bearerToken(key)}`),
  },
  'a bearer token over MQTT': {
    ...{ mode: 'bearer', for: ['HS256', 'ES256', 'EdDSA'] },
    ask: ({ key }) => connect('jwt', bearerToken(key)),
  },
  'a signed request': {
    ...{ mode: 'signed', for: ['HS256', 'ES256', 'EdDSA'] },
    ask: ({ key }) => send(path, `DeviceJWT ${signedToken(key, 'POST', path, body)}`),
  },
  'a bearer token as a signed one': {
    ...{ mode: 'signed', for: [] },
    ask: ({ key }) => send(path, `DeviceJWT ${bearerToken(key)}`),
  },
  'a signed token as a bearer': {
    ...{ mode: 'bearer', for: [] },
    ask: ({ key }) => send(path, `Bearer ${signedToken(key, 'POST', path, body)}`),
  },
  'a signed token over MQTT': {
    ...{ mode: 'bearer', for: [] },
    ask: ({ key }) => connect('jwt', signedToken(key, 'POST', path, body)),
  },
  'a key as an access token': { ...{ mode: 'token', for: [] }, ask: ({ key }) => send(`/api/v1/${key.kid}/telemetry`) },
};

/** Without a key nothing is signed; and who tries unknown user names is soon held up, which is not what this is about. */
const canAsk = (holding: Holding, name: string): boolean => {
  if (ways[name]?.mode !== 'token') return holding !== 'ACCESS_TOKEN' && holding !== 'MQTT_BASIC';
  return !name.includes('MQTT') || ways[name].for.includes(holding);
};

describe.each(minAuths)('a profile with minAuth %s', (minAuth) => {
  test.each(holdings)(
    'and a device with %s: what is weaker is refused by name, what it cannot show by any',
    async (holding) => {
      const { id } = await create<{ id: string }>('/v1/profiles', { minAuth, tokenInPath: true });
      const holder = await makeHolder(holding, id);
      for (const [name, { mode, for: able, ask }] of Object.entries(ways)) {
        if (!canAsk(holding, name)) continue;
        const isEnough = minAuths.indexOf(mode) >= minAuths.indexOf(minAuth);
        const outcome = await ask(holder);
        expect({ name, isIn: outcome.isIn }).toEqual({ name, isIn: able.includes(holding) && isEnough });
        if (able.includes(holding) && !isEnough) {
          expect({ name, code: outcome.code }).toEqual({ name, code: name.includes('MQTT') ? '135' : 'auth_too_weak' });
        }
      }
    },
  );
});

test('tlsOnly refuses every way without TLS, whatever the device has', async () => {
  const { id } = await create<{ id: string }>('/v1/profiles', { minAuth: 'token', tokenInPath: true, tlsOnly: true });
  for (const holding of holdings) {
    const holder = await makeHolder(holding, id);
    for (const [name, { ask }] of Object.entries(ways)) {
      if (canAsk(holding, name)) expect({ name, isIn: (await ask(holder)).isIn }).toEqual({ name, isIn: false });
    }
  }
});

test('a profile that asks for nonces takes no signed request without, and none with a made-up one', async () => {
  const { id } = await create<{ id: string }>('/v1/profiles', { minAuth: 'signed', requireNonce: true });
  const { key } = await makeHolder('HS256', id);
  for (const nonce of [undefined, '', 'A'.repeat(24)]) {
    expect(await send(path, `DeviceJWT ${signedToken(key, 'POST', path, body, { nonce })}`)).toEqual({
      ...{ isIn: false, code: 'use_nonce' },
    });
  }
});

describe('replays', () => {
  /** One TCP connection, whose requests go out one after the other. */
  function openConnection(): (token: string) => Promise<string> {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    return (token) =>
      new Promise((resolve, reject) => {
        const headers = { authorization: `DeviceJWT ${token}` };
        const request = http.request(app.url + path, { method: 'POST', headers, agent }, (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
          });
          response.on('end', () => resolve(text === '' ? `${response.statusCode}` : JSON.parse(text).code));
        });
        request.on('error', reject).end(body);
      });
  }

  const tokenAt = (key: JwtDeviceKey, ms: number): string => {
    const iat = Math.floor(ms / 1000);
    const claims = { sub: key.deviceId, iat, exp: iat + 60, jti: String(ms), rqh: requestHash('POST', path, body) };
    return makeToken(key, claims, { typ: 'dr+jwt' });
  };

  test('from two connections in disorder each passes once: at whichever it comes first', async () => {
    const { id } = await create<{ id: string }>('/v1/profiles', { minAuth: 'signed' });
    const { key } = await makeHolder('HS256', id);
    const [one, two] = [openConnection(), openConnection()];
    const now = Date.now();
    const tokens = Array.from({ length: 33 }, (_, i) => tokenAt(key, now + i));
    // The highest first: the 32 below it are still good, in any order.
    expect(await one(tokens[32] ?? '')).toBe('200');
    const order = tokens.slice(0, 32).map((token, i) => ({ token, rank: (i * 13) % 32 }));
    const disorder = order.toSorted((a, b) => a.rank - b.rank).map(({ token }) => token);
    const passes = new Map<string, number>();
    await Promise.all(
      [one, two].map(async (connection, c) => {
        for (const token of c === 0 ? disorder : disorder.toReversed()) {
          const answer = await connection(token);
          if (answer === '200') passes.set(token, (passes.get(token) ?? 0) + 1);
          else expect(answer).toBe('replayed');
        }
      }),
    );
    expect([...passes.values()]).toEqual(Array.from({ length: 32 }, () => 1));
    for (const connection of [one, two]) {
      for (const token of tokens) expect(await connection(token)).toBe('replayed');
      expect(await connection(tokenAt(key, now - 1))).toBe('replayed');
    }
    expect(await two(tokenAt(key, now + 33))).toBe('200');
  });
});
