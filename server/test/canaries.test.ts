/**
 * Known secrets go in by every door of a Gapura that logs all it can, and are searched in all that comes out or stays:
 * its log, the answers of every route, exports, the audit log, the files while it runs and after, and the backup.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JwtCredentials } from '#contract/credentials.ts';
import { bearerToken, type JwtDeviceKey, signedToken } from './device-jwt.ts';
import { type GapuraProcess, startGapuraProcess } from './gapura-process.ts';
import { runGapura } from './run-gapura.ts';

let directory: string;
let dataDir: string;
let gapura: GapuraProcess;

/** Every secret by what it is. */
const secrets = new Map<string, string>();

function keep(name: string, secret: string): string {
  expect(secret.length, name).toBeGreaterThanOrEqual(16);
  secrets.set(name, secret);
  return secret;
}
const canary = (name: string): string => keep(name, `canary-${randomBytes(15).toString('base64url')}`);
const canaryKey = (name: string): string => keep(name, randomBytes(32).toString('base64url'));

const email = 'owner@example.com';
const marker = `marker-${randomBytes(12).toString('hex')}`;
let ownerKey: string;
let viewerKey: string;
/** A device of each kind, and where the others belong. */
const ids = { token: '', basic: '', jwt: '', profile: '', user: '' };

async function send(
  method: string,
  path: string,
  options: { body?: unknown; text?: string; type?: string; headers?: Record<string, string>; as?: string } = {},
): Promise<{ status: number; text: string; headers: Headers }> {
  const { body, type, headers, as = ownerKey } = options;
  const text = options.text ?? (body === undefined ? undefined : JSON.stringify(body));
  const response = await fetch(gapura.url + path, {
    method,
    headers: {
      ...(as !== undefined && as !== '' && { authorization: `Bearer ${as}` }),
      ...(text !== undefined && { 'content-type': type ?? 'application/json' }),
      ...headers,
    },
    ...(text !== undefined && { body: text }),
  });
  return { status: response.status, text: await response.text(), headers: response.headers };
}

async function made<T>(...request: Parameters<typeof send>): Promise<T> {
  const { status, text } = await send(...request);
  expect(status, `${request[0]} ${request[1]}: ${text}`).toBeLessThan(300);
  return JSON.parse(text) as T;
}

/** What a device sends: no key of the platform stands in it. */
const device = (method: string, path: string, options: Parameters<typeof send>[2] = {}) =>
  send(method, path, { as: '', ...options });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gapura-canaries-'));
  dataDir = join(directory, 'data');
  gapura = await startGapuraProcess(dataDir, {
    GAPURA_OWNER_EMAIL: email,
    GAPURA_OWNER_PASSWORD: canary('password of the owner'),
    GAPURA_LOG_LEVEL: 'trace',
  });
  await people();
  await devices();
  await provisioning();
  await imports();
}, 60_000);

afterAll(async () => {
  await gapura.stop();
  await rm(directory, { recursive: true });
});

async function people(): Promise<void> {
  const password = secrets.get('password of the owner');
  const session = { email, password };
  await send('POST', '/v1/session', { as: '', body: { email, password: canary('wrong password') } });
  await send('POST', '/v1/session', {
    as: '',
    text: `{"email":"${email}","password":"${canary('password in bad JSON')}"`,
  });
  const cookie = (await send('POST', '/v1/session', { as: '', body: session })).headers.getSetCookie()[0] ?? '';
  const token = keep('session cookie', /gapura_session=([^;]+)/.exec(cookie)?.[1] ?? '');
  const headers = { cookie: `gapura_session=${token}` };
  ownerKey = keep(
    'API key of the owner',
    (await made<{ key: string }>('POST', '/v1/api-keys', { as: '', headers, body: { name: 'owner', role: 'owner' } }))
      .key,
  );
  viewerKey = keep(
    'API key of a viewer',
    (await made<{ key: string }>('POST', '/v1/api-keys', { body: { name: 'viewer', role: 'viewer' } })).key,
  );
  await send('GET', '/v1/devices', {
    as: keep('unknown API key', `gpr_${'q'.repeat(20)}${randomBytes(10).toString('hex')}`),
  });
  const user = { email: 'viewer@example.com', password: canary('password of a viewer'), role: 'viewer' };
  ids.user = (await made<{ id: string }>('POST', '/v1/users', { body: user })).id;
  await made('PATCH', `/v1/users/${ids.user}`, { body: { password: canary('second password of a viewer') } });
  await send('POST', '/v1/users', { body: { ...user, password: canary('password of a user refused') } });
}

async function devices(): Promise<void> {
  const profile = await made<{ id: string }>('POST', '/v1/profiles', {
    body: {
      ...{ name: 'canaries', tokenInPath: true },
      provisioning: {
        strategy: 'ALLOW_CREATE_NEW_DEVICES',
        key: 'canary-provision',
        secret: canary('provision secret'),
      },
    },
  });
  ids.profile = profile.id;
  await made('POST', `/v1/profiles/${profile.id}/group-key`, { body: { key: canaryKey('group key') } });
  const make = async (name: string, credentials: object) =>
    made<{ id: string; credentials: JwtCredentials }>('POST', '/v1/devices', {
      body: { name, profileId: profile.id, credentials },
    });

  const token = canary('access token');
  ids.token = (await make('by token', { type: 'ACCESS_TOKEN', token })).id;
  const post = (path: string, text = `{"note":"${marker}"}`) => device('POST', path, { text });
  expect((await post(`/api/v1/${token}/telemetry`)).status).toBe(200);
  await post(`/api/v1/${token}/telemetry`, 'no JSON at all {');
  await post(`/api/v1/${token}/nothing`);
  await device('GET', `/api/v1/${token}/attributes?clientKeys=a`);
  await post(`/api/v1/${canary('unknown access token')}/telemetry`);
  await post(`/api/v1/telemetry?token=${token}`);
  await post(`//api/v1/${token}/telemetry`);

  const password = canary('MQTT password');
  ids.basic = (await make('by password', { type: 'MQTT_BASIC', userName: 'canary', password })).id;
  for (const options of [
    { username: 'canary', password },
    { username: token },
    { username: 'canary', password: canary('wrong MQTT password') },
    { username: canary('unknown MQTT user name') },
  ]) {
    const client = await connectAsync(gapura.mqttUrl, { ...options, reconnectPeriod: 0 }).catch(() => undefined);
    await client?.publishAsync('v1/devices/me/telemetry', `{"note":"${marker}"}`, { qos: 1 });
    await client?.endAsync();
  }

  const { id, credentials } = await make('by key', { type: 'JWT', key: canaryKey('device key') });
  ids.jwt = id;
  const key: JwtDeviceKey = {
    kid: credentials.kid,
    key: credentials.key ?? '',
    deviceId: credentials.deviceId ?? '',
    instance: credentials.instance ?? '',
  };
  const target = '/api/v1/telemetry';
  const text = `{"note":"${marker}"}`;
  const show = (authorization: string, path = target) => device('POST', path, { text, headers: { authorization } });
  expect((await show(`Bearer ${keep('bearer token', bearerToken(key))}`)).status).toBe(200);
  await show(`Bearer ${keep('stale token', bearerToken(key, { iat: 1, exp: 60 }))}`);
  await show(`Bearer ${keep('token for others', bearerToken(key, { aud: 'others' }))}`);
  expect((await show(`DeviceJWT ${keep('signed token', signedToken(key, 'POST', target, text))}`)).status).toBe(200);
  await show(`DeviceJWT ${keep('mismatched token', signedToken(key, 'GET', target, text))}`);
  await show(`DeviceJWT ${secrets.get('signed token')}`);
  const client = await connectAsync(gapura.mqttUrl, {
    username: 'jwt',
    password: keep('token over MQTT', bearerToken(key, { jti: '1' })),
  });
  await client.endAsync();
  const request = { grant_type: 'client_credentials', client_id: key.kid, client_secret: String(key.key) };
  const issued = await made<{ access_token: string }>('POST', '/api/v1/auth/token', { as: '', body: request });
  keep('issued token', issued.access_token);
  await device('POST', '/api/v1/auth/token', { body: { ...request, client_secret: canaryKey('wrong client secret') } });
  await device('POST', '/api/v1/auth/token', {
    headers: { authorization: `Basic ${btoa(`${key.kid}:${key.key}`)}` },
    text: 'grant_type=client_credentials',
    type: 'application/x-www-form-urlencoded',
  });
  await device('POST', '/api/v1/auth/key', {
    text: '{}',
    headers: { authorization: `DeviceJWT ${signedToken(key, 'POST', '/api/v1/auth/key', '{}')}` },
  });
  const rotated = await made<{ credentials: JwtCredentials }>('POST', `/v1/devices/${id}/credentials/rotate`, {
    body: { overlapSeconds: 60 },
  });
  keep('rotated key', rotated.credentials.key ?? '');
  await send('PUT', `/v1/devices/${id}/credentials`, {
    body: { type: 'ACCESS_TOKEN', token, key: canaryKey('key of a refused request') },
  });
  await send('PUT', `/v1/devices/${id}/credentials`, { body: { type: 'ACCESS_TOKEN', token } });
}

async function provisioning(): Promise<void> {
  const request = {
    deviceName: 'provisioned',
    provisionDeviceKey: 'canary-provision',
    provisionDeviceSecret: secrets.get('provision secret'),
  };
  const ask = (body: object) => device('POST', '/api/v1/provision', { body });
  const { text } = await ask(request);
  keep('token of a provisioned device', (JSON.parse(text) as { credentialsValue: string }).credentialsValue);
  await ask(request);
  await ask({ ...request, provisionDeviceSecret: canary('wrong provision secret') });
  await ask({
    ...request,
    deviceName: 'other',
    credentialsType: 'ACCESS_TOKEN',
    token: canary('token that a device brings'),
  });
  await device('POST', '/api/v1/provision', { text: `{"provisionDeviceSecret":"${canary('secret in bad JSON')}"` });
  const client = await connectAsync(gapura.mqttUrl, { username: 'provision', clientId: 'p', reconnectPeriod: 0 });
  await client.publishAsync(
    '/provision/request',
    JSON.stringify({ ...request, deviceName: 'by MQTT', provisionDeviceSecret: canary('wrong secret over MQTT') }),
  );
  await client.endAsync();
}

async function imports(): Promise<void> {
  const csv = (...rows: string[]) => ['name,credentialsType,token,userName,password', ...rows].join('\n');
  const text = csv(
    `imported,ACCESS_TOKEN,${canary('imported token')},,`,
    `imported too,MQTT_BASIC,,importer,${canary('imported password')}`,
    `refused,ACCESS_TOKEN,${secrets.get('access token')},,`,
    `refused too,NO_SUCH_TYPE,${canary('token of a refused row')},,`,
    `too,many,cells,in,this,${canary('cell too many')}`,
  );
  for (const headers of [{}, { accept: 'application/x-ndjson' }]) {
    const answer = await send('POST', '/v1/devices/import', { text, type: 'text/csv', headers });
    expect(answer.text).toContain('credentials_taken');
    search('the result of an import', answer.text);
  }
}

/** How a secret may be written down. */
function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const forms = [
    secret,
    encodeURIComponent(secret),
    bytes.toString('hex'),
    bytes.toString('base64').replace(/=+$/, ''),
  ];
  // Keys are bytes that were written as base64url.
  if (/^[\w-]{43}$/.test(secret)) {
    const key = Buffer.from(secret, 'base64url');
    forms.push(key.toString('latin1'), key.toString('hex'), key.toString('base64'));
  }
  return forms;
}

function search(where: string, text: string, allowed: readonly string[] = []): void {
  for (const [name, secret] of secrets) {
    if (allowed.includes(name)) continue;
    for (const form of formsOf(secret)) if (text.includes(form)) expect.fail(`${name} stands in ${where}`);
  }
}

/** All files but the key that seals the others, as bytes are characters. */
async function filesOf(root: string): Promise<Map<string, string>> {
  const names = (await readdir(root, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const files = names.map((entry) => join(entry.parentPath, entry.name)).filter((name) => !name.endsWith('master.key'));
  return new Map(await Promise.all(files.map(async (name) => [name, await readFile(name, 'latin1')] as const)));
}

test('the search finds what is there, however it is written', () => {
  for (const form of formsOf(secrets.get('device key') ?? '')) {
    expect(() => search('a text', `before${form}after`)).toThrow('device key stands in a text');
  }
});

describe('the platform API', () => {
  const idOf = (path: string): string =>
    path.startsWith('/v1/profiles') ? ids.profile : path.startsWith('/v1/users') ? ids.user : '';
  const queries: Readonly<Record<string, string>> = {
    '/v1/devices/{id}/telemetry': '?keys=note',
    '/v1/devices/{id}/attributes/{scope}': '',
  };

  /** Every GET of the description, for each device where it is about devices. */
  async function paths(): Promise<string[]> {
    const api = JSON.parse((await send('GET', '/v1/openapi.json')).text) as {
      paths: Record<string, Record<string, unknown>>;
    };
    const gets = Object.keys(api.paths).filter((path) => api.paths[path]?.['get'] !== undefined);
    return gets.flatMap((path) => {
      const query = queries[path] ?? '';
      const among = path.startsWith('/v1/devices/{id}') ? [ids.token, ids.basic, ids.jwt] : [idOf(path)];
      const found = among.map((id) => path.replace('{id}', id).replace('{scope}', 'server') + query);
      return path.endsWith('/telemetry')
        ? found.flatMap((url) => [url, `${url}&format=csv`, `${url}&format=ndjson`])
        : found;
    });
  }

  /** What an owner is shown on purpose. */
  const shown = (path: string): readonly string[] => {
    if (path.startsWith('/v1/profiles')) return ['provision secret'];
    return /^\/v1\/devices\/[^/]+\/credentials$/.test(path) ? ['access token', 'MQTT password'] : [];
  };

  test('tells a viewer no secret, and an owner those alone that are to be read again', async () => {
    const all = await paths();
    expect(all.length).toBeGreaterThan(25);
    for (const path of all) {
      search(`GET ${path} for a viewer`, (await send('GET', path, { as: viewerKey })).text);
      search(`GET ${path} for the owner`, (await send('GET', path)).text, shown(path));
    }
    expect((await send('GET', `/v1/devices/${ids.token}/credentials`)).text).toContain(secrets.get('access token'));
    expect((await send('GET', '/v1/audit')).text).toContain('credentials.rotated');
    search('the metrics', (await send('GET', '/metrics', { as: '' })).text);
  });
});

/** What is no secret stands there. */
function expectMarks(texts: readonly string[]): void {
  for (const mark of ['canary-provision', marker]) expect(texts.some((text) => text.includes(mark))).toBe(true);
}

test('no file holds a secret, neither while Gapura runs nor in its backup', async () => {
  const file = join(await mkdtemp(join(directory, 'backup-')), 'backup.tar.gz');
  const backup = await runGapura(['backup', file], { GAPURA_DATA_DIR: dataDir });
  expect(backup.code, backup.stderr).toBe(0);
  search('what the backup says', backup.stdout + backup.stderr);
  const packed = gunzipSync(await readFile(file)).toString('latin1');
  const running = await filesOf(dataDir);
  expect([...running.keys()].some((name) => name.endsWith('-wal'))).toBe(true);
  for (const [name, text] of [...running, ['the backup', packed] as const]) search(name, text);
  for (const texts of [[...running.values()], [packed]]) expectMarks(texts);
});

test('no file holds a secret after the end of Gapura', async () => {
  await gapura.stop();
  const stopped = await filesOf(dataDir);
  for (const [name, text] of stopped) search(name, text);
  expectMarks([...stopped.values()]);
});

test('the log holds no secret, even when all is logged', () => {
  const text = gapura.output();
  search('the log', text);
  expect(text).toContain('sign-in failed');
  expect(text).toContain('MQTT CONNECT refused');
});
