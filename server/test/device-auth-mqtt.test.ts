/** Devices with JSON Web Tokens over MQTT, against a whole Gapura. */
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { JwtCredentials } from '#contract/credentials.ts';
import { createTestApp, type TestApp } from './create-test-app.ts';
import { bearerToken, type JwtDeviceKey } from './device-jwt.ts';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.stop());

let made = 0;

async function makeDevice(fields: object = {}): Promise<JwtDeviceKey & { key: string }> {
  const response = await app.request('POST', '/v1/devices', {
    name: `device ${made++}`,
    credentials: { type: 'JWT' },
    ...fields,
  });
  const { credentials } = (await response.json()) as { credentials: JwtCredentials };
  const { kid, key = '', deviceId = '', instance = '' } = credentials;
  return { kid, key, deviceId, instance };
}

interface Client {
  send(packet: Packet): void;
  /** The next packet; undefined when the server has closed. */
  next(): Promise<Packet | undefined>;
}

async function open(protocolVersion: 4 | 5): Promise<Client> {
  const socket: Socket = createConnection(app.addresses.mqttPort, '127.0.0.1');
  await once(socket, 'connect');
  onTestFinished(() => void socket.destroy());
  const packets: (Packet | undefined)[] = [];
  const waiting: ((packet: Packet | undefined) => void)[] = [];
  const arrived = (packet: Packet | undefined): void => {
    const take = waiting.shift();
    if (take === undefined) packets.push(packet);
    else take(packet);
  };
  const parser = mqttPacket.parser({ protocolVersion });
  parser.on('packet', arrived);
  socket.on('data', (chunk) => parser.parse(chunk)).on('close', () => arrived(undefined));
  socket.on('error', () => undefined);
  return {
    send: (packet) => void socket.write(mqttPacket.generate(packet, { protocolVersion })),
    next: () =>
      packets.length > 0 ? Promise.resolve(packets.shift()) : new Promise((resolve) => void waiting.push(resolve)),
  };
}

const connect = (password: string, extra: object = {}): Packet =>
  ({
    cmd: 'connect',
    protocolId: 'MQTT',
    protocolVersion: 4,
    clean: true,
    clientId: `client ${made++}`,
    keepalive: 60,
    username: 'jwt',
    password: Buffer.from(password),
    ...extra,
  }) as Packet;

const publish = (topic: string, payload: string, messageId: number): Packet =>
  ({ cmd: 'publish', topic, payload, qos: 1, messageId, dup: false, retain: false }) as Packet;

const soon = (): number => Math.floor(Date.now() / 1000) - 59;

test.each(['jwt', ''])('a bearer token is the password, with the user name "%s"', async (username) => {
  const device = await makeDevice();
  const client = await open(4);
  client.send(connect(bearerToken(device), { username }));
  expect(await client.next()).toMatchObject({ cmd: 'connack', returnCode: 0 });
  client.send(publish('v1/devices/me/telemetry', '{"a":7}', 1));
  expect(await client.next()).toMatchObject({ cmd: 'puback', messageId: 1 });
  const latest = await app.request('GET', `/v1/devices/${device.deviceId}/telemetry/latest`);
  expect(JSON.stringify(await latest.json())).toContain('7');
});

test('a token that is not good is refused, and seen', async () => {
  const device = await makeDevice();
  for (const token of [
    bearerToken({ ...device, kid: 'nobody' }),
    bearerToken(device, { aud: 'other' }),
    bearerToken(device, { iat: 0, exp: 60 }),
  ]) {
    const client = await open(4);
    client.send(connect(token));
    expect(await client.next()).toMatchObject({ cmd: 'connack', returnCode: 5 });
    expect(await client.next()).toBeUndefined();
  }
  const events = await (await app.request('GET', '/v1/security-events?kind=device_token.refused')).text();
  expect(events).toContain('wrong_audience');
  expect(events).toContain('expired');
});

test('MQTT knows no signed requests: a profile that asks for them takes no session', async () => {
  const profile = await app.request('POST', '/v1/profiles', { name: 'signed only', minAuth: 'signed' });
  const { id: profileId } = (await profile.json()) as { id: string };
  const device = await makeDevice({ profileId });
  const client = await open(5);
  client.send(connect(bearerToken(device), { protocolVersion: 5 }));
  expect(await client.next()).toMatchObject({ cmd: 'connack', reasonCode: 0x87 });
});

test('topics need the scopes of the token', async () => {
  const device = await makeDevice();
  const client = await open(5);
  client.send(connect(bearerToken(device, { scope: 'attributes' }), { protocolVersion: 5 }));
  expect(await client.next()).toMatchObject({ cmd: 'connack', reasonCode: 0 });
  client.send(publish('v1/devices/me/telemetry', '{"a":1}', 1));
  expect(await client.next()).toMatchObject({ cmd: 'puback', messageId: 1, reasonCode: 0x87 });
  client.send(publish('v1/devices/me/attributes', '{"a":1}', 2));
  expect(await client.next()).toMatchObject({ cmd: 'puback', messageId: 2, reasonCode: 0 });
  client.send({
    cmd: 'subscribe',
    messageId: 3,
    subscriptions: [
      { topic: 'v1/devices/me/rpc/request/+', qos: 1 },
      { topic: 'v1/devices/me/attributes', qos: 1 },
    ],
  } as Packet);
  expect(await client.next()).toMatchObject({ cmd: 'suback', granted: [0x87, 1] });
});

test('the session ends when the token has, unless a fresh one is published', async () => {
  const device = await makeDevice();
  const [left, stays] = [await open(5), await open(5)];
  const other = await makeDevice();
  left.send(connect(bearerToken(device, { iat: soon() - 1, exp: soon() + 2 }), { protocolVersion: 5 }));
  stays.send(connect(bearerToken(other, { iat: soon() - 1, exp: soon() + 2 }), { protocolVersion: 5 }));
  expect(await left.next()).toMatchObject({ cmd: 'connack', reasonCode: 0 });
  expect(await stays.next()).toMatchObject({ cmd: 'connack', reasonCode: 0 });
  stays.send(publish('v1/devices/me/token', bearerToken(other), 1));
  expect(await stays.next()).toMatchObject({ cmd: 'puback', messageId: 1, reasonCode: 0 });
  expect(await left.next()).toMatchObject({ cmd: 'disconnect', reasonCode: 0x87 });
  expect(await left.next()).toBeUndefined();
  stays.send(publish('v1/devices/me/telemetry', '{"a":1}', 2));
  expect(await stays.next()).toMatchObject({ cmd: 'puback', messageId: 2, reasonCode: 0 });
});

test('a token of another device ends the session', async () => {
  const [device, other] = [await makeDevice(), await makeDevice()];
  const client = await open(5);
  client.send(connect(bearerToken(device), { protocolVersion: 5 }));
  expect(await client.next()).toMatchObject({ cmd: 'connack', reasonCode: 0 });
  client.send(publish('v1/devices/me/token', bearerToken(other), 1));
  expect(await client.next()).toMatchObject({ cmd: 'disconnect', reasonCode: 0x87 });
});

test('MQTT 5 authenticates by the method JWT, and again without a new connection', async () => {
  const device = await makeDevice();
  const client = await open(5);
  const properties = { authenticationMethod: 'JWT', authenticationData: Buffer.from(bearerToken(device)) };
  client.send(connect('', { protocolVersion: 5, username: undefined, password: undefined, properties }));
  expect(await client.next()).toMatchObject({
    cmd: 'connack',
    reasonCode: 0,
    properties: { authenticationMethod: 'JWT' },
  });
  const fresh = { authenticationMethod: 'JWT', authenticationData: Buffer.from(bearerToken(device, { jti: '1' })) };
  client.send({ cmd: 'auth', reasonCode: 0x19, properties: fresh } as Packet);
  expect(await client.next()).toMatchObject({
    cmd: 'auth',
    reasonCode: 0,
    properties: { authenticationMethod: 'JWT' },
  });
  const wrong = { authenticationMethod: 'JWT', authenticationData: Buffer.from('x') };
  client.send({ cmd: 'auth', reasonCode: 0x19, properties: wrong } as Packet);
  expect(await client.next()).toMatchObject({ cmd: 'disconnect', reasonCode: 0x87 });
});

test('a revoked key closes the session, and a disabled device too', async () => {
  for (const end of [
    (id: string) => app.request('DELETE', `/v1/devices/${id}/credentials`),
    (id: string) => app.request('PATCH', `/v1/devices/${id}`, { enabled: false }),
  ]) {
    const device = await makeDevice();
    const client = await open(5);
    client.send(connect(bearerToken(device), { protocolVersion: 5 }));
    expect(await client.next()).toMatchObject({ cmd: 'connack', reasonCode: 0 });
    await end(device.deviceId);
    expect(await client.next()).toMatchObject({ cmd: 'disconnect', reasonCode: 0x98 });
    const again = await open(5);
    again.send(connect(bearerToken(device), { protocolVersion: 5 }));
    expect(await again.next()).toMatchObject({ cmd: 'connack' });
    expect(await again.next()).toMatchObject({ cmd: 'disconnect' });
  }
});
