/** What a device has open ends as soon as it would not be let in again, over HTTP and MQTT, against a whole Gapura. */
import { connectAsync, type MqttClient } from 'mqtt';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { JwtCredentials } from '#contract/credentials.ts';
import { createTestApp, type TestApp } from './create-test-app.ts';
import { bearerToken, type JwtDeviceKey, signedToken } from './device-jwt.ts';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.stop());

let made = 0;

async function post<T>(url: string, body: object): Promise<T> {
  const response = await app.request('POST', url, body);
  const text = await response.text();
  expect(response.status, text).toBeLessThan(300);
  return JSON.parse(text) as T;
}

const makeProfile = async (fields: object = {}): Promise<string> =>
  (await post<{ id: string }>('/v1/profiles', { name: `profile ${made++}`, tokenInPath: true, ...fields })).id;

/** A device with what it proves itself with. */
interface Device {
  readonly id: string;
  readonly profileId: string;
  /** '' when it has a key. */
  readonly token: string;
  readonly userName: string;
  readonly key: JwtDeviceKey;
}

type Shown = { readonly type: string; readonly password?: string };

const userNameOf = ({ type }: Shown, name: string) => type === 'MQTT_BASIC' && { userName: name };

/** @param credentials undefined: those that a device gets by itself, an access token; user names are its name */
async function makeDevice(credentials?: Shown): Promise<Device> {
  const profileId = await makeProfile();
  const name = `device ${made++}`;
  const device = await post<{ id: string; credentials: Partial<JwtCredentials> & { token?: string } }>('/v1/devices', {
    ...{ name, profileId },
    ...(credentials !== undefined && { credentials: { ...credentials, ...userNameOf(credentials, name) } }),
  });
  const { kid = '', key = '', deviceId = '', instance = '', token = '' } = device.credentials;
  return { id: device.id, profileId, token, userName: name, key: { kid, key, deviceId, instance } };
}

/** Something that a device has open. */
interface Opened {
  /** A status, or the reason code of a DISCONNECT. */
  readonly ended: Promise<number>;
}

async function connect(options: { username: string; password?: string; clientId?: string }): Promise<Opened> {
  const client: MqttClient = await connectAsync(app.mqttUrl, { ...options, protocolVersion: 5, reconnectPeriod: 0 });
  onTestFinished(() => void client.end(true));
  return { ended: new Promise((resolve) => client.once('disconnect', ({ reasonCode = 0 }) => resolve(reasonCode))) };
}

const pollTarget = '/api/v1/attributes/updates?timeout=120000';

/** A poll that waits for longer than a test may take. */
async function poll(device: Device, path: string, authorization?: string): Promise<Opened> {
  const headers = authorization === undefined ? {} : { authorization };
  const ended = fetch(app.url + path, { headers }).then(async (answer) => {
    await answer.text();
    return answer.status;
  });
  // Polling makes a device active: the server has it.
  const isActive = async () => (await (await app.request('GET', `/v1/devices/${device.id}`)).json()) as object;
  await expect.poll(isActive).toMatchObject({ active: true });
  return { ended };
}

interface Way {
  readonly transport: 'mqtt' | 'http';
  readonly credentials: Shown | undefined;
  open(device: Device): Promise<Opened>;
}

const ways: Readonly<Record<string, Way>> = {
  'an MQTT session by access token': {
    transport: 'mqtt',
    credentials: undefined,
    open: ({ token }) => connect({ username: token }),
  },
  'an MQTT session by user name and password': {
    transport: 'mqtt',
    credentials: { type: 'MQTT_BASIC', password: 'correct horse' },
    open: ({ userName }) => connect({ username: userName, password: 'correct horse' }),
  },
  'an MQTT session by bearer token': {
    transport: 'mqtt',
    credentials: { type: 'JWT' },
    open: ({ key }) => connect({ username: 'jwt', password: bearerToken(key) }),
  },
  'a poll with the token in the path': {
    transport: 'http',
    credentials: undefined,
    open: (device) => poll(device, pollTarget.replace('/v1/', `/v1/${device.token}/`)),
  },
  'a poll by bearer token': {
    transport: 'http',
    credentials: { type: 'JWT' },
    open: (device) => poll(device, pollTarget, `Bearer ${bearerToken(device.key)}`),
  },
  'a signed poll': {
    transport: 'http',
    credentials: { type: 'JWT' },
    open: (device) => poll(device, pollTarget, `DeviceJWT ${signedToken(device.key, 'GET', pollTarget)}`),
  },
};

const change = (method: string, url: string, body?: object) => app.request(method, url, body);

/** How each of them ends, by transport; MQTT by the reason codes of the reference. */
const endings: Readonly<Record<string, { end(device: Device): Promise<Response>; http: number; mqtt: number }>> = {
  'the device is disabled': {
    end: ({ id }) => change('PATCH', `/v1/devices/${id}`, { enabled: false }),
    ...{ http: 403, mqtt: 0x98 },
  },
  'the device is deleted': {
    end: ({ id }) => change('DELETE', `/v1/devices/${id}`),
    ...{ http: 403, mqtt: 0x98 },
  },
  'the credentials are revoked': {
    end: ({ id }) => change('DELETE', `/v1/devices/${id}/credentials`),
    ...{ http: 401, mqtt: 0x98 },
  },
  'the credentials are replaced': {
    end: ({ id }) => change('PUT', `/v1/devices/${id}/credentials`, { type: 'ACCESS_TOKEN', token: `fresh${made++}` }),
    ...{ http: 401, mqtt: 0x98 },
  },
  'the credentials are rotated without overlap': {
    end: ({ id }) => change('POST', `/v1/devices/${id}/credentials/rotate`, { overlapSeconds: 0 }),
    ...{ http: 401, mqtt: 0x98 },
  },
  'the overlap of a rotation is over': {
    end: ({ id }) => change('POST', `/v1/devices/${id}/credentials/rotate`, { overlapSeconds: 1 }),
    ...{ http: 401, mqtt: 0x98 },
  },
  'the profile asks for a client certificate': {
    end: ({ profileId }) => change('PATCH', `/v1/profiles/${profileId}`, { minAuth: 'mtls' }),
    ...{ http: 408, mqtt: 0x87 },
  },
  'the profile asks for TLS': {
    end: ({ profileId }) => change('PATCH', `/v1/profiles/${profileId}`, { tlsOnly: true }),
    ...{ http: 408, mqtt: 0x87 },
  },
  'the device moves to a profile that asks for more': {
    end: async ({ id }) =>
      change('PATCH', `/v1/devices/${id}`, { profileId: await makeProfile({ minAuth: 'mtls', tlsOnly: true }) }),
    ...{ http: 408, mqtt: 0x87 },
  },
};

const names = Object.keys(ways).flatMap((way) => Object.keys(endings).map((ending) => [way, ending] as const));

test.each(names)('%s ends when %s', async (wayName, endingName) => {
  const [way, ending] = [ways[wayName], endings[endingName]];
  if (way === undefined || ending === undefined) throw new Error('no such case');
  const device = await makeDevice(way.credentials);
  const { ended } = await way.open(device);
  expect((await ending.end(device)).status).toBeLessThan(300);
  expect(await ended).toBe(ending[way.transport]);
});

/** What is weaker than each of them. */
const weaker: Readonly<Record<'bearer' | 'signed', readonly string[]>> = {
  bearer: [
    'an MQTT session by access token',
    'an MQTT session by user name and password',
    'a poll with the token in the path',
  ],
  signed: ['an MQTT session by bearer token', 'a poll by bearer token'],
};

test.each(Object.entries(weaker))('a profile with minAuth %s from now on ends what is weaker', async (minAuth, all) => {
  for (const name of all) {
    const way = ways[name];
    if (way === undefined) throw new Error('no such case');
    const device = await makeDevice(way.credentials);
    const { ended } = await way.open(device);
    await change('PATCH', `/v1/profiles/${device.profileId}`, { minAuth });
    expect(await ended).toBe(way.transport === 'mqtt' ? 0x87 : 408);
  }
});

test('what is strong enough stays, and hears of changes', async () => {
  const device = await makeDevice({ type: 'JWT' });
  const { ended } = await poll(device, pollTarget, `DeviceJWT ${signedToken(device.key, 'GET', pollTarget)}`);
  await change('PATCH', `/v1/profiles/${device.profileId}`, { minAuth: 'signed', tokenInPath: false });
  await change('PATCH', `/v1/profiles/${device.profileId}`, { description: 'nothing that concerns it' });
  await change('PATCH', `/v1/devices/${device.id}`, { label: 'nor this' });
  await change('PATCH', `/v1/devices/${device.id}/attributes/shared`, { a: 1 });
  expect(await ended).toBe(200);
});

test('a path that takes no token any more ends the polls that came by it, not the MQTT sessions', async () => {
  const device = await makeDevice();
  const session = await connect({ username: device.token });
  const { ended } = await poll(device, pollTarget.replace('/v1/', `/v1/${device.token}/`));
  await change('PATCH', `/v1/profiles/${device.profileId}`, { tokenInPath: false });
  expect(await ended).toBe(408);
  await change('PATCH', `/v1/devices/${device.id}`, { enabled: false });
  // Had it ended before, it would have told another reason.
  expect(await session.ended).toBe(0x98);
});
