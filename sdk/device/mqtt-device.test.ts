import type { Packet } from 'mqtt-packet';
import { describe, expect, test } from 'vitest';
import { answerPolitely, publishOf, startMqttTestServer } from '../test/mqtt-server.ts';
import { connectMqttDevice } from './mqtt-device.ts';
import { provisionOverMqtt } from './mqtt-provision.ts';

const token = { type: 'ACCESS_TOKEN', token: 'T' } as const;
const request = { deviceName: 'a', provisionDeviceKey: 'key', provisionDeviceSecret: 'secret' };

function isPublishTo(packet: Packet, topic: string): boolean {
  return packet.cmd === 'publish' && packet.topic === topic;
}

describe.each([4, 5] as const)('a device that speaks MQTT version %s', (protocolVersion) => {
  test('proves itself, publishes with QoS 1, and waits for the acknowledgement', async () => {
    await using server = await startMqttTestServer(answerPolitely);
    const device = await connectMqttDevice({ url: server.url, clientId: 'c', protocolVersion }, token);
    await device.publishTelemetry({ temperature: 21 });
    await device.publishAttributes({ firmware: '1' });
    await device.end();
    const [connect, telemetry, attributes] = server.seen;
    expect(connect).toMatchObject({ cmd: 'connect', protocolVersion, clientId: 'c', username: 'T' });
    expect(telemetry).toMatchObject({ topic: 'v1/devices/me/telemetry', qos: 1 });
    expect(telemetry?.cmd === 'publish' && telemetry.payload.toString()).toBe('{"temperature":21}');
    expect(attributes).toMatchObject({ topic: 'v1/devices/me/attributes', qos: 1 });
    expect(server.seen.at(-1)?.cmd).toBe('disconnect');
  });

  test('tells the code with which the server refused', async () => {
    const refusal = { cmd: 'connack', returnCode: 5, reasonCode: 0x87, sessionPresent: false } as const;
    await using server = await startMqttTestServer((_packet, reply) => reply(refusal));
    await expect(connectMqttDevice({ url: server.url, protocolVersion }, token)).rejects.toMatchObject({
      name: 'MqttConnectionError',
      refusalCode: protocolVersion === 4 ? 5 : 0x87,
    });
  });
});

test('what is unacknowledged fails when the connection is lost, and nothing is sent again behind its back', async () => {
  await using server = await startMqttTestServer((packet, reply) => {
    if (packet.cmd === 'connect') answerPolitely(packet, reply);
    else server.cut();
  });
  const device = await connectMqttDevice({ url: server.url }, token);
  await expect(device.publishTelemetry({ a: 1 })).rejects.toThrow();
  await device.closed;
  expect(device.isOpen).toBe(false);
  await expect(device.publishTelemetry({ a: 2 })).rejects.toThrow('The connection has ended.');
  expect(server.seen.filter(({ cmd }) => cmd === 'connect')).toHaveLength(1);
});

test('a server that is away is an error', async () => {
  const server = await startMqttTestServer(answerPolitely);
  await server[Symbol.asyncDispose]();
  await expect(connectMqttDevice({ url: server.url }, token)).rejects.toMatchObject({ refusalCode: undefined });
});

test('MQTT_BASIC credentials become client id, user name and password', async () => {
  await using server = await startMqttTestServer(answerPolitely);
  const credentials = { type: 'MQTT_BASIC', clientId: 'c', userName: 'u', password: 'p' } as const;
  const device = await connectMqttDevice({ url: server.url }, credentials);
  await device.end();
  expect(server.seen[0]).toMatchObject({ clientId: 'c', username: 'u' });
  expect(server.seen[0]?.cmd === 'connect' && server.seen[0].password?.toString()).toBe('p');
});

test('attributes are asked for, and changes of shared ones are heard', async () => {
  await using server = await startMqttTestServer((packet, reply) => {
    answerPolitely(packet, reply);
    if (packet.cmd === 'publish' && packet.topic.startsWith('v1/devices/me/attributes/request/')) {
      const id = packet.topic.split('/').at(-1);
      reply(publishOf(`v1/devices/me/attributes/response/${id}`, { shared: { rate: 5 } }));
      reply(publishOf('v1/devices/me/attributes', { rate: 6 }));
    }
  });
  const device = await connectMqttDevice({ url: server.url }, token);
  const updates: unknown[] = [];
  await device.onAttributeUpdate((update) => updates.push(update));
  expect(await device.requestAttributes({ clientKeys: ['a'], sharedKeys: ['rate', 'b'] })).toEqual({
    shared: { rate: 5 },
  });
  await expect.poll(() => updates).toEqual([{ rate: 6 }]);
  const asked = server.seen.find((packet) => isPublishTo(packet, 'v1/devices/me/attributes/request/1'));
  expect(asked?.cmd === 'publish' && asked.payload.toString()).toBe('{"clientKeys":"a","sharedKeys":"rate,b"}');
  await device.end();
});

test('provisioning connects as provision and takes the answer', async () => {
  const answer = { status: 'SUCCESS', credentialsType: 'ACCESS_TOKEN', credentialsValue: 'T' };
  await using server = await startMqttTestServer((packet, reply) => {
    answerPolitely(packet, reply);
    if (isPublishTo(packet, '/provision/request')) reply(publishOf('/provision/response', answer));
  });
  expect(await provisionOverMqtt({ url: server.url }, request)).toEqual(answer);
  expect(server.seen[0]).toMatchObject({ cmd: 'connect', username: 'provision' });
});

test('a server that closes the connection instead of answering is an error', async () => {
  await using server = await startMqttTestServer((packet, reply, socket) => {
    if (isPublishTo(packet, '/provision/request')) socket.destroy();
    else answerPolitely(packet, reply);
  });
  await expect(provisionOverMqtt({ url: server.url }, request)).rejects.toMatchObject({ name: 'ProvisionError' });
});
