/** Who has no key learns nothing: the same bytes whether a device exists, is disabled or has other secrets. */
import { once } from 'node:events';
import { createConnection } from 'node:net';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { JwtCredentials } from '#contract/credentials.ts';
import { createTestApp, type TestApp } from './create-test-app.ts';
import { bearerToken, hmac, type JwtDeviceKey, makeToken, signedToken } from './device-jwt.ts';

let app: TestApp;
let known: JwtDeviceKey;
let disabled: JwtDeviceKey;
let strangers: Readonly<Record<string, JwtDeviceKey>>;

beforeAll(async () => {
  app = await createTestApp();
  [known, disabled] = [await makeDevice('known'), await makeDevice('disabled')];
  await app.request('PATCH', `/v1/devices/${disabled.deviceId}`, { enabled: false });
  const wrong = hmac(new Uint8Array(32), 'wrong').toString('base64url');
  strangers = {
    'a wrong secret': { ...known, key: wrong },
    'a device that is disabled': { ...disabled, key: wrong },
    'a key that nobody has': { ...known, kid: 'x'.repeat(known.kid.length), key: wrong },
    'a device that does not exist': {
      ...{ ...known, deviceId: '01890000-0000-7000-8000-000000000000' },
      ...{ kid: 'y'.repeat(known.kid.length), key: wrong },
    },
  };
});
afterAll(() => app.stop());

async function makeDevice(name: string): Promise<JwtDeviceKey> {
  const response = await app.request('POST', '/v1/devices', { name, credentials: { type: 'JWT' } });
  const { credentials } = (await response.json()) as { credentials: JwtCredentials };
  const { kid, key = '', deviceId = '', instance = '' } = credentials;
  return { kid, key, deviceId, instance };
}

/** All that comes back until the server closes, but for the time and the name of the occurrence. */
async function exchange(port: number, sent: string | Buffer): Promise<string> {
  const socket = createConnection(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(sent);
  let text = '';
  for await (const chunk of socket.setEncoding('latin1')) text += chunk;
  return text.replace(/^date: .*$/im, 'date').replace(/"instance":"[^"]*"/, '"instance"');
}

const body = '{"temperature":21}';
const path = '/api/v1/telemetry';

const http = (target: string, headers: Readonly<Record<string, string>>, content: string): Promise<string> => {
  const lines = Object.entries({ host: 'x', connection: 'close', 'content-length': `${content.length}`, ...headers });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return exchange(app.addresses.httpPort, `POST ${target} HTTP/1.1\r\n${head}\r\n${content}`);
};

const form = { 'content-type': 'application/x-www-form-urlencoded' };
const askForToken = (fields: Readonly<Record<string, string>>): Promise<string> =>
  http('/api/v1/auth/token', form, `${new URLSearchParams({ grant_type: 'client_credentials', ...fields })}`);

const assertionOf = ({ deviceId: sub, instance: aud, ...device }: JwtDeviceKey): string => {
  const iat = Math.floor(Date.now() / 1000);
  return makeToken({ ...device, deviceId: sub, instance: aud }, { iss: sub, sub, aud, iat, exp: iat + 60 });
};

const connect = (password: string, protocolVersion: 4 | 5): Promise<string> => {
  const packet = {
    ...{ cmd: 'connect', protocolId: 'MQTT', protocolVersion, clean: true, clientId: 'client', keepalive: 60 },
    ...{ username: 'jwt', password: Buffer.from(password) },
  } as Packet;
  return exchange(app.addresses.mqttPort, mqttPacket.generate(packet, { protocolVersion }));
};

/** Ways to show something, each with what stands in the refusal. */
const ways: Readonly<Record<string, { ask(as: JwtDeviceKey): Promise<string>; readonly refusal: string }>> = {
  'a bearer token': {
    ask: (as) => http(path, { authorization: `Bearer ${bearerToken(as)}` }, body),
    refusal: '"invalid_token"',
  },
  'a signed request': {
    ask: (as) => http(path, { authorization: `DeviceJWT ${signedToken(as, 'POST', path, body)}` }, body),
    refusal: '"invalid_token"',
  },
  'id and secret': {
    ask: ({ deviceId, key }) => askForToken({ client_id: deviceId, client_secret: String(key) }),
    refusal: '"invalid_client"',
  },
  'the name of a key and its secret': {
    ask: ({ kid, key }) => askForToken({ client_id: kid, client_secret: String(key) }),
    refusal: '"invalid_client"',
  },
  'an assertion': {
    ask: (as) =>
      askForToken({
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: assertionOf(as),
      }),
    refusal: '"invalid_client"',
  },
  // CONNACK with 5, not authorized; with 0x86, bad user name or password, and the DISCONNECT that follows.
  'a password of MQTT 3.1.1': { ask: (as) => connect(bearerToken(as), 4), refusal: ' \x02\x00\x05' },
  'a password of MQTT 5': { ask: (as) => connect(bearerToken(as), 5), refusal: '\x00\x86' },
};

test.each(Object.entries(ways))('strangers with %s get the same bytes', async (_name, { ask, refusal }) => {
  const answers: Record<string, string> = {};
  for (const [who, as] of Object.entries(strangers)) answers[who] = await ask(as);
  for (const [who, answer] of Object.entries(answers)) {
    expect(answer, who).toContain(refusal);
    expect(answer, who).toBe(answers['a wrong secret']);
  }
});

// MQTT 3.1.1 has one code for all of it.
const telling = Object.entries(ways).filter(([name]) => name !== 'a password of MQTT 3.1.1');

test.each(telling)('whoever has the secret of a disabled device is told so: %s', async (_name, { ask }) => {
  expect(await ask(disabled)).not.toBe(await ask(strangers['a device that is disabled'] ?? known));
});
