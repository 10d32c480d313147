/** Reference §1.2: what devices publish, and how it is acknowledged or refused. */
import mqtt from 'mqtt';
import { describe, expect, test } from 'vitest';
import type { ErrorCode } from '#contract/errors.ts';
import { deviceOf, type RawClient, rejections, startServer } from './test-support.ts';

const telemetry = 'v1/devices/me/telemetry';
const body = '{"t":21.5}';

async function entered(version: 3 | 4 | 5, limits: Parameters<typeof startServer>[0] = {}) {
  const server = await startServer(limits);
  const client = await server.connect(version);
  await client.enter();
  return { ...server, client };
}

test.each([
  [telemetry, 'telemetry'],
  ['v2/t', 'telemetry'],
  ['v2/t/j', 'telemetry'],
  ['v1/devices/me/attributes', 'attributes'],
  ['v2/a', 'attributes'],
  ['v2/a/j', 'attributes'],
])('what is published on %s is taken as %s', async (topic, kind) => {
  const { client, ingest, metrics } = await entered(4);
  ingest.commitsAtOnce = true;
  client.publish(topic, body, 1);
  expect(await client.next()).toMatchObject({ cmd: 'puback', messageId: 1 });
  client.publish(topic, body);
  expect(await client.beforePong()).toEqual([]);
  expect(ingest.taken).toMatchObject([
    { kind, device: 'greenhouse', text: body },
    { kind, device: 'greenhouse', text: body },
  ]);
  expect((await metrics.messages.get()).values).toMatchObject([{ labels: { transport: 'mqtt', kind }, value: 2 }]);
});

test.each([4, 5] as const)('MQTT.js of level %i streams with QoS 0 and 1', async (protocolVersion) => {
  const { port, ingest } = await startServer();
  ingest.commitsAtOnce = true;
  const client = await mqtt.connectAsync({ host: '127.0.0.1', port, username: 'token', protocolVersion });
  // Far more than Receive Maximum, which MQTT.js does not heed.
  await Promise.all(Array.from({ length: 1000 }, (_, i) => client.publishAsync(telemetry, `{"i":${i}}`, { qos: 1 })));
  await client.publishAsync('v2/t', '{"last":1}');
  await client.endAsync();
  await expect.poll(() => ingest.taken.length).toBe(1001);
  expect(ingest.taken.map(({ text }) => text)).toEqual([
    ...Array.from({ length: 1000 }, (_, i) => `{"i":${i}}`),
    '{"last":1}',
  ]);
});

test('PUBACK comes after the commit and not before', async () => {
  const { client, ingest } = await entered(4);
  client.publish(telemetry, body, 1);
  expect(await client.beforePong()).toEqual([]);
  expect(ingest.taken).toHaveLength(1);
  ingest.taken[0]?.acknowledge(undefined);
  expect(await client.beforePong()).toMatchObject([{ cmd: 'puback', messageId: 1 }]);
});

test('PUBACKs keep the order of the publishes, whatever the order of the commits', async () => {
  const { client, ingest } = await entered(5);
  for (const id of [5, 3, 9]) client.publish(telemetry, body, id);
  await expect.poll(() => ingest.taken.length).toBe(3);
  ingest.taken[2]?.acknowledge(undefined);
  ingest.taken[1]?.acknowledge({ code: 'invalid_payload', detail: 'no' });
  expect(await client.beforePong()).toEqual([]);
  ingest.taken[0]?.acknowledge(undefined);
  expect(await client.beforePong()).toMatchObject([
    { messageId: 5, reasonCode: 0 },
    { messageId: 3, reasonCode: 0x99 },
    { messageId: 9, reasonCode: 0 },
  ]);
});

test('many acknowledgements of one commit leave in one segment', async () => {
  const { client, ingest } = await entered(4);
  client.send(...Array.from({ length: 50 }, (_, i) => client.publishPacket(telemetry, body, i + 1)));
  await expect.poll(() => ingest.taken.length).toBe(50);
  const chunks: number[] = [];
  client.socket.on('data', (chunk) => chunks.push(chunk.length));
  for (const { acknowledge } of ingest.taken) acknowledge(undefined);
  for (let i = 1; i <= 50; i++) expect(await client.next()).toMatchObject({ messageId: i });
  expect(chunks).toEqual([200]);
});

describe('a payload that cannot be read', () => {
  const bad = { code: 'invalid_payload', detail: '/t is not a number' } as const;

  test('is told in the PUBACK with QoS 1 of MQTT 5, and the connection stays', async () => {
    const { client, ingest } = await entered(5);
    client.publish(telemetry, 'x', 1);
    await expect.poll(() => ingest.taken.length).toBe(1);
    ingest.taken[0]?.acknowledge(bad);
    expect(await client.beforePong()).toMatchObject([
      { cmd: 'puback', messageId: 1, reasonCode: 0x99, properties: { reasonString: bad.detail } },
    ]);
  });

  test('is told without words to a client that wants none', async () => {
    const server = await startServer();
    const client = await server.connect(5);
    await client.enter({ properties: { requestProblemInformation: false } });
    client.publish(telemetry, 'x', 1);
    await expect.poll(() => server.ingest.taken.length).toBe(1);
    server.ingest.taken[0]?.acknowledge(bad);
    const [puback] = await client.beforePong();
    expect(puback).toMatchObject({ cmd: 'puback', reasonCode: 0x99 });
    expect(puback).not.toHaveProperty('properties.reasonString');
  });

  test.each([3, 4] as const)('closes without PUBACK with QoS 1 of MQTT level %i', async (version) => {
    const { client, ingest } = await entered(version);
    client.send(client.publishPacket(telemetry, body, 1), client.publishPacket(telemetry, 'x', 2));
    await expect.poll(() => ingest.taken.length).toBe(2);
    ingest.taken[1]?.acknowledge(bad);
    ingest.taken[0]?.acknowledge(undefined);
    expect(await client.untilClosed()).toMatchObject([{ cmd: 'puback', messageId: 1 }]);
  });

  test.each([4, 5] as const)('closes with QoS 0 of MQTT level %i', async (version) => {
    const { client, ingest, metrics } = await entered(version);
    client.publish(telemetry, 'x');
    await expect.poll(() => ingest.taken.length).toBe(1);
    ingest.taken[0]?.acknowledge(bad);
    expect(await client.untilClosed()).toMatchObject(version === 5 ? [{ cmd: 'disconnect', reasonCode: 0x99 }] : []);
    expect(await rejections(metrics, 'invalid_payload')).toBe(1);
  });
});

const overloads: readonly (readonly [ErrorCode, number])[] = [
  ['rate_limited', 0x83],
  ['overloaded', 0x83],
  ['storage_unavailable', 0x83],
  ['internal_error', 0x83],
  ['shutting_down', 0x8b],
];
describe.each(overloads)('a message refused as %s is never acknowledged', (code, reasonCode) => {
  test.each([3, 4, 5] as const)('and ends the connection, MQTT level %i', async (version) => {
    const { client, ingest } = await entered(version);
    client.publish(telemetry, body, 1);
    await expect.poll(() => ingest.taken.length).toBe(1);
    ingest.taken[0]?.acknowledge({ code, detail: 'not now' });
    expect(await client.untilClosed()).toMatchObject(version === 5 ? [{ cmd: 'disconnect', reasonCode }] : []);
  });
});

test('while ingest is saturated a socket is not read, and afterwards nothing is missing', async () => {
  const { client, ingest } = await entered(4);
  ingest.saturated = true;
  client.send(...[1, 2, 3].map((id) => client.publishPacket(telemetry, `{"a":${id}}`, id)));
  await expect.poll(() => ingest.taken.length).toBe(1);
  ingest.commitsAtOnce = true;
  ingest.drain();
  for (const messageId of [2, 3]) await expect.poll(() => ingest.taken.length).toBeGreaterThanOrEqual(messageId);
  ingest.taken[0]?.acknowledge(undefined);
  expect(await client.beforePong()).toMatchObject([{ messageId: 1 }, { messageId: 2 }, { messageId: 3 }]);
});

test('beyond Receive Maximum a socket is not read until commits have caught up', async () => {
  const { client, ingest } = await entered(4, { receiveMaximum: 4 });
  client.send(...Array.from({ length: 10 }, (_, i) => client.publishPacket(telemetry, body, i + 1)));
  await expect.poll(() => ingest.taken.length).toBe(4);
  ingest.commitsAtOnce = true;
  for (const { acknowledge } of ingest.taken.slice()) acknowledge(undefined);
  const acknowledged = await client.beforePong();
  expect(acknowledged).toMatchObject(Array.from({ length: 10 }, (_, i) => ({ messageId: i + 1 })));
  expect(ingest.taken).toHaveLength(10);
});

describe('QoS 2', () => {
  test('is refused with DISCONNECT 0x9B in MQTT 5', async () => {
    const { client, ingest } = await entered(5);
    client.send({ cmd: 'publish', topic: telemetry, payload: body, qos: 2, messageId: 1, dup: false, retain: false });
    expect(await client.untilClosed()).toMatchObject([{ cmd: 'disconnect', reasonCode: 0x9b }]);
    expect(ingest.taken).toEqual([]);
  });

  test('closes in MQTT 3.1.1', async () => {
    const { client } = await entered(4);
    client.send({ cmd: 'publish', topic: telemetry, payload: body, qos: 2, messageId: 1, dup: false, retain: false });
    expect(await client.untilClosed()).toEqual([]);
  });
});

test('retained and repeated publishes are taken like others', async () => {
  const { client, ingest } = await entered(5);
  ingest.commitsAtOnce = true;
  client.send({ cmd: 'publish', topic: telemetry, payload: body, qos: 1, messageId: 1, dup: true, retain: true });
  expect(await client.next()).toMatchObject({ cmd: 'puback', messageId: 1, reasonCode: 0 });
});

describe('topics that mean nothing', () => {
  const unknown = [
    'a/b',
    'v1/devices/me',
    'v1/devices/me/attributes/request/x',
    'v1/devices/me/rpc/request/',
    'v2/fw/request/1/chunk/x',
    '/provision/request',
    '$SYS/broker',
  ];
  test.each(unknown)(
    '%s: PUBACK 0x90 in MQTT 5, plain PUBACK in MQTT 3.1.1, and the connection stays',
    async (topic) => {
      const { client, ingest, connect } = await entered(5);
      client.publish(topic, '{}', 1);
      client.publish(topic, '{}');
      expect(await client.beforePong()).toMatchObject([{ cmd: 'puback', messageId: 1, reasonCode: 0x90 }]);
      const older = await connect(4);
      await older.enter();
      older.publish(topic, '{}', 1);
      expect(await older.beforePong()).toMatchObject([{ cmd: 'puback', messageId: 1 }]);
      expect(ingest.taken).toEqual([]);
    },
  );
});

test.each([
  'v1/devices/me/rpc/response/3',
  'v2/r/res/3',
  'v2/r/res/j/3',
  'v1/devices/me/rpc/request/1',
  'v2/r/req/1',
  'v1/devices/me/claim',
  'v2/fw/request/0/chunk/0',
  'v2/sw/request/0/chunk/0',
])('%s is known, acknowledged and counted as not served yet', async (topic) => {
  const { client, metrics } = await entered(5);
  client.publish(topic, '{"method":"m","params":{}}', 1);
  expect(await client.beforePong()).toMatchObject([{ cmd: 'puback', messageId: 1, reasonCode: 0 }]);
  expect(await rejections(metrics, 'not_served')).toBe(1);
});

describe('gateway topics', () => {
  test('are refused to other devices: PUBACK 0x87 in MQTT 5, plain PUBACK in MQTT 3.1.1', async () => {
    const { client, connect } = await entered(5);
    client.publish('v1/gateway/telemetry', '{}', 1);
    expect(await client.beforePong()).toMatchObject([{ cmd: 'puback', reasonCode: 0x87 }]);
    const older = await connect(4);
    await older.enter();
    older.publish('v1/gateway/telemetry', '{}', 1);
    expect(await older.beforePong()).toMatchObject([{ cmd: 'puback', messageId: 1 }]);
  });

  test('never have the data of a gateway acknowledged that is not kept yet', async () => {
    const { gate, connect } = await startServer();
    gate.known.set('token', deviceOf('gateway', { isGateway: true }));
    const newer = await connect(5);
    await newer.enter();
    newer.publish('v1/gateway/telemetry', '{}', 1);
    expect(await newer.beforePong()).toMatchObject([{ cmd: 'puback', reasonCode: 0x83 }]);
    const older = await connect(4);
    await older.enter();
    older.publish('v1/gateway/telemetry', '{}', 1);
    older.publish('a/b', '{}', 2);
    expect(await older.beforePong()).toMatchObject([{ cmd: 'puback', messageId: 2 }]);
  });
});

test.each(['v2/t/p', 'v2/a/p', 'v2/a/req/p/1', 'v2/r/req/p/1'])('%s: protobuf is refused', async (topic) => {
  const { client, connect } = await entered(5);
  client.publish(topic, 'x', 1);
  expect(await client.beforePong()).toMatchObject([{ cmd: 'puback', reasonCode: 0x83 }]);
  const older = await connect(4);
  await older.enter();
  older.publish(topic, 'x', 1);
  expect(await older.untilClosed()).toEqual([]);
});

describe('topic aliases', () => {
  const aliased = (client: RawClient, topic: string, topicAlias: number, messageId: number) =>
    client.send({
      cmd: 'publish',
      topic,
      payload: body,
      qos: 1,
      messageId,
      dup: false,
      retain: false,
      properties: { topicAlias },
    });

  test('stand for the topic that set them up, until another does', async () => {
    const { client, ingest } = await entered(5);
    ingest.commitsAtOnce = true;
    aliased(client, telemetry, 16, 1);
    aliased(client, '', 16, 2);
    aliased(client, 'v2/a', 16, 3);
    aliased(client, '', 16, 4);
    expect(await client.beforePong()).toHaveLength(4);
    expect(ingest.taken.map(({ kind }) => kind)).toEqual(['telemetry', 'telemetry', 'attributes', 'attributes']);
  });

  test('are heeded by MQTT.js', async () => {
    const { port, ingest } = await startServer();
    ingest.commitsAtOnce = true;
    const client = await mqtt.connectAsync({
      host: '127.0.0.1',
      port,
      username: 'token',
      protocolVersion: 5,
      autoAssignTopicAlias: true,
      autoUseTopicAlias: true,
    });
    for (let i = 0; i < 3; i++) await client.publishAsync(telemetry, body, { qos: 1 });
    await client.endAsync();
    expect(ingest.taken).toHaveLength(3);
  });

  test.each([
    [17, 0x94],
    [0, 0x94],
    [7, 0x82],
  ])('that are wrong (%i) end the connection', async (topicAlias, reasonCode) => {
    const { client } = await entered(5);
    // By hand: mqtt-packet refuses to write an empty topic with a wrong alias.
    client.send(Buffer.from([0x30, 0x06, 0, 0, 3, 0x23, 0, topicAlias]));
    expect(await client.untilClosed()).toMatchObject([{ cmd: 'disconnect', reasonCode }]);
  });
});

describe('broken packets of a device that is in', () => {
  const broken: readonly (readonly [string, string, number])[] = [
    ['a topic with a wildcard', '30060003612f2300', 0x81],
    ['a topic that is not UTF-8', '30050002c32800', 0x81],
    ['packet identifier 0', '32070002' + '6161' + '0000' + '00', 0x81],
    ['reserved flags', 'c100', 0x81],
    ['a remaining length of five bytes', '30ffffffff01', 0x81],
    ['64 KiB and a byte', '30818004', 0x81],
    ['neither topic nor alias', '3003000000', 0x82],
    ['a PUBREL, which belongs to QoS 2', '62020001', 0x82],
    ['a CONNACK, which only a server sends', '20020000', 0x82],
    ['an AUTH without a method', 'f000', 0x82],
    ['a subscription identifier', '82090001020b01' + '000161' + '01', 0xa1],
    ['a session expiry that CONNECT did not ask for', 'e007' + '00' + '05' + '1100000005', 0x82],
  ];
  test.each(broken)('%s: DISCONNECT with its code in MQTT 5', async (_name, hex, reasonCode) => {
    const { client, sessions } = await entered(5);
    client.send(hex);
    expect(await client.untilClosed()).toMatchObject([{ cmd: 'disconnect', reasonCode }]);
    expect(sessions.ended).toHaveLength(1);
  });

  test.each([
    ['a topic with a wildcard', '30050003612f23'],
    ['reserved flags', 'c100'],
    ['a PUBREL', '62020001'],
    ['an AUTH', 'f000'],
    ['64 KiB and a byte', '30818004'],
  ])('%s: closed in MQTT 3.1.1', async (_name, hex) => {
    const { client } = await entered(4);
    client.send(hex);
    expect(await client.untilClosed()).toEqual([]);
  });

  test('do not take the acknowledgements before them along', async () => {
    const { client, ingest } = await entered(4);
    ingest.commitsAtOnce = true;
    client.send(client.publishPacket(telemetry, body, 1), 'c100');
    expect(await client.untilClosed()).toMatchObject([{ cmd: 'puback', messageId: 1 }]);
  });
});

test('a publish of 64 KiB is taken', async () => {
  const { client, ingest } = await entered(5);
  ingest.commitsAtOnce = true;
  const large = 'x'.repeat(65_536 - 8 - telemetry.length);
  client.publish(telemetry, large, 1);
  expect(await client.next()).toMatchObject({ cmd: 'puback', reasonCode: 0 });
  expect(ingest.taken[0]?.text).toBe(large);
});

test('a client that does not read what it is sent is cut off', async () => {
  const { client, metrics, server } = await entered(4, { maxUnreadBytes: 1000 });
  client.socket.pause();
  const pings = Buffer.alloc(65_536);
  for (let i = 0; i < pings.length; i += 2) pings[i] = 0xc0;
  // As much as the kernel's buffers swallow, and then some.
  for (let i = 0; i < 400; i++) client.send(pings);
  await expect.poll(() => server.connections, { timeout: 20_000 }).toBe(0);
  expect(await rejections(metrics, 'slow_consumer')).toBe(1);
});

test('a device is active with what it sends', async () => {
  const { client, sessions } = await entered(4);
  const before = sessions.touches;
  await client.beforePong();
  expect(sessions.touches).toBe(before + 1);
});

test('a fault inside of ingest ends that connection and no other', async () => {
  const { client, connect, ingest, gate } = await entered(5);
  gate.known.set('other', deviceOf('other'));
  const other = await connect(5);
  await other.enter({ username: 'other' });
  ingest.telemetry = () => {
    throw new Error('a bug');
  };
  client.publish(telemetry, body, 1);
  expect(await client.untilClosed()).toMatchObject([{ cmd: 'disconnect', reasonCode: 0x83 }]);
  expect(await other.beforePong()).toEqual([]);
});
