/** Reference §1.1: CONNECT, its refusals, keep-alive, take-over, limits. */
import mqtt from 'mqtt';
import { describe, expect, test } from 'vitest';
import type { GateRefusal } from '../../credentials/gate.ts';
import type { CloseReason } from '../../sessions/sessions.ts';
import type { ProtocolVersion } from './codec/packets.ts';
import { deviceOf, RawClient, rejections, selfSigned, startServer } from './test-support.ts';

const versions = [3, 4, 5] as const;
const telemetry = 'v1/devices/me/telemetry';

test.each(versions)('a device with a token is let in, MQTT level %i', async (version) => {
  const { connect, gate, sessions } = await startServer();
  const client = await connect(version);
  expect(await client.enter({ password: Buffer.from('x') })).toMatchObject({ cmd: 'connack', sessionPresent: false });
  expect(gate.shown).toEqual([
    {
      credentials: { clientId: 'client', username: 'token', password: 'x' },
      arrival: { transport: 'mqtt', secure: false, address: '127.0.0.1' },
    },
  ]);
  expect(sessions.of('greenhouse')).toMatchObject({
    ...{ transport: 'mqtt', address: '127.0.0.1' },
    means: { secure: false, proof: 'token', isTokenInPath: false },
  });
});

test.each(versions)('session present echoes that no clean session was asked for, MQTT level %i', async (version) => {
  const { connect } = await startServer();
  const client = await connect(version);
  expect(await client.enter({ clean: false })).toMatchObject({ sessionPresent: true });
});

test('an MQTT 5 client is told the limits it has to keep', async () => {
  const { connect } = await startServer();
  const client = await connect(5);
  const connack = await client.enter({ properties: { sessionExpiryInterval: 3600 } });
  expect(connack).toMatchObject({
    properties: {
      receiveMaximum: 100,
      maximumQoS: 1,
      retainAvailable: false,
      maximumPacketSize: 65_536,
      topicAliasMaximum: 16,
      subscriptionIdentifiersAvailable: false,
      sharedSubscriptionAvailable: false,
      sessionExpiryInterval: 0,
    },
  });
  expect(connack).not.toHaveProperty('properties.assignedClientIdentifier');
  expect(connack).not.toHaveProperty('properties.serverKeepAlive');
  expect(connack).not.toHaveProperty('properties.wildcardSubscriptionAvailable');
});

test('an MQTT 5 client without an identifier is given one, and without keep-alive is told to be heard', async () => {
  const { connect } = await startServer();
  const client = await connect(5);
  expect(await client.enter({ clientId: '', keepalive: 0 })).toMatchObject({
    properties: { assignedClientIdentifier: expect.stringMatching(/^[0-9a-f-]{36}$/), serverKeepAlive: 400 },
  });
});

interface Shown {
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
}
const wrongCredentials: readonly (readonly [string, Shown, number, number])[] = [
  ['user name, password and client id', { clientId: 'c', username: 'u', password: 'p' }, 5, 0x86],
  ['a user name alone', { clientId: 'c', username: 'u' }, 5, 0x86],
  ['a user name without client id', { clientId: '', username: 'u' }, 5, 0x86],
  ['a client id alone', { clientId: 'c' }, 2, 0x85],
  ['nothing at all', { clientId: '' }, 5, 0x87],
  ['user name and password without client id', { clientId: '', username: 'u', password: 'p' }, 5, 0x87],
];
describe.each(wrongCredentials)('wrong credentials, shown as %s', (_name, { clientId, username, password }, v3, v5) => {
  const shown = {
    clientId,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password: Buffer.from(password) }),
  };

  test('are refused with its return code and closed in MQTT 3.1.1', async () => {
    const { connect, gate } = await startServer();
    gate.known.clear();
    const client = await connect(4);
    client.send(client.bareConnectPacket(shown));
    expect(await client.untilClosed()).toMatchObject([{ cmd: 'connack', returnCode: v3, sessionPresent: false }]);
  });

  test('are refused with its reason code, a DISCONNECT and closed in MQTT 5', async () => {
    const { connect, gate, metrics } = await startServer();
    gate.known.clear();
    const client = await connect(5);
    client.send(client.bareConnectPacket(shown));
    expect(await client.untilClosed()).toMatchObject([
      { cmd: 'connack', reasonCode: v5, sessionPresent: false },
      { cmd: 'disconnect', reasonCode: 0x87 },
    ]);
    expect(await rejections(metrics, 'invalid_credentials')).toBe(1);
  });
});

test('MQTT.js of version 5 shows the reason of a refusal once', async () => {
  const { port } = await startServer();
  const client = mqtt.connect({
    port,
    host: '127.0.0.1',
    protocolVersion: 5,
    username: 'wrong',
    clientId: 'c',
    reconnectPeriod: 0,
  });
  const errors: unknown[] = [];
  client.on('error', (error) => errors.push(error));
  await new Promise<void>((resolve) => client.once('close', resolve));
  expect(errors).toMatchObject([{ code: 0x86 }]);
  await client.endAsync(true);
});

const otherRefusals: readonly (readonly [GateRefusal['refused'], number, number, number])[] = [
  ['rate_limited', 3, 0x9f, 0x9f],
  ['device_disabled', 5, 0x87, 0x87],
  ['https_required', 5, 0x87, 0x87],
  ['auth_too_weak', 5, 0x87, 0x87],
];
test.each(otherRefusals)('the refusal %s has its codes', async (refused, v3, v5, v5Disconnect) => {
  const { connect, gate, metrics } = await startServer();
  gate.known.set('token', { refused });
  const older = await connect(4);
  older.send(older.connectPacket());
  expect(await older.untilClosed()).toMatchObject([{ cmd: 'connack', returnCode: v3 }]);
  const newer = await connect(5);
  newer.send(newer.connectPacket());
  expect(await newer.untilClosed()).toMatchObject([
    { cmd: 'connack', reasonCode: v5 },
    { cmd: 'disconnect', reasonCode: v5Disconnect },
  ]);
  expect(await rejections(metrics, refused)).toBe(2);
});

test('a gate that fails is "server unavailable"', async () => {
  const { connect, gate } = await startServer();
  const failure = Promise.reject(new Error('the database is gone'));
  failure.catch(() => undefined);
  gate.delay = failure;
  const older = await connect(4);
  older.send(older.connectPacket());
  expect(await older.untilClosed()).toMatchObject([{ cmd: 'connack', returnCode: 3 }]);
  const newer = await connect(5);
  newer.send(newer.connectPacket());
  expect(await newer.untilClosed()).toMatchObject([{ cmd: 'connack', reasonCode: 0x88 }, { cmd: 'disconnect' }]);
  gate.byMqttConnect = () => {
    throw new Error('a bug');
  };
  const last = await connect(4);
  last.send(last.connectPacket());
  expect(await last.untilClosed()).toMatchObject([{ cmd: 'connack', returnCode: 3 }]);
});

test('after twenty wrong credentials in a minute an address is refused without asking the gate', async () => {
  const { connect, gate, clock } = await startServer();
  const good = await connect(4);
  await good.enter();
  const attempt = async (version: ProtocolVersion, username: string) => {
    const client = await connect(version);
    client.send(client.connectPacket({ username }));
    return await client.next();
  };
  for (let i = 0; i < 20; i++) expect(await attempt(4, `guess ${i}`)).toMatchObject({ returnCode: 5 });
  const asked = gate.shown.length;
  gate.known.set('late', deviceOf('late'));
  expect(await attempt(4, 'late')).toMatchObject({ returnCode: 3 });
  expect(await attempt(5, 'late')).toMatchObject({ reasonCode: 0x9f });
  expect(gate.shown).toHaveLength(asked);
  // The neighbour that was right before comes in all the same, and provisioning is not about credentials.
  expect(await attempt(4, 'token')).toMatchObject({ returnCode: 0 });
  expect(await attempt(4, 'provision')).toMatchObject({ returnCode: 0 });
  clock.advance(60_000);
  expect(await attempt(4, 'late')).toMatchObject({ returnCode: 0 });
});

test('a client id made up for every CONNECT neither shuts out the neighbours nor the device itself', async () => {
  const { connect, gate, clock } = await startServer();
  let made = 0;
  const attempt = async (username: string) => {
    const client = await connect(4);
    client.send(client.connectPacket({ username, clientId: `ESP8266Client-${made++}` }));
    return await client.next();
  };
  expect(await attempt('token')).toMatchObject({ returnCode: 0 });
  // Once for the address, twenty times more for itself.
  for (let i = 0; i < 21; i++) expect(await attempt('forgotten')).toMatchObject({ returnCode: 5 });
  expect(await attempt('forgotten')).toMatchObject({ returnCode: 3 });
  gate.known.set('late', deviceOf('late'));
  expect(await attempt('late')).toMatchObject({ returnCode: 0 });
  for (let i = 0; i < 19; i++) expect(await attempt(`guess ${i}`)).toMatchObject({ returnCode: 5 });
  gate.known.set('later', deviceOf('later'));
  expect(await attempt('later')).toMatchObject({ returnCode: 3 });
  expect(await attempt('token')).toMatchObject({ returnCode: 0 });
  clock.advance(60_000);
  expect(await attempt('forgotten')).toMatchObject({ returnCode: 5 });
});

test('an MQTT 3.1.1 client without identifier needs a clean session', async () => {
  const { connect } = await startServer();
  const client = await connect(4);
  // By hand: mqtt-packet does not write such a CONNECT.
  client.send(Buffer.from(`1013${'00044d515454'}04${'80'}003c${'0000'}${'0005746f6b656e'}`, 'hex'));
  expect(await client.untilClosed()).toMatchObject([{ cmd: 'connack', returnCode: 2 }]);
});

test('other protocol levels are answered in a form that they can read', async () => {
  const { connect } = await startServer();
  const older = await connect(4);
  older.send('100d00044d51545402020000000161');
  expect(await older.untilClosed()).toMatchObject([{ cmd: 'connack', returnCode: 1 }]);
  const newer = await connect(5);
  newer.send('100d00044d51545406020000000161');
  expect(await newer.untilClosed()).toMatchObject([{ cmd: 'connack', reasonCode: 0x84 }]);
});

test('an MQTT 5 client that asks for enhanced authentication is refused', async () => {
  const { connect } = await startServer();
  const client = await connect(5);
  client.send(client.connectPacket({ properties: { authenticationMethod: 'SCRAM' } }));
  expect((await client.untilClosed())[0]).toMatchObject({ cmd: 'connack', reasonCode: 0x8c });
});

test('a malformed CONNECT of MQTT 5 is answered with CONNACK 0x81, an older one is closed', async () => {
  const { connect } = await startServer();
  const newer = await connect(5);
  newer.send('100d00044d51545405030000000161');
  expect(await newer.untilClosed()).toMatchObject([{ cmd: 'connack', reasonCode: 0x81 }]);
  const older = await connect(4);
  older.send('100d00044d51545404030000000161');
  expect(await older.untilClosed()).toEqual([]);
});

test.each([
  ['a PINGREQ', 'c000'],
  ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n').toString('hex')],
  ['a CONNECT of 8 KiB', '10814000'],
  ['a CONNECT of 256 MiB', '10ffffff7f'],
])('%s as the first packet is closed without an answer', async (_name, hex) => {
  const { connect, gate } = await startServer();
  const client = await connect(4);
  client.send(hex);
  expect(await client.untilClosed()).toEqual([]);
  expect(gate.shown).toEqual([]);
});

test('who says nothing for ten seconds is closed', async () => {
  const { connect, clock, server, metrics } = await startServer();
  const client = await connect(4);
  client.send('10');
  await expect.poll(() => server.connections).toBe(1);
  clock.advance(9000);
  expect(server.connections).toBe(1);
  clock.advance(2000);
  expect(await client.untilClosed()).toEqual([]);
  expect(await rejections(metrics, 'connect_timeout')).toBe(1);
});

test('a second CONNECT is a protocol error', async () => {
  const { connect } = await startServer();
  const client = await connect(5);
  await client.enter();
  client.send(client.connectPacket());
  expect(await client.untilClosed()).toMatchObject([{ cmd: 'disconnect', reasonCode: 0x82 }]);
});

describe('packets behind CONNECT', () => {
  test('wait until the gate has answered and are then handled in their order', async () => {
    const { connect, gate, ingest } = await startServer();
    let open = () => {};
    gate.delay = new Promise<void>((resolve) => {
      open = resolve;
    });
    ingest.commitsAtOnce = true;
    const client = await connect(4);
    client.send(
      client.connectPacket(),
      client.publishPacket(telemetry, '{"a":1}', 1),
      client.publishPacket(telemetry, '{"a":2}', 2),
    );
    client.send(client.publishPacket(telemetry, '{"a":3}', 3), { cmd: 'pingreq' });
    await expect.poll(() => gate.shown.length).toBe(1);
    expect(ingest.taken).toEqual([]);
    open();
    expect(await client.next()).toMatchObject({ cmd: 'connack', returnCode: 0 });
    for (const messageId of [1, 2, 3]) expect(await client.next()).toMatchObject({ cmd: 'puback', messageId });
    expect(await client.next()).toMatchObject({ cmd: 'pingresp' });
    expect(ingest.taken.map(({ text }) => text)).toEqual(['{"a":1}', '{"a":2}', '{"a":3}']);
  });

  test('come at once when the gate remembers the device', async () => {
    const { connect, ingest } = await startServer();
    ingest.commitsAtOnce = true;
    const client = await connect(5);
    client.send(client.connectPacket(), client.publishPacket(telemetry, '{"a":1}', 1));
    expect(await client.next()).toMatchObject({ cmd: 'connack', reasonCode: 0 });
    expect(await client.next()).toMatchObject({ cmd: 'puback', messageId: 1 });
  });

  test('may be a hundred, not more', async () => {
    const { connect, gate } = await startServer();
    gate.delay = new Promise(() => {});
    const pings = (count: number) => Buffer.from('c000'.repeat(count), 'hex');
    const older = await connect(4);
    older.send(older.connectPacket(), pings(101));
    expect(await older.untilClosed()).toEqual([]);
    const newer = await connect(5);
    newer.send(newer.connectPacket(), pings(101));
    expect(await newer.untilClosed()).toMatchObject([{ cmd: 'disconnect', reasonCode: 0x97 }]);
  });

  test('are not kept without end when they are large', async () => {
    const { connect, gate, ingest } = await startServer();
    ingest.commitsAtOnce = true;
    let open = () => {};
    gate.delay = new Promise<void>((resolve) => {
      open = resolve;
    });
    const client = await connect(4);
    client.send(client.connectPacket());
    const large = JSON.stringify({ a: 'x'.repeat(60_000) });
    for (let id = 1; id <= 90; id++) client.publish(telemetry, large, id);
    await expect.poll(() => gate.shown.length).toBe(1);
    open();
    expect(await client.next()).toMatchObject({ cmd: 'connack' });
    for (let id = 1; id <= 90; id++) expect(await client.next()).toMatchObject({ cmd: 'puback', messageId: id });
    expect(ingest.taken.every(({ text }) => text === large)).toBe(true);
  });

  test('are gone when the gate refuses', async () => {
    const { connect, gate, ingest } = await startServer();
    gate.delay = Promise.resolve();
    const client = await connect(4);
    client.send(client.connectPacket({ username: 'wrong' }), client.publishPacket(telemetry, '{"a":1}', 1));
    expect(await client.untilClosed()).toMatchObject([{ cmd: 'connack', returnCode: 5 }]);
    expect(ingest.taken).toEqual([]);
  });
});

describe('keep-alive', () => {
  test.each(versions)('ends one and a half times after the last packet, MQTT level %i', async (version) => {
    const { connect, clock, sessions } = await startServer();
    const client = await connect(version);
    await client.enter({ keepalive: 10 });
    clock.advance(14_000);
    await client.beforePong();
    clock.advance(14_000);
    await client.beforePong();
    clock.advance(17_000);
    const last = await client.untilClosed();
    expect(last).toMatchObject(version === 5 ? [{ cmd: 'disconnect', reasonCode: 0x8d }] : []);
    expect(sessions.ended).toHaveLength(1);
  });

  test('of 0 still ends after ten minutes without a packet', async () => {
    const { connect, clock } = await startServer();
    const client = await connect(5);
    await client.enter({ keepalive: 0 });
    clock.advance(599_000);
    await client.beforePong();
    clock.advance(602_000);
    expect(await client.untilClosed()).toMatchObject([{ cmd: 'disconnect', reasonCode: 0xa0 }]);
  });

  test('does not blame a client that is not being read', async () => {
    const { connect, clock, ingest } = await startServer();
    ingest.saturated = true;
    const client = await connect(4);
    await client.enter({ keepalive: 10 });
    client.publish(telemetry, '{}');
    await expect.poll(() => ingest.taken.length).toBe(1);
    clock.advance(60_000);
    ingest.drain();
    expect(await client.beforePong()).toEqual([]);
  });
});

const closings: readonly (readonly [CloseReason, number])[] = [
  ['taken_over', 0x8e],
  ['credentials_revoked', 0x98],
  ['device_deleted', 0x98],
  ['device_disabled', 0x98],
  ['shutting_down', 0x8b],
];
test.each(closings)('a session closed as %s is told so in MQTT 5 and closed in MQTT 3.1.1', async (reason, code) => {
  const { connect, sessions } = await startServer();
  const newer = await connect(5);
  await newer.enter();
  sessions.of('greenhouse').close(reason);
  expect(await newer.untilClosed()).toMatchObject([{ cmd: 'disconnect', reasonCode: code }]);
  const older = await connect(4);
  await older.enter();
  sessions.of('greenhouse').close(reason);
  expect(await older.untilClosed()).toEqual([]);
  expect(sessions.ended).toHaveLength(2);
});

test('a second connection of a device takes over from the first, whatever their client ids', async () => {
  const { connect, sessions } = await startServer();
  const first = await connect(5);
  await first.enter({ clientId: 'one' });
  const second = await connect(5);
  await second.enter({ clientId: 'two' });
  expect(await first.untilClosed()).toMatchObject([{ cmd: 'disconnect', reasonCode: 0x8e }]);
  expect(await second.beforePong()).toEqual([]);
  expect(sessions.count()).toEqual({ mqtt: 1 });
});

test('a session ends when its rotated credentials stop working', async () => {
  const { connect, gate, clock } = await startServer();
  gate.known.set('token', deviceOf('greenhouse', { credentialsExpireAt: clock.now() + 5000 }));
  const client = await connect(5);
  await client.enter();
  clock.advance(4000);
  expect(await client.beforePong()).toEqual([]);
  clock.advance(2000);
  expect(await client.untilClosed()).toMatchObject([{ cmd: 'disconnect', reasonCode: 0x98 }]);
});

test('the session is reported as closed when the client says goodbye and when it vanishes', async () => {
  const { connect, sessions } = await startServer();
  const polite = await connect(5);
  await polite.enter();
  polite.send({ cmd: 'disconnect', reasonCode: 0 });
  expect(await polite.untilClosed()).toEqual([]);
  expect(sessions.ended).toHaveLength(1);
  const rude = await connect(4);
  await rude.enter();
  rude.socket.resetAndDestroy();
  await expect.poll(() => sessions.ended.length).toBe(2);
});

test('more connections than the limit are cut, the others stay', async () => {
  const { connect, metrics } = await startServer({ maxConnections: 1 });
  const first = await connect(4);
  await first.enter();
  const second = await connect(4);
  expect(await second.untilClosed()).toEqual([]);
  expect(await rejections(metrics, 'too_many_connections')).toBe(1);
  expect(await first.beforePong()).toEqual([]);
});

test('stopping acknowledges what was taken, says goodbye and closes', async () => {
  const { connect, ingest, server, sessions } = await startServer();
  const busy = await connect(5);
  await busy.enter();
  busy.publish(telemetry, '{"a":1}', 1);
  await expect.poll(() => ingest.taken.length).toBe(1);
  const stopped = server.stop();
  ingest.taken[0]?.acknowledge(undefined);
  expect(await busy.untilClosed()).toMatchObject([
    { cmd: 'puback', messageId: 1 },
    { cmd: 'disconnect', reasonCode: 0x8b },
  ]);
  await stopped;
  expect(sessions.count()).toEqual({ mqtt: 0 });
  await expect(connect(5)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('stopping does not wait for a commit that never comes', async () => {
  const { connect, ingest, server, clock } = await startServer();
  const client = await connect(5);
  await client.enter();
  client.publish(telemetry, '{"a":1}', 1);
  await expect.poll(() => ingest.taken.length).toBe(1);
  const stopped = server.stop();
  clock.advance(3000);
  expect(await client.untilClosed()).toMatchObject([{ cmd: 'disconnect', reasonCode: 0x8b }]);
  await stopped;
});

test('a port in use is an error, and nothing listens then', async () => {
  const taken = await startServer();
  const free = await startServer();
  await free.server.stop();
  const tls = { ...(await selfSigned()), port: taken.port };
  const start = free.server.start({ host: '127.0.0.1', port: free.port, tls });
  await expect(start).rejects.toMatchObject({ code: 'EADDRINUSE' });
  await expect(free.connect(4)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('the TLS listener serves the same, and the gate is told that it was secure', async () => {
  const { cert, key } = await selfSigned();
  const { tlsPort, gate, ingest } = await startServer({}, { port: 0, cert, key });
  ingest.commitsAtOnce = true;
  const client = await mqtt.connectAsync({
    protocol: 'mqtts',
    host: '127.0.0.1',
    port: tlsPort ?? 0,
    ca: cert,
    servername: 'localhost',
    username: 'token',
  });
  await client.publishAsync(telemetry, '{"a":1}', { qos: 1 });
  await client.endAsync();
  expect(gate.shown[0]?.arrival).toEqual({ transport: 'mqtt', secure: true, address: '127.0.0.1' });
  expect(ingest.taken[0]?.text).toBe('{"a":1}');
});

test('bytes that are no TLS on the TLS port are counted and disturb nobody', async () => {
  const { cert, key } = await selfSigned();
  const { tlsPort, metrics, connect } = await startServer({}, { port: 0, cert, key });
  const lost = await RawClient.open(tlsPort ?? 0, 4);
  lost.send(lost.connectPacket());
  expect(await lost.untilClosed()).toEqual([]);
  expect(await rejections(metrics, 'tls_handshake_failed')).toBe(1);
  await (await connect(4)).enter();
});

test('stopping does not wait for a TLS handshake', async () => {
  const { cert, key } = await selfSigned();
  const { tlsPort, server } = await startServer({}, { port: 0, cert, key });
  const silent = await RawClient.open(tlsPort ?? 0, 4);
  await server.stop();
  expect(await silent.untilClosed()).toEqual([]);
});
