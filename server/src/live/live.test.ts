import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Json } from '#contract/common.ts';
import { liveCloseCodes } from '#contract/live.ts';
import { FakeClock } from '../../test/fake-clock.ts';
import { connectLive, type LiveClient, stateOf } from '../../test/live-client.ts';
import type { Bus } from '../bus/bus.ts';
import { createMemoryBus } from '../bus/memory.ts';
import { subjects } from '../bus/subjects.ts';
import { AppError } from '../errors.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { createMetrics, type Metrics } from '../metrics.ts';
import { createSqliteTelemetryStore } from '../telemetry/sqlite/store.ts';
import type { TelemetryPoint, TelemetryStore, TelemetryValue } from '../telemetry/store.ts';
import { createLive, type Live, type LiveDeps } from './live.ts';
import type { AttributeScope } from './updates.ts';

const tenantId = 'tenant-a';
const idOf = (n: number): string => `01890000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
const [deviceId, otherId, foreignId] = [idOf(1), idOf(2), idOf(0xf)];
const devicesOf: Record<string, Set<string>> = {};

let directory: string;
let store: TelemetryStore;
let bus: Bus;
let metrics: Metrics;
let attributes: Map<string, Json>;
let faults: unknown[];
/** Who may come in, by the token they send. */
let principals: Map<string, { tenantId: string; role: 'viewer' | 'owner' }>;
let clients: LiveClient[];
let live: Live;
let server: Server;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gapura-live-'));
  metrics = createMetrics();
  const log = pino({ level: 'silent' });
  store = createSqliteTelemetryStore({ path: join(directory, 't.sqlite'), metrics, log, clock: systemClock });
  await store.start();
  faults = [];
  bus = createMemoryBus((error) => faults.push(error));
  attributes = new Map();
  principals = new Map([
    ['a', { tenantId, role: 'viewer' }],
    ['b', { tenantId: 'tenant-b', role: 'owner' }],
  ]);
  devicesOf[tenantId] = new Set([deviceId, otherId]);
  devicesOf['tenant-b'] = new Set([foreignId]);
  clients = [];
});

afterEach(async () => {
  for (const client of clients) client.socket.terminate();
  await live.stop();
  await new Promise((resolve) => server.close(resolve));
  await store.stop();
  await rm(directory, { recursive: true });
  expect(faults).toEqual([]);
});

const activity = { active: true, lastConnectTime: 1, lastActivityTime: 2, lastDisconnectTime: null };

async function serve(clock: Clock = systemClock, extra: Partial<LiveDeps> = {}): Promise<void> {
  live = createLive({
    bus,
    store,
    metrics,
    clock,
    log: pino({ level: 'silent' }),
    attributes: {
      read: async (device, scope) => {
        const prefix = `${device.deviceId} ${scope} `;
        const found = [...attributes].filter(([name]) => name.startsWith(prefix));
        return new Map(found.map(([name, value]) => [name.slice(prefix.length), { value, updatedAt: 1 }]));
      },
    },
    sessions: { activity: async (_tenant, ids) => new Map(ids.map((id) => [id, activity])) },
    async authenticateUpgrade({ headers }) {
      const principal = principals.get(headers.authorization ?? '');
      if (principal === undefined) throw new AppError('missing_credentials');
      return { kind: 'user', id: 'u', name: 'ann', ...principal };
    },
    existing: async (tenant, ids) => ids.filter((id) => devicesOf[tenant]?.has(id)),
    ...extra,
  });
  server = createServer().on('upgrade', live.handleUpgrade);
  await once(server.listen(0, '127.0.0.1'), 'listening');
}

const url = (path = '/v1/live'): string => `ws://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
async function client(token = 'a'): Promise<LiveClient> {
  const connected = await connectLive(url(), { authorization: token });
  clients.push(connected);
  return connected;
}

/** As ingest does: first the commit, then the news. */
async function write(points: TelemetryPoint[], id = deviceId): Promise<void> {
  await store.append([{ tenantId, deviceId: id, points }]);
  bus.publish(subjects.telemetry(tenantId, id), { kind: 'telemetry.stored', tenantId, deviceId: id, points });
}
const point = (key: string, ts: number, value: TelemetryValue): TelemetryPoint => ({ key, ts, value });

function setAttribute(scope: AttributeScope, key: string, value: Json | undefined): void {
  const name = `${deviceId} ${scope} ${key}`;
  if (value === undefined) attributes.delete(name);
  else attributes.set(name, value);
  bus.publish(subjects.attributes(tenantId, deviceId), {
    kind: 'attributes.changed',
    tenantId,
    deviceId,
    scope,
    updated: value === undefined ? {} : { [key]: value },
    deleted: value === undefined ? [key] : [],
  });
}

/** Lets a minute pass for a client that answers its pings. */
async function passMinute(clock: FakeClock, ...present: LiveClient[]): Promise<void> {
  for (let i = 0; i < 2; i++) {
    clock.advance(30_000);
    for (const each of present) {
      if (each.socket.readyState !== each.socket.OPEN) continue;
      // The answer to this comes after the pong has been taken.
      each.send({ type: 'unsubscribe', id: `round-trip ${i}` });
      await Promise.race([each.until((message) => message.id === `round-trip ${i}`), each.closed]);
    }
  }
}

const rejections = async (code: string): Promise<number> => {
  const { values } = await metrics.rejections.get();
  return values.find(({ labels }) => labels.where === 'live' && labels.code === code)?.value ?? 0;
};

test('a subscription begins with a snapshot and goes on with numbered deltas', async () => {
  await serve();
  await write([point('t', 5, 21.5), point('state', 1, { json: '{"on":true}' })]);
  setAttribute('server', 'floor', 3);
  const ann = await client();
  ann.send({ type: 'subscribe', id: 's1', deviceIds: [deviceId, otherId] });
  expect(await ann.next()).toEqual({
    type: 'snapshot',
    id: 's1',
    seq: 0,
    devices: {
      [deviceId]: {
        telemetry: { t: { ts: 5, value: 21.5 }, state: { ts: 1, value: { on: true } } },
        attributes: { client: {}, shared: {}, server: { floor: 3 } },
        activity,
      },
      [otherId]: { telemetry: {}, attributes: { client: {}, shared: {}, server: {} }, activity },
    },
  });
  await write([point('t', 6, 22)]);
  expect(await ann.next()).toEqual({
    type: 'delta',
    id: 's1',
    seq: 1,
    changes: [{ type: 'telemetry', deviceId, points: [{ key: 't', ts: 6, value: 22 }] }],
  });
  setAttribute('shared', 'target', [1]);
  setAttribute('server', 'floor', undefined);
  bus.publish(subjects.activity(tenantId, deviceId), {
    kind: 'device.activity',
    tenantId,
    deviceId,
    ...activity,
    active: false,
  });
  expect(await ann.next()).toEqual({
    type: 'delta',
    id: 's1',
    seq: 2,
    changes: [
      { type: 'attributes', deviceId, scope: 'shared', updated: { target: [1] }, deleted: [] },
      { type: 'attributes', deviceId, scope: 'server', updated: {}, deleted: ['floor'] },
      { type: 'activity', deviceId, ...activity, active: false },
    ],
  });
});

test('updates that come close together share one frame, in the order in which they came', async () => {
  const clock = new FakeClock();
  await serve(clock);
  const ann = await client();
  ann.send({ type: 'subscribe', id: 's', deviceIds: [deviceId], topics: ['telemetry'] });
  await ann.next();
  for (const ts of [3, 1, 2]) await write([point('k', ts, ts)]);
  clock.advance(50);
  expect(await ann.next()).toMatchObject({ seq: 1, changes: [{ points: [{ ts: 3 }, { ts: 1 }, { ts: 2 }] }] });
  await write([point('k', 4, 4)]);
  clock.advance(50);
  expect(await ann.next()).toMatchObject({ seq: 2, changes: [{ points: [{ ts: 4 }] }] });
});

test('keys and topics that were not asked for are not sent', async () => {
  await serve();
  await write([point('a', 1, 1), point('b', 1, 1)]);
  const ann = await client();
  ann.send({ type: 'subscribe', id: 's', deviceIds: [deviceId], keys: ['a'], topics: ['telemetry'] });
  expect(await ann.next()).toMatchObject({ devices: { [deviceId]: { telemetry: { a: { ts: 1, value: 1 } } } } });
  setAttribute('server', 'x', 1);
  await write([point('b', 2, 2)]);
  await write([point('b', 3, 3), point('a', 3, 3)]);
  expect(await ann.next()).toEqual({
    type: 'delta',
    id: 's',
    seq: 1,
    changes: [{ type: 'telemetry', deviceId, points: [{ key: 'a', ts: 3, value: 3 }] }],
  });
});

test('hostile keys go through unchanged', async () => {
  await serve();
  const keys = ['__proto__', '"', '🌡️', 'a\nb', '</script>'];
  await write(keys.map((key) => point(key, 1, key)));
  const ann = await client();
  ann.send({ type: 'subscribe', id: '__proto__', deviceIds: [deviceId], topics: ['telemetry'] });
  const snapshot = await ann.next();
  const shown = snapshot.type === 'snapshot' ? snapshot.devices[deviceId]?.telemetry : undefined;
  expect(Object.keys(shown ?? {}).sort()).toEqual([...keys].sort());
  await write(keys.map((key) => point(key, 2, key)));
  expect(await ann.next()).toMatchObject({
    id: '__proto__',
    changes: [{ points: keys.map((key) => ({ key, ts: 2, value: key })) }],
  });
});

test('a device of another tenant, or of nobody, is not found, and nothing of it is heard', async () => {
  await serve();
  const bob = await client('b');
  bob.send({ type: 'subscribe', id: 's', deviceIds: [foreignId, deviceId] });
  expect(await bob.next()).toMatchObject({ type: 'error', id: 's', code: 'not_found' });
  bob.send({ type: 'subscribe', id: 's', deviceIds: [idOf(77)] });
  expect(await bob.next()).toMatchObject({ type: 'error', id: 's', code: 'not_found' });
  bob.send({ type: 'subscribe', id: 's', deviceIds: [foreignId] });
  expect(await bob.next()).toMatchObject({ type: 'snapshot', devices: { [foreignId]: {} } });
  expect(bus.hasInterest(subjects.telemetry('tenant-b', deviceId))).toBe(false);
  expect(await rejections('not_found')).toBe(2);
});

test('a deleted device is told as such and leaves the subscription', async () => {
  await serve();
  const ann = await client();
  ann.send({ type: 'subscribe', id: 's', deviceIds: [deviceId, otherId] });
  await ann.next();
  await write([point('k', 1, 1)]);
  bus.publish(subjects.device(tenantId, deviceId), { kind: 'device.deleted', tenantId, deviceId });
  await write([point('k', 2, 2)]);
  expect(await ann.next()).toMatchObject({ seq: 1, changes: [{ type: 'deviceDeleted', deviceId }] });
  expect(bus.hasInterest(subjects.telemetry(tenantId, deviceId))).toBe(false);
  expect(bus.hasInterest(subjects.telemetry(tenantId, otherId))).toBe(true);
});

test('after the end of a subscription nothing of it is sent, and its id is free', async () => {
  await serve();
  const ann = await client();
  ann.send({ type: 'subscribe', id: 's', deviceIds: [deviceId], topics: ['telemetry'] });
  await ann.next();
  ann.send({ type: 'unsubscribe', id: 's' });
  ann.send({ type: 'unsubscribe', id: 's' });
  expect(await ann.next()).toMatchObject({ type: 'error', id: 's', code: 'not_found' });
  expect(bus.hasInterest(subjects.telemetry(tenantId, deviceId))).toBe(false);
  await write([point('k', 1, 1)]);
  ann.send({ type: 'subscribe', id: 's', deviceIds: [deviceId], topics: ['telemetry'] });
  expect(await ann.next()).toMatchObject({
    type: 'snapshot',
    seq: 0,
    devices: { [deviceId]: { telemetry: { k: {} } } },
  });
});

test('a connection that ends leaves nothing on the bus', async () => {
  await serve();
  const ann = await client();
  ann.send({ type: 'subscribe', id: 's', deviceIds: [deviceId] });
  await ann.next();
  expect((await metrics.liveClients.get()).values[0]?.value).toBe(1);
  ann.socket.terminate();
  await expect.poll(() => bus.hasInterest(subjects.telemetry(tenantId, deviceId))).toBe(false);
  await expect.poll(async () => (await metrics.liveClients.get()).values[0]?.value).toBe(0);
});

test.each([
  ['not JSON', 'hello'],
  ['a number', '1'],
  ['null', 'null'],
  ['no type', '{}'],
  ['an unknown type', '{"type":"publish","id":"s"}'],
  ['no devices', '{"type":"subscribe","id":"s","deviceIds":[]}'],
  ['an id that is none', '{"type":"subscribe","id":"s","deviceIds":["x"]}'],
  ['an unknown member', `{"type":"subscribe","id":"s","deviceIds":["${deviceId}"],"admin":true}`],
  ['an unknown topic', `{"type":"subscribe","id":"s","deviceIds":["${deviceId}"],"topics":["secrets"]}`],
  ['an empty subscription id', `{"type":"subscribe","id":"","deviceIds":["${deviceId}"]}`],
  ['deep nesting', '['.repeat(100_000)],
  ['a binary frame', Buffer.from('{}')],
])('a message that is wrong (%s) is answered with an error, and the connection goes on', async (_what, message) => {
  await serve();
  const ann = await client();
  ann.send(message);
  expect(await ann.next()).toMatchObject({ type: 'error', code: 'invalid_request' });
  ann.send({ type: 'subscribe', id: 's', deviceIds: [deviceId] });
  expect(await ann.next()).toMatchObject({ type: 'snapshot' });
});

test('an id in use and one subscription too many are refused', async () => {
  await serve();
  const ann = await client();
  for (let i = 0; i < 101; i++)
    ann.send({ type: 'subscribe', id: `s${i}`, deviceIds: [deviceId], topics: ['activity'] });
  ann.send({ type: 'subscribe', id: 's0', deviceIds: [deviceId] });
  expect(await ann.until((message) => message.type === 'error')).toMatchObject({ id: 's100', code: 'rate_limited' });
  expect(await ann.until((message) => message.type === 'error' && message.id === 's0')).toMatchObject({
    code: 'invalid_request',
  });
  expect(ann.messages.filter(({ type }) => type === 'snapshot')).toHaveLength(100);
});

test('more than a thousand devices in one subscription are refused', async () => {
  await serve();
  const ids = Array.from({ length: 1001 }, (_, i) => idOf(1000 + i));
  for (const id of ids) devicesOf[tenantId]?.add(id);
  const ann = await client();
  ann.send({ type: 'subscribe', id: 's', deviceIds: ids });
  expect(await ann.next()).toMatchObject({ type: 'error', id: 's', code: 'invalid_request' });
  ann.send({ type: 'subscribe', id: 's', deviceIds: ids.slice(1) });
  const snapshot = await ann.next();
  expect(Object.keys(snapshot.type === 'snapshot' ? snapshot.devices : {})).toHaveLength(1000);
});

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
  const { socket } = { socket: connect((server.address() as AddressInfo).port, '127.0.0.1') };
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

test('snapshot and deltas add up to what is stored, without gap and without repetition, whenever one subscribes', async () => {
  await serve(systemClock, {
    store: {
      // What was read is on its way for a while, as from a database of another process.
      async latest(...query) {
        const found = await store.latest(...query);
        await store.stats({ tenantId, deviceId });
        return found;
      },
    },
  });
  const keys = ['a', 'b', 'c'];
  const entry = fc.record({
    device: fc.constantFrom(deviceId, otherId),
    key: fc.constantFrom(...keys),
    ts: fc.integer({ min: 0, max: 12 }),
    wait: fc.boolean(),
    subscribes: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(entry, { minLength: 5, maxLength: 60 }), async (entries) => {
      await store.deleteRange({ tenantId, deviceId }, undefined, 0, 1e9);
      await store.deleteRange({ tenantId, deviceId: otherId }, undefined, 0, 1e9);
      const ann = await client();
      const ids: string[] = [];
      const writes: Promise<void>[] = [];
      for (const [i, { device, key, ts, wait, subscribes }] of entries.entries()) {
        if (subscribes) {
          ids.push(`s${i}`);
          ann.send({ type: 'subscribe', id: `s${i}`, deviceIds: [deviceId, otherId], topics: ['telemetry'] });
        }
        // The value is the number of the write, so each is told apart.
        writes.push(write([point(key, ts, i)], device));
        if (wait) await Promise.race([writes.at(-1), setImmediate()]);
      }
      await Promise.all(writes);
      for (const id of ids) await ann.until((message) => message.type === 'snapshot' && message.id === id);
      await write([point('end', 1, 'end')], deviceId);
      await write([point('end', 1, 'end')], otherId);
      const stored = await store.latest([deviceId, otherId].map((id) => ({ tenantId, deviceId: id })));
      for (const id of ids) {
        const isAtEnd = (): boolean =>
          [...stateOf(id, ann.messages).values()].every((device) => device.telemetry?.['end'] !== undefined);
        while (!isAtEnd()) await once(ann.socket, 'message');
        for (const [device, state] of stateOf(id, ann.messages)) {
          const latest = stored.get(device) ?? [];
          expect(state.telemetry).toEqual(Object.fromEntries(latest.map(({ key, ts, value }) => [key, { ts, value }])));
        }
        const seen: Json[] = [];
        const shown = new Map<string, number>();
        for (const message of ann.messages) {
          if (message.type === 'error' || message.id !== id) continue;
          if (message.type === 'snapshot') {
            for (const [device, { telemetry }] of Object.entries(message.devices)) {
              for (const [key, { ts, value }] of Object.entries(telemetry ?? {})) {
                shown.set(`${device} ${key}`, ts);
                seen.push(value);
              }
            }
          } else {
            for (const change of message.changes) {
              if (change.type === 'telemetry') seen.push(...change.points.map(({ value }) => value));
            }
          }
        }
        const numbers = seen.filter((value) => typeof value === 'number');
        expect(new Set(numbers).size).toBe(numbers.length);
        for (const [i, { device, key, ts }] of entries.entries()) {
          const isHistory = ts <= (shown.get(`${device} ${key}`) ?? -1);
          expect(isHistory || numbers.includes(i)).toBe(true);
        }
      }
      ann.socket.terminate();
    }),
    { numRuns: 25 },
  );
});

test('a client that reads slowly gets the latest of each series, and its numbers have no gap', async () => {
  const clock = new FakeClock();
  await serve(clock);
  const ann = await client();
  ann.send({ type: 'subscribe', id: 's', deviceIds: [deviceId], topics: ['telemetry'] });
  await ann.next();
  ann.socket.pause();
  const size = 400_000;
  const rounds = 60;
  for (let ts = 1; ts <= rounds; ts++) {
    const points = [point('big', ts, `${ts}:${'x'.repeat(size)}`), point('small', rounds - ts, ts)];
    await write(points);
    clock.advance(50);
    await setImmediate();
  }
  ann.socket.resume();
  const isLast = (): boolean => stateOf('s', ann.messages).get(deviceId)?.telemetry?.['big']?.ts === rounds;
  await expect
    .poll(() => {
      clock.advance(50);
      return isLast();
    })
    .toBe(true);
  const stored = await store.latest([{ tenantId, deviceId }]);
  expect(stateOf('s', ann.messages).get(deviceId)?.telemetry).toEqual(
    Object.fromEntries((stored.get(deviceId) ?? []).map(({ key, ts, value }) => [key, { ts, value }])),
  );
  const deltas = ann.messages.filter((message) => message.type === 'delta');
  expect(deltas.some(({ coalesced }) => coalesced === true)).toBe(true);
  expect(deltas.length).toBeLessThan(rounds);
  // Once it reads again, every point is sent again.
  await write([point('small', 100, 1)]);
  await write([point('small', 101, 2)]);
  clock.advance(50);
  const last = await ann.until(
    (message) => message.type === 'delta' && JSON.stringify(message.changes).includes('"ts":101'),
  );
  expect(last).not.toHaveProperty('coalesced');
  expect(last).toMatchObject({ changes: [{ points: [{ ts: 100 }, { ts: 101 }] }] });
});

test('a client that asks for much and reads nothing is cut off', async () => {
  await serve();
  await write(Array.from({ length: 200 }, (_, i) => point(`k${i}`, 1, 'x'.repeat(10_000))));
  const ann = await client();
  ann.socket.pause();
  for (let i = 0; i < 100; i++) ann.send({ type: 'subscribe', id: `s${i}`, deviceIds: [deviceId] });
  await expect.poll(() => rejections('overloaded')).toBeGreaterThan(0);
  await expect.poll(async () => (await metrics.liveClients.get()).values[0]?.value, { timeout: 5000 }).toBe(0);
});

test('a flood of messages ends the connection with 4429', async () => {
  const { promise: gate, resolve: open } = Promise.withResolvers<void>();
  await serve(systemClock, {
    existing: async (_tenant, ids) => {
      await gate;
      return ids;
    },
  });
  const ann = await client();
  for (let i = 0; i < 300; i++) ann.send({ type: 'subscribe', id: `s${i}`, deviceIds: [deviceId] });
  expect(await ann.closed).toBe(liveCloseCodes.tooManyMessages);
  open();
});

test('a store that fails is told, and the client may try again', async () => {
  let isBroken = true;
  await serve(systemClock, {
    store: {
      latest: (...query) => (isBroken ? Promise.reject(new AppError('storage_unavailable')) : store.latest(...query)),
    },
  });
  const ann = await client();
  ann.send({ type: 'subscribe', id: 's', deviceIds: [deviceId] });
  expect(await ann.next()).toMatchObject({ type: 'error', id: 's', code: 'storage_unavailable' });
  expect(bus.hasInterest(subjects.telemetry(tenantId, deviceId))).toBe(false);
  isBroken = false;
  ann.send({ type: 'subscribe', id: 's', deviceIds: [deviceId] });
  expect(await ann.next()).toMatchObject({ type: 'snapshot' });
});
