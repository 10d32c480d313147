import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from 'vitest';
import { liveCloseCodes } from '#contract/live.ts';
import { FakeClock } from '../../test/fake-clock.ts';
import type { LiveClient } from '../../test/live-client.ts';
import {
  bus,
  client,
  deviceId,
  foreignId,
  live,
  metrics,
  principals,
  rejections,
  serve,
  server,
  setUpLiveWorld,
  tenantId,
} from '../../test/live-world.ts';
import { subjects } from '../bus/subjects.ts';
import { AppError } from '../errors.ts';
import { systemClock } from '../lib/clock.ts';

setUpLiveWorld();

/** Lets a minute pass for clients that answer their pings. */
async function passMinute(clock: FakeClock, ...present: LiveClient[]): Promise<void> {
  for (let i = 0; i < 2; i++) {
    const open = present.filter(({ socket }) => socket.readyState === socket.OPEN);
    const pinged = open.map(({ socket }) => once(socket, 'ping'));
    clock.advance(30_000);
    for (const [at, each] of open.entries()) {
      // The pong is on its way now, and what is sent after it comes after it: its answer says that the pong was taken.
      await Promise.race([pinged[at], each.closed]);
      each.send({ type: 'unsubscribe', id: `round-trip ${i}` });
      await Promise.race([each.until((message) => message.id === `round-trip ${i}`), each.closed]);
    }
  }
}

test('a message that is too long ends the connection with 1009', async () => {
  await serve();
  const ann = await client();
  ann.send(JSON.stringify({ type: 'x'.repeat(300_000) }));
  expect(await ann.closed).toBe(1009);
});

test('frames that break the protocol end only their own connection', async () => {
  await serve();
  const ann = await client();
  const raw = connect((server.address() as AddressInfo).port, '127.0.0.1');
  raw.write(
    'GET /v1/live HTTP/1.1\r\nHost: x\r\nAuthorization: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  );
  await once(raw, 'data');
  // Reserved bits set, reserved opcode, not masked.
  raw.write(Buffer.from([0xff, 0x05, 1, 2, 3, 4, 5]));
  await once(raw.resume(), 'close');
  ann.send({ type: 'subscribe', id: 's', deviceIds: [deviceId] });
  expect(await ann.next()).toMatchObject({ type: 'snapshot' });
});

async function refusalOf(path: string, headers: Record<string, string>): Promise<[status: number, code: string]> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  const lines = Object.entries({ Host: 'x', Connection: 'Upgrade', Upgrade: 'websocket', ...headers });
  socket.write(`GET ${path} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`);
  let text = '';
  for await (const chunk of socket) text += chunk;
  const [head = '', body = '{}'] = text.split('\r\n\r\n');
  return [Number(head.split(' ')[1]), JSON.parse(body).code];
}

test('who may not come in is told so as problem details', async () => {
  await serve(systemClock, { clientsPerTenant: 1 });
  expect(await refusalOf('/v1/live', {})).toEqual([401, 'missing_credentials']);
  expect(await refusalOf('/elsewhere', { Authorization: 'a' })).toEqual([404, 'not_found']);
  await client();
  expect(await refusalOf('/v1/live?x=1', { Authorization: 'a' })).toEqual([429, 'rate_limited']);
  await client('b');
  expect(await rejections('missing_credentials')).toBe(1);
});

test('a client that left makes room for another', async () => {
  await serve(systemClock, { clientsPerTenant: 1 });
  const ann = await client();
  ann.socket.close();
  await ann.closed;
  await expect.poll(async () => (await metrics.liveClients.get()).values[0]?.value).toBe(0);
  await client();
});

test('a connection whose session has ended is closed with 4401 within a minute, others stay', async () => {
  const clock = new FakeClock();
  await serve(clock);
  const [ann, bob] = [await client('a'), await client('b')];
  principals.delete('a');
  await passMinute(clock, ann, bob);
  expect(await ann.closed).toBe(liveCloseCodes.sessionEnded);
  bob.send({ type: 'subscribe', id: 's', deviceIds: [foreignId] });
  expect(await bob.until(({ id }) => id === 's')).toMatchObject({ type: 'snapshot' });
});

const recorded = (tenant: string, action: string, kind: string, outcome: 'success' | 'failure' = 'success') =>
  bus.publish(subjects.audit(tenant), {
    ...{ kind: 'audit.recorded', tenantId: tenant, action, outcome },
    target: { kind, id: 'x' },
  });

test('a key that is revoked ends its connections at once, others stay', async () => {
  await serve(new FakeClock());
  principals.set('c', { tenantId, role: 'viewer' });
  const [ann, bob, carl] = [await client('a'), await client('b'), await client('c')];
  principals.delete('a');
  recorded(tenantId, 'api_key.revoked', 'api_key');
  expect(await ann.closed).toBe(liveCloseCodes.sessionEnded);
  for (const each of [bob, carl]) {
    each.send({ type: 'unsubscribe', id: 'still here' });
    expect(await each.until(({ id }) => id === 'still here')).toBeDefined();
  }
});

test('who comes in while their key is revoked does not stay', async () => {
  let isAsked = (): void => undefined;
  const asked = new Promise<void>((resolve) => {
    isAsked = resolve;
  });
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => {
    answer = resolve;
  });
  let isRevoked = false;
  await serve(new FakeClock(), {
    async authenticateUpgrade() {
      if (isRevoked) throw new AppError('missing_credentials');
      isAsked();
      await answered;
      return { kind: 'api_key', id: 'k', name: 'key', tenantId, role: 'viewer' };
    },
  });
  const connecting = client();
  await asked;
  isRevoked = true;
  recorded(tenantId, 'api_key.revoked', 'api_key');
  answer();
  expect(await (await connecting).closed).toBe(liveCloseCodes.sessionEnded);
});

test('many changes in a row make two rounds, and what ends nobody makes none', async () => {
  let asked = 0;
  await serve(new FakeClock(), {
    async authenticateUpgrade() {
      asked++;
      return { kind: 'user', id: 'u', name: 'ann', tenantId, role: 'viewer' };
    },
  });
  const [ann] = [await client(), await client()];
  for (const action of ['user.created', 'api_key.created']) recorded(tenantId, action, action.split('.')[0] ?? '');
  recorded(tenantId, 'session.sign_in_failed', 'user', 'failure');
  recorded(tenantId, 'device.created', 'device');
  recorded('tenant-b', 'user.deleted', 'user');
  ann.send({ type: 'unsubscribe', id: 'round-trip' });
  await ann.until(({ id }) => id === 'round-trip');
  expect(asked).toBe(2);
  for (let i = 0; i < 1000; i++) recorded(tenantId, 'user.deleted', 'user');
  await expect.poll(() => asked).toBe(6);
  ann.send({ type: 'unsubscribe', id: 'again' });
  await ann.until(({ id }) => id === 'again');
  expect(asked).toBe(6);
});

test('a database that does not answer ends no session', async () => {
  const clock = new FakeClock();
  let isBroken = false;
  await serve(clock, {
    async authenticateUpgrade() {
      if (isBroken) throw new Error('no database');
      return { kind: 'user', id: 'u', name: 'ann', tenantId, role: 'viewer' };
    },
  });
  const ann = await client();
  isBroken = true;
  await passMinute(clock, ann);
  ann.send({ type: 'subscribe', id: 's', deviceIds: [deviceId] });
  expect(await ann.until(({ id }) => id === 's')).toMatchObject({ type: 'snapshot' });
});

test('a client that does not answer pings is cut off', async () => {
  const clock = new FakeClock();
  await serve(clock);
  const ann = await client();
  clock.advance(30_000);
  await once(ann.socket, 'ping');
  ann.send({ type: 'subscribe', id: 's', deviceIds: [deviceId] });
  await ann.next();
  clock.advance(30_000);
  await once(ann.socket, 'ping');
  ann.socket.pause();
  clock.advance(30_000);
  clock.advance(30_000);
  ann.socket.resume();
  expect(await ann.closed).toBe(1006);
});

test('at the stop clients are told with 1001, and new ones are refused', async () => {
  await serve();
  const ann = await client();
  await live.stop();
  expect(await ann.closed).toBe(1001);
  expect(await refusalOf('/v1/live', { Authorization: 'a' })).toEqual([503, 'shutting_down']);
});
