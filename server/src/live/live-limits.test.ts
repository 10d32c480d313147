import { setImmediate } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { liveCloseCodes } from '#contract/live.ts';
import { FakeClock } from '../../test/fake-clock.ts';
import { stateOf } from '../../test/live-client.ts';
import {
  bus,
  client,
  deviceId,
  devicesOf,
  idOf,
  metrics,
  point,
  rejections,
  serve,
  setUpLiveWorld,
  store,
  tenantId,
  write,
} from '../../test/live-world.ts';
import { subjects } from '../bus/subjects.ts';
import { AppError } from '../errors.ts';
import { systemClock } from '../lib/clock.ts';

setUpLiveWorld();

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
