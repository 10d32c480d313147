/** Reference §1.5, the MQTT column. */
import mqtt from 'mqtt';
import { describe, expect, test } from 'vitest';
import { rejections, startServer } from './test-support.ts';

const request = '/provision/request';
const response = '/provision/response';
const asked = '{"provisionDeviceKey":"k","provisionDeviceSecret":"s"}';
const granted = '{"credentialsType":"ACCESS_TOKEN","credentialsValue":"fresh","status":"SUCCESS"}';

async function entered(version: 3 | 4 | 5, as: { username?: string; clientId?: string } = { username: 'provision' }) {
  const server = await startServer();
  const client = await server.connect(version);
  client.send(client.bareConnectPacket(as));
  expect(await client.next()).toMatchObject({ cmd: 'connack' });
  return { ...server, client };
}

test.each([
  ['user name', { username: 'provision' }],
  ['client id', { clientId: 'provision' }],
  ['client id, with another user name', { clientId: 'provision', username: 'wrong' }],
])('"provision" as %s opens a session without asking the gate', async (_name, as) => {
  const { client, gate, sessions } = await entered(4, as);
  expect(gate.shown).toEqual([]);
  expect(sessions.count()).toEqual({ mqtt: 0 });
  expect(await client.beforePong()).toEqual([]);
});

describe.each([3, 4, 5] as const)('MQTT level %i', (version) => {
  test('a request is acknowledged, then answered, subscribed or not', async () => {
    const { client, provisioner } = await entered(version);
    client.publish(request, asked, 1);
    expect(await client.next()).toMatchObject({ cmd: 'puback', messageId: 1 });
    expect(await client.next()).toMatchObject({
      cmd: 'publish',
      topic: response,
      payload: Buffer.from(granted),
      qos: 1,
    });
    expect(provisioner.asked).toEqual([
      { text: asked, arrival: { transport: 'mqtt', secure: false, address: '127.0.0.1' } },
    ]);
  });

  test.each(['NOT_FOUND', 'FAILURE'] as const)('a request that ends as %s is answered just so', async (status) => {
    const { client, provisioner } = await entered(version);
    provisioner.outcome = { kind: 'answered', body: { errorMsg: 'no', status } };
    await client.subscribe(response, 0);
    client.publish(request, asked);
    const payload = Buffer.from(`{"errorMsg":"no","status":"${status}"}`);
    expect(await client.next()).toMatchObject({ topic: response, payload, qos: 0 });
  });

  test.each(['x', '[]', ''])('a request that is no JSON object is a bad payload: %j', async (payload) => {
    const { client, provisioner } = await entered(version);
    provisioner.outcome = { kind: 'malformed', message: 'not JSON' };
    client.publish(request, payload, 1);
    if (version === 5) {
      expect(await client.beforePong()).toMatchObject([{ cmd: 'puback', messageId: 1, reasonCode: 0x99 }]);
      client.publish(request, payload);
    }
    expect(await client.untilClosed()).toMatchObject(version === 5 ? [{ cmd: 'disconnect', reasonCode: 0x99 }] : []);
  });

  test('a request without its key is acknowledged as such and closes', async () => {
    const { client, provisioner, metrics } = await entered(version);
    provisioner.outcome = { kind: 'malformed', message: 'provisionDeviceKey is missing' };
    client.publish(request, '{}', 1);
    expect(await client.untilClosed()).toMatchObject(
      version === 5
        ? [
            { cmd: 'puback', messageId: 1, reasonCode: 0x83 },
            { cmd: 'disconnect', reasonCode: 0x83 },
          ]
        : [{ cmd: 'puback', messageId: 1 }],
    );
    expect(await rejections(metrics, 'provisioning_refused')).toBe(1);
  });

  test('too many requests close, without saying "taken"', async () => {
    const { client, provisioner } = await entered(version);
    provisioner.outcome = { kind: 'rate_limited', retryAfterMs: 1500 };
    client.publish(request, asked, 1);
    expect(await client.untilClosed()).toMatchObject(
      version === 5
        ? [
            { cmd: 'puback', reasonCode: 0x97 },
            { cmd: 'disconnect', reasonCode: 0x97 },
          ]
        : [],
    );
  });

  test('a fault closes, without saying "taken"', async () => {
    const { client, provisioner } = await entered(version);
    const failure = Promise.reject(new Error('disk'));
    failure.catch(() => undefined);
    provisioner.outcome = failure;
    client.publish(request, asked, 1);
    expect(await client.untilClosed()).toMatchObject(version === 5 ? [{ cmd: 'disconnect', reasonCode: 0x83 }] : []);
  });

  test.each(['v1/devices/me/telemetry', 'a/b'])('a publish on %s is refused and closes', async (topic) => {
    const { client, ingest } = await entered(version);
    client.publish(topic, '{"a":1}', 1);
    expect(await client.untilClosed()).toMatchObject(
      version === 5
        ? [
            { cmd: 'puback', reasonCode: 0x90 },
            { cmd: 'disconnect', reasonCode: 0x90 },
          ]
        : [{ cmd: 'puback', messageId: 1 }],
    );
    expect(ingest.taken).toEqual([]);
  });

  test('only the response may be subscribed', async () => {
    const { client } = await entered(version);
    const code = version === 5 ? 0x8f : 0x80;
    client.send(client.subscribePacket([response, 'v1/devices/me/attributes', request]));
    expect(await client.next()).toMatchObject({ cmd: 'suback', granted: [1, code, code] });
  });
});

test('the server closes a minute after its answer', async () => {
  const { client, clock } = await entered(5);
  clock.advance(50_000);
  client.publish(request, asked);
  expect(await client.next()).toMatchObject({ topic: response });
  clock.advance(59_000);
  expect(await client.beforePong()).toEqual([]);
  clock.advance(2000);
  expect(await client.untilClosed()).toMatchObject([{ cmd: 'disconnect', reasonCode: 0xa0 }]);
});

test('who connects to provision and does not ask is closed after a minute', async () => {
  const { client, clock } = await entered(4);
  clock.advance(61_000);
  expect(await client.untilClosed()).toEqual([]);
});

test('requests of one connection are handled one after the other', async () => {
  const { client, provisioner } = await entered(4);
  let answer = () => {};
  const first = new Promise<void>((resolve) => {
    answer = resolve;
  });
  provisioner.outcome = first.then(() => ({ kind: 'answered', body: { status: 'FAILURE' } }) as const);
  client.send(client.publishPacket(request, '{"a":1}', 1), client.publishPacket(request, '{"a":2}', 2));
  await expect.poll(() => provisioner.asked.length).toBe(1);
  answer();
  expect(await client.next()).toMatchObject({ cmd: 'puback', messageId: 1 });
  expect(await client.next()).toMatchObject({ topic: response });
  expect(await client.next()).toMatchObject({ cmd: 'puback', messageId: 2 });
  expect(provisioner.asked).toHaveLength(2);
});

test.each([4, 5] as const)('MQTT.js of level %i provisions itself', async (protocolVersion) => {
  const { port } = await startServer();
  const client = await mqtt.connectAsync({ host: '127.0.0.1', port, username: 'provision', protocolVersion });
  const answer = new Promise((resolve) =>
    client.once('message', (topic, payload) => resolve([topic, String(payload)])),
  );
  await client.subscribeAsync(response);
  await client.publishAsync(request, asked, { qos: 1 });
  expect(await answer).toEqual([response, granted]);
  await client.endAsync();
});
