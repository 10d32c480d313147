/** Reference §1.2: subscriptions, attribute requests, updates, session limits. */
import mqtt from 'mqtt';
import { describe, expect, test } from 'vitest';
import { deviceOf, startServer } from './test-support.ts';

async function entered(version: 3 | 4 | 5, limits: Parameters<typeof startServer>[0] = {}) {
  const server = await startServer(limits);
  const client = await server.connect(version);
  await client.enter();
  return { ...server, client };
}

const known = [
  'v1/devices/me/attributes',
  'v1/devices/me/attributes/response/+',
  'v1/devices/me/rpc/request/+',
  'v1/devices/me/rpc/response/+',
  'v2/a',
  'v2/a/j',
  'v2/a/res/+',
  'v2/a/res/j/+',
  'v2/r/req/+',
  'v2/r/req/j/+',
  'v2/r/res/+',
  'v2/r/res/j/+',
  'v1/gateway/attributes',
  'v1/gateway/attributes/response',
  'v1/gateway/rpc',
  'v1/gateway/disconnect',
  '/provision/response',
  'v2/fw/response/+/chunk/+',
  'v2/sw/response/+/chunk/+',
  'v2/fw/error',
  'v2/sw/error',
  'v2/fw/response/+',
  'v2/sw/response/+',
];
const unknown = [
  '#',
  '+',
  'v1/devices/me/#',
  'v1/devices/me/rpc/request/1',
  'v1/devices/me/telemetry',
  '$share/g/v2/a',
  'a',
];

describe.each([3, 4, 5] as const)('MQTT level %i', (version) => {
  test('grants every known filter with QoS 1 at most', async () => {
    const { client } = await entered(version);
    for (const qos of [0, 1, 2] as const) {
      client.send(client.subscribePacket(known, qos));
      expect(await client.next()).toMatchObject({
        cmd: 'suback',
        messageId: 9,
        granted: known.map(() => Math.min(qos, 1)),
      });
    }
  });

  test('refuses every other filter beside those that it grants', async () => {
    const { client } = await entered(version);
    const code = version === 5 ? 0x8f : 0x80;
    client.send(client.subscribePacket(['v2/a', ...unknown]));
    expect(await client.next()).toMatchObject({ cmd: 'suback', granted: [1, ...unknown.map(() => code)] });
  });

  test('refuses filters that promise protobuf', async () => {
    const { client } = await entered(version);
    const filters = ['v2/a/p', 'v2/a/res/p/+', 'v2/r/req/p/+', 'v2/r/res/p/+'];
    client.send(client.subscribePacket(filters));
    expect(await client.next()).toMatchObject({ granted: filters.map(() => (version === 5 ? 0x83 : 0x80)) });
  });
});

test('UNSUBACK of MQTT 5 tells what became of each filter', async () => {
  const { client } = await entered(5);
  await client.subscribe('v2/a');
  client.send({ cmd: 'unsubscribe', messageId: 4, unsubscriptions: ['v2/a', 'v2/a', 'a/b'] });
  expect(await client.next()).toMatchObject({ cmd: 'unsuback', messageId: 4, granted: [0, 0x11, 0x8f] });
});

test('UNSUBACK of MQTT 3.1.1 has no codes', async () => {
  const { client } = await entered(4);
  client.send({ cmd: 'unsubscribe', messageId: 4, unsubscriptions: ['a/b'] });
  expect(await client.next()).toMatchObject({ cmd: 'unsuback', messageId: 4, length: 2 });
});

describe('shared attribute updates', () => {
  const update = { kind: 'attributes', body: { limit: 21.5, mode: 'eco' } } as const;

  test.each(['v1/devices/me/attributes', 'v2/a', 'v2/a/j'])('come to %s when that is subscribed', async (filter) => {
    const { client, sessions } = await entered(5);
    await client.subscribe(filter);
    sessions.of('greenhouse').deliver(update);
    sessions.of('greenhouse').deliver({ kind: 'attributes', body: { deleted: ['mode'] } });
    expect(await client.next()).toMatchObject({
      topic: filter,
      payload: Buffer.from('{"limit":21.5,"mode":"eco"}'),
      qos: 1,
    });
    expect(await client.next()).toMatchObject({ topic: filter, payload: Buffer.from('{"deleted":["mode"]}'), qos: 1 });
  });

  test('come with the QoS of the subscription', async () => {
    const { client, sessions } = await entered(4);
    await client.subscribe('v2/a', 0);
    sessions.of('greenhouse').deliver(update);
    expect(await client.next()).toMatchObject({ topic: 'v2/a', qos: 0 });
  });

  test('come once, to the family that was subscribed last', async () => {
    const { client, sessions } = await entered(4);
    await client.subscribe('v2/a');
    await client.subscribe('v1/devices/me/attributes');
    await client.subscribe('v2/a');
    sessions.of('greenhouse').deliver(update);
    expect(await client.beforePong()).toMatchObject([{ topic: 'v2/a' }]);
    client.send({ cmd: 'unsubscribe', messageId: 1, unsubscriptions: ['v2/a'] });
    expect(await client.next()).toMatchObject({ cmd: 'unsuback' });
    sessions.of('greenhouse').deliver(update);
    expect(await client.beforePong()).toMatchObject([{ topic: 'v1/devices/me/attributes' }]);
  });

  test('do not come unasked', async () => {
    const { client, sessions } = await entered(4);
    await client.subscribe('v1/devices/me/attributes/response/+');
    sessions.of('greenhouse').deliver(update);
    expect(await client.beforePong()).toEqual([]);
  });

  test('reach MQTT.js', async () => {
    const { port, sessions } = await startServer();
    const client = await mqtt.connectAsync({ host: '127.0.0.1', port, username: 'token', protocolVersion: 5 });
    const message = new Promise((resolve) =>
      client.once('message', (topic, payload) => resolve([topic, String(payload)])),
    );
    await client.subscribeAsync('v1/devices/me/attributes', { qos: 1 });
    sessions.of('greenhouse').deliver(update);
    expect(await message).toEqual(['v1/devices/me/attributes', '{"limit":21.5,"mode":"eco"}']);
    await client.endAsync();
  });
});

describe('outbound QoS 1', () => {
  const update = (n: number) => ({ kind: 'attributes', body: { n } }) as const;

  test('keeps within the Receive Maximum of the client and goes on with its PUBACKs', async () => {
    const server = await startServer();
    const client = await server.connect(5);
    await client.enter({ properties: { receiveMaximum: 2 } });
    await client.subscribe('v2/a');
    for (let n = 1; n <= 4; n++) server.sessions.of('greenhouse').deliver(update(n));
    const first = await client.beforePong();
    expect(first).toMatchObject([{ messageId: 1 }, { messageId: 2 }]);
    client.send({ cmd: 'puback', messageId: 2, reasonCode: 0 });
    expect(await client.next()).toMatchObject({ messageId: 3, payload: Buffer.from('{"n":3}') });
    client.send({ cmd: 'puback', messageId: 77, reasonCode: 0 });
    expect(await client.beforePong()).toEqual([]);
  });

  test('drops what exceeds the queue, and does not wait for ever for an MQTT 3 client that does not acknowledge', async () => {
    const { client, sessions, clock } = await entered(4, { maxOutboundInFlight: 1, maxOutboundQueued: 1 });
    await client.subscribe('v2/a');
    for (let n = 1; n <= 3; n++) sessions.of('greenhouse').deliver(update(n));
    expect(await client.beforePong()).toMatchObject([{ payload: Buffer.from('{"n":1}') }]);
    clock.advance(11_000);
    expect(await client.beforePong()).toMatchObject([{ payload: Buffer.from('{"n":2}') }]);
    clock.advance(11_000);
    expect(await client.beforePong()).toEqual([]);
  });

  test('never exceeds the Maximum Packet Size of the client', async () => {
    const server = await startServer();
    const client = await server.connect(5);
    await client.enter({ properties: { maximumPacketSize: 100 } });
    await client.subscribe('v2/a');
    server.sessions.of('greenhouse').deliver({ kind: 'attributes', body: { text: 'x'.repeat(100) } });
    server.sessions.of('greenhouse').deliver(update(1));
    expect(await client.beforePong()).toMatchObject([{ payload: Buffer.from('{"n":1}') }]);
  });
});

describe('attribute requests', () => {
  const filled = async (version: 3 | 4 | 5) => {
    const server = await entered(version);
    const { client, shared } = server.attributes.scopes;
    client.set('model', { value: 'X1', updatedAt: 1 });
    client.set('__proto__', { value: { a: [1] }, updatedAt: 1 });
    shared.set('limit', { value: 21.5, updatedAt: 1 });
    shared.set('on', { value: null, updatedAt: 1 });
    return server;
  };
  const all = '{"client":{"model":"X1","__proto__":{"a":[1]}},"shared":{"limit":21.5,"on":null}}';

  const requests: readonly (readonly [string, string])[] = [
    ['{}', all],
    ['{"clientKeys":"","sharedKeys":""}', all],
    ['{"clientKeys":"model"}', '{"client":{"model":"X1"}}'],
    ['{"sharedKeys":"limit,absent"}', '{"shared":{"limit":21.5}}'],
    ['{"clientKeys":"model,model","sharedKeys":"limit"}', '{"client":{"model":"X1"},"shared":{"limit":21.5}}'],
    ['{"clientKeys":"absent"}', '{}'],
  ];
  test.each(requests)('%s is answered with %s', async (request, answer) => {
    const { client } = await filled(4);
    client.publish('v1/devices/me/attributes/request/7', request, 1);
    expect(await client.next()).toMatchObject({ cmd: 'puback', messageId: 1 });
    expect(await client.next()).toMatchObject({
      cmd: 'publish',
      topic: 'v1/devices/me/attributes/response/7',
      payload: Buffer.from(answer),
      qos: 1,
    });
  });

  test.each([
    [
      'v1/devices/me/attributes/request/1',
      'v1/devices/me/attributes/response/1',
      'v1/devices/me/attributes/response/+',
    ],
    ['v2/a/req/22', 'v2/a/res/22', 'v2/a/res/+'],
    ['v2/a/req/j/333', 'v2/a/res/j/333', 'v2/a/res/j/+'],
  ])('on %s are answered on %s with the QoS of that subscription, else QoS 1', async (request, response, filter) => {
    const { client } = await filled(5);
    client.publish(request, '{}');
    expect(await client.next()).toMatchObject({ topic: response, qos: 1 });
    await client.subscribe(filter, 0);
    client.publish(request, '{}');
    expect(await client.next()).toMatchObject({ topic: response, qos: 0 });
  });

  test('may be as relaxed as ThingsBoard takes them', async () => {
    const { client } = await filled(4);
    client.publish('v1/devices/me/attributes/request/7', "{sharedKeys:'none'}", 1);
    expect(await client.next()).toMatchObject({ cmd: 'puback' });
    expect(await client.next()).toMatchObject({ payload: Buffer.from('{}') });
  });

  test.each([
    '',
    'x',
    '[]',
    '"a"',
    '{"clientKeys":["a"]}',
    '{"sharedKeys":5}',
    `{"clientKeys":"${Array.from({ length: 1001 }, (_, i) => i).join()}"}`,
  ])('that cannot be read are bad payloads: %.20s', async (request) => {
    const { client, connect } = await filled(5);
    client.publish('v1/devices/me/attributes/request/7', request, 1);
    expect(await client.beforePong()).toMatchObject([{ cmd: 'puback', reasonCode: 0x99 }]);
    const older = await connect(4);
    await older.enter();
    older.publish('v1/devices/me/attributes/request/7', request, 1);
    expect(await older.untilClosed()).toEqual([]);
  });

  test('whose values cannot be read now are never acknowledged', async () => {
    const { client, attributes } = await filled(5);
    attributes.failure = new Error('disk');
    client.publish('v1/devices/me/attributes/request/7', '{}', 1);
    expect(await client.untilClosed()).toMatchObject([{ cmd: 'disconnect', reasonCode: 0x83 }]);
  });

  test('of a flood are all answered', async () => {
    const { client } = await filled(4);
    client.send(...Array.from({ length: 90 }, (_, i) => client.publishPacket(`v2/a/req/${i}`, '{}')));
    for (let i = 0; i < 90; i++) expect(await client.next()).toMatchObject({ topic: `v2/a/res/${i}` });
  });
});

describe('getSessionLimits', () => {
  const rateLimits = { messages: null, telemetryMessages: null, telemetryDataPoints: null };
  const device = { maxPayloadSize: 65_536, maxInflightMessages: 100, rateLimits };

  test.each([
    [false, device],
    [true, { ...device, gatewayRateLimits: rateLimits }],
  ])('is answered at once (gateway: %s)', async (isGateway, limits) => {
    const { gate, connect } = await startServer();
    gate.known.set('token', deviceOf('device', { isGateway }));
    const client = await connect(5);
    await client.enter();
    client.publish('v1/devices/me/rpc/request/12', '{"method":"getSessionLimits","params":{}}', 1);
    expect(await client.next()).toMatchObject({ cmd: 'puback', reasonCode: 0 });
    expect(await client.next()).toMatchObject({
      topic: 'v1/devices/me/rpc/response/12',
      payload: Buffer.from(JSON.stringify(limits)),
      qos: 1,
    });
  });

  test('is not answered on the short topic', async () => {
    const { client } = await entered(5);
    client.publish('v2/r/req/12', '{"method":"getSessionLimits","params":{}}', 1);
    expect(await client.beforePong()).toMatchObject([{ cmd: 'puback', reasonCode: 0 }]);
  });

  test('that is not JSON is a bad payload', async () => {
    const { client } = await entered(5);
    client.publish('v1/devices/me/rpc/request/12', 'x', 1);
    expect(await client.beforePong()).toMatchObject([{ cmd: 'puback', reasonCode: 0x99 }]);
  });
});
