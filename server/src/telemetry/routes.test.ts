import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Role, roles } from '#contract/common.ts';
import { FakeClock } from '../../test/fake-clock.ts';
import type { AuditEntry } from '../audit/audit.ts';
import type { Bus } from '../bus/bus.ts';
import { createMemoryBus } from '../bus/memory.ts';
import { type BusMessage, subjects } from '../bus/subjects.ts';
import { AppError } from '../errors.ts';
import { createPlatformApi, type PlatformApi } from '../http/platform-api.ts';
import { createMetrics } from '../metrics.ts';
import { createTelemetryEngine } from './engine/store.ts';
import { registerTelemetryRoutes } from './routes.ts';
import type { TelemetryPoint, TelemetryStore, TelemetryValue } from './store.ts';
import { createTelemetry } from './telemetry.ts';

const id = '01890000-0000-7000-8000-000000000001';
const silentId = '01890000-0000-7000-8000-000000000002';
const foreignId = '01890000-0000-7000-8000-00000000000f';
const device = { tenantId: 'tenant-a', deviceId: id };
const devicesOf: Readonly<Record<string, readonly string[]>> = { 'tenant-a': [id, silentId], 'tenant-b': [foreignId] };

let directory: string;
let store: TelemetryStore;
let api: PlatformApi;
let address: string;
let audited: AuditEntry[];
let bus: Bus;
const clock = new FakeClock();

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gapura-telemetry-'));
  const log = pino({ level: 'silent' });
  bus = createMemoryBus((error) => log.error(error));
  store = createTelemetryEngine({ directory: join(directory, 'telemetry'), metrics: createMetrics(), log, clock });
  await store.start();
  audited = [];
  const telemetry = createTelemetry({
    store,
    audit: { record: (entry) => audited.push(entry) },
    bus,
    parseTelemetry(payload) {
      const text = Buffer.from(payload).toString();
      if (!text.startsWith('{')) return { code: 'invalid_payload', detail: 'The payload must be an object.' };
      return Object.entries(JSON.parse(text)).map(([key, value]) => ({ key, ts: clock.now(), value: value as number }));
    },
    acceptPoints: (ref, points) => store.append([{ ...ref, points }]),
    async requireDevice(tenantId, deviceId) {
      if (!devicesOf[tenantId]?.includes(deviceId)) throw new AppError('not_found');
    },
    existing: async (tenantId, ids) => ids.filter((one) => devicesOf[tenantId]?.includes(one)),
  });
  ({ api } = await createPlatformApi(
    {
      log,
      bodyLimitBytes: 1_000_000,
      // `Bearer <kind> <tenant> <role>`
      async authenticate({ headers }) {
        const [, kind, tenantId = '', role] = headers.authorization?.split(' ') ?? [];
        if (kind !== 'user' && kind !== 'api_key') throw new AppError('missing_credentials');
        return { kind, id: 'p', tenantId, name: 'ann', role: roles.find((one) => one === role) ?? 'viewer' };
      },
    },
    (routes) => registerTelemetryRoutes(routes, { telemetry, clock }),
  ));
  address = await api.listen({ host: '127.0.0.1', port: 0 });
});
afterEach(async () => {
  await api.close();
  await store.stop();
  await rm(directory, { recursive: true });
});

interface Caller {
  readonly role?: Role;
  readonly tenant?: string;
  readonly kind?: 'user' | 'api_key';
}
const call = (path: string, init: RequestInit = {}, caller: Caller = {}): Promise<Response> => {
  const { role = 'operator', tenant = 'tenant-a', kind = 'user' } = caller;
  return fetch(`${address}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${kind} ${tenant} ${role}`, ...init.headers },
  });
};
const get = async (path: string, caller: Caller = {}): Promise<unknown> => (await call(path, {}, caller)).json();
const telemetryPath = `/v1/devices/${id}/telemetry`;
const span = 'from=0&to=1000000';

const write = (points: [key: string, ts: number, value: TelemetryValue][]): Promise<void> =>
  store.append([{ ...device, points: points.map(([key, ts, value]): TelemetryPoint => ({ key, ts, value })) }]);

test('raw points come by key, oldest first, and keys without points have an empty list', async () => {
  await write([
    ['a', 2, 'x'],
    ['a', 1, { json: '{"n":1}' }],
    ['b', 3, true],
  ]);
  const response = await call(`${telemetryPath}?keys=b,a,none&${span}`);
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(await response.text()).toBe(
    '{"b":[{"ts":3,"value":true}],"a":[{"ts":1,"value":{"n":1}},{"ts":2,"value":"x"}],"none":[]}',
  );
});

test('all keys are answered when none is named, and a silent device has none', async () => {
  await write([
    ['b', 1, 1],
    ['a', 1, 1],
  ]);
  expect(Object.keys((await get(`${telemetryPath}?${span}`)) as object)).toEqual(['a', 'b']);
  expect(await get(`/v1/devices/${silentId}/telemetry?${span}`)).toEqual({});
});

test('order and limit are those asked for, across the pages of the store', async () => {
  for (const from of [0, 6000]) {
    await write(Array.from({ length: 6000 }, (_, i) => ['k', from + i, from + i]));
  }
  const times = async (query: string): Promise<number[]> => {
    const { k } = (await get(`${telemetryPath}?keys=k&${span}&${query}`)) as { k: { ts: number }[] };
    return k.map(({ ts }) => ts);
  };
  const upwards = Array.from({ length: 12_000 }, (_, ts) => ts);
  expect(await times('')).toEqual(upwards.slice(0, 1000));
  expect(await times('limit=100000')).toEqual(upwards);
  expect(await times('limit=5001&order=desc')).toEqual(upwards.toReversed().slice(0, 5001));
});

test('aggregates come in intervals from the start of the range, in either order', async () => {
  await write([
    ['k', 100, 1],
    ['k', 105, 3],
    ['k', 131, 'text'],
    ['k', 139, 9],
  ]);
  const query = `${telemetryPath}?keys=k,none&from=100&to=140&interval=10&aggregate=avg,count,last`;
  const buckets = [
    { ts: 100, avg: 2, count: 2, last: 3 },
    { ts: 130, avg: 9, count: 2, last: 9 },
  ];
  expect(await get(query)).toEqual({ k: buckets, none: [] });
  expect(await get(`${query}&order=desc`)).toEqual({ k: buckets.toReversed(), none: [] });
  expect(await get(`${query}&order=desc&limit=1`)).toEqual({ k: buckets.slice(1), none: [] });
  expect(await get(`${telemetryPath}?keys=k&from=100&to=140&buckets=2&aggregate=min`)).toEqual({
    k: [
      { ts: 100, min: 1 },
      { ts: 120, min: 9 },
    ],
  });
  expect(await get(`${telemetryPath}?keys=k&from=100&to=130&aggregate=sum`)).toEqual({ k: [{ ts: 100, sum: 4 }] });
});

test('many narrow intervals over a sparse range are all there, in both orders', async () => {
  const times = [0, 1, 1500, 2999, 3000, 900_000_000];
  await write(times.map((ts) => ['k', ts, ts]));
  for (const order of ['asc', 'desc']) {
    const query = `keys=k&from=0&to=1000000000&interval=1&aggregate=first&order=${order}`;
    const expected = times.map((ts) => ({ ts, first: ts }));
    expect(await get(`${telemetryPath}?${query}`)).toEqual({ k: order === 'asc' ? expected : expected.reverse() });
  }
});

const hostile = ['__proto__', '🌡️', '"quoted"', "it's", '=1+1', '@x', 'a,b', 'line\nbreak', 'nul\0', 'x'.repeat(2000)];

test('hostile keys and values go through JSON unchanged', async () => {
  await write(hostile.map((text) => [text, 1, text]));
  const body = (await get(`${telemetryPath}?${span}`)) as Record<string, unknown>;
  expect(Object.entries(body).sort()).toEqual(hostile.map((text) => [text, [{ ts: 1, value: text }]]).sort());
  const latest = (await get(`${telemetryPath}/latest`)) as Record<string, unknown>;
  expect(Object.entries(latest).sort()).toEqual(hostile.map((text) => [text, { ts: 1, value: text }]).sort());
  const { keys } = (await get(`${telemetryPath}/keys`)) as { keys: { key: string }[] };
  expect(keys.map(({ key }) => key).sort()).toEqual([...hostile].sort());
});

test('hostile keys and values go through NDJSON unchanged, one line each', async () => {
  await write([
    ...hostile.map((text): [string, number, string] => [text, 1, text]),
    ['json', 1, { json: '{"a":\n1}' }],
  ]);
  const response = await call(`${telemetryPath}?${span}&format=ndjson`);
  expect(response.headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
  const lines = (await response.text())
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toHaveLength(hostile.length + 1);
  expect(lines).toContainEqual({ ts: 1, key: 'json', value: { a: 1 } });
  for (const text of hostile) expect(lines).toContainEqual({ ts: 1, key: text, value: text });
});

test('a CSV has a header, disarmed formulas, and a file name', async () => {
  await write([
    ['=k', 1, '=1+1'],
    ['n', 2, -5],
    ['q', 3, 'say "hi", all'],
  ]);
  const response = await call(`${telemetryPath}?${span}&format=csv`);
  expect(await response.text()).toBe(`ts,key,value\r\n1,'=k,'=1+1\r\n2,n,-5\r\n3,q,"say ""hi"", all"\r\n`);
  expect(response.headers.get('content-disposition')).toBe(`attachment; filename="telemetry-${id}.csv"`);
  const empty = await call(`/v1/devices/${silentId}/telemetry?${span}&format=csv&interval=1m&aggregate=avg,min`);
  expect(await empty.text()).toBe('ts,key,avg,min\r\n');
  expect(await (await call(`/v1/devices/${silentId}/telemetry?format=ndjson`)).text()).toBe('');
});

test('an export of 100,000 points is complete and asks the store for no more than a page at a time', async () => {
  const count = 100_000;
  for (let from = 0; from < count; from += 20_000) {
    await write(Array.from({ length: 20_000 }, (_, i) => ['k', from + i, from + i]));
  }
  const lines = (await (await call(`${telemetryPath}?${span}&format=csv`)).text()).trimEnd().split('\r\n');
  expect(lines).toHaveLength(count + 1);
  expect(lines.every((line, i) => i === 0 || line === `${i - 1},k,${i - 1}`)).toBe(true);
});

test('a reader who does not read holds the export back instead of filling memory', async () => {
  let pages = 0;
  const range = store.range;
  store.range = async (query) => {
    pages++;
    const points = Array.from({ length: query.limit }, (_, i) => ({ key: 'k', ts: query.fromMs + i, value: 1 }));
    return new Map([['k', points]]);
  };
  const abort = new AbortController();
  const response = await call(`${telemetryPath}?keys=k&from=0&to=100000000&format=csv`, { signal: abort.signal });
  expect(response.status).toBe(200);
  // Endless data: without back-pressure this would never settle.
  let before = -1;
  const hasStopped = (): boolean => {
    const stopped = pages === before;
    before = pages;
    return stopped;
  };
  await expect.poll(hasStopped, { interval: 100 }).toBe(true);
  abort.abort();
  store.range = range;
  expect(pages).toBeLessThan(500);
});

test('latest values of several devices leave out those that the tenant does not have', async () => {
  await write([
    ['a', 1, 1],
    ['a', 9, 2],
    ['b', 3, 'x'],
  ]);
  const asked = [id, silentId, foreignId, 'nonsense'].join(',');
  expect(await get(`/v1/telemetry/latest?deviceIds=${asked}&keys=a`)).toEqual({
    [id]: { a: { ts: 9, value: 2 } },
    [silentId]: {},
  });
  const many = Array.from({ length: 201 }, (_, i) => `x${i}`).join(',');
  expect((await call(`/v1/telemetry/latest?deviceIds=${many}`)).status).toBe(400);
});

const post = (path: string, body: unknown, caller: Caller = {}): Promise<Response> =>
  call(path, { method: 'POST', body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }, caller);

test('a viewer asks for the latest values of a thousand devices in a body, with keys of any text', async () => {
  await write([
    ['a,b', 1, 1],
    ['c', 2, 2],
  ]);
  const absent = Array.from({ length: 997 }, (_, i) => `01890000-0000-7000-9000-${String(i).padStart(12, '0')}`);
  const deviceIds = [id, id, foreignId, ...absent];
  const response = await post('/v1/telemetry/latest', { deviceIds, keys: ['a,b', 'a,b'] }, { role: 'viewer' });
  expect([response.status, await response.json()]).toEqual([200, { [id]: { 'a,b': { ts: 1, value: 1 } } }]);
  expect((await post('/v1/telemetry/latest', { deviceIds: [...deviceIds, id] })).status).toBe(400);
});

test.each([{}, { deviceIds: [] }, { deviceIds: ['x'] }, { deviceIds: [id], keys: [] }, { deviceIds: [id], from: 1 }])(
  'the latest values are not told for the body %j',
  async (body) => {
    const response = await post('/v1/telemetry/latest', body);
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([400, 'invalid_request']);
  },
);

test('as many devices as an address may name fit into an address beside the headers of a browser', async () => {
  const ids = Array.from({ length: 200 }, (_, i) => `01890000-0000-7000-9000-${String(i).padStart(12, '0')}`);
  // As URLSearchParams writes it, commas escaped; cookies, user agent and the like are some 4 kB.
  const query = new URLSearchParams({ deviceIds: ids.join(',') });
  const response = await call(`/v1/telemetry/latest?${query}`, { headers: { 'x-browser': 'x'.repeat(4096) } });
  expect([response.status, await response.json()]).toEqual([200, {}]);
});

test('what a person writes is stored before the answer, and audited', async () => {
  const response = await call(telemetryPath, { method: 'POST', body: '{"t":21.5}' });
  expect(response.status).toBe(204);
  expect(await get(`${telemetryPath}?keys=t`)).toEqual({ t: [{ ts: clock.now(), value: 21.5 }] });
  expect(audited).toMatchObject([
    { action: 'telemetry.written', target: { id }, actor: { kind: 'user' }, detail: { points: 1, keys: ['t'] } },
  ]);
  await call(telemetryPath, { method: 'POST', body: '{"t":22}' }, { kind: 'api_key' });
  expect(audited).toHaveLength(1);
});

test.each(['', '[', '1'])('the body %j is refused with a code', async (body) => {
  const response = await call(telemetryPath, { method: 'POST', body, headers: { 'content-type': 'application/json' } });
  expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([400, 'invalid_payload']);
});

test('a delete says how much went and is audited', async () => {
  await write([
    ['a', 1, 1],
    ['a', 5, 1],
    ['b', 1, 1],
  ]);
  expect(await (await call(`${telemetryPath}?keys=a&from=0&to=5`, { method: 'DELETE' })).json()).toEqual({
    deleted: 1,
  });
  expect(await (await call(telemetryPath, { method: 'DELETE' })).json()).toEqual({ deleted: 2 });
  expect(audited).toMatchObject([
    { action: 'telemetry.deleted', detail: { deleted: 1, keys: ['a'], fromMs: 0, toMs: 5 } },
    { action: 'telemetry.deleted', detail: { deleted: 2 } },
  ]);
});

test('who looks is told what was deleted, and what is the latest now', async () => {
  await write([
    ['a', 1, 1],
    ['a', 5, 2],
    ['b', 9, 3],
  ]);
  const told: BusMessage[] = [];
  const path = `${telemetryPath}?keys=a&from=5`;
  await call(path, { method: 'DELETE' });
  bus.subscribe(subjects.telemetry(device.tenantId, id), (message) => told.push(message));
  await call(`${telemetryPath}?keys=a&from=2&to=8`, { method: 'DELETE' });
  await call(telemetryPath, { method: 'DELETE' });
  expect(told).toEqual([
    {
      ...{ kind: 'telemetry.deleted', ...device, keys: ['a'], fromTs: 2, toTs: 8 },
      latest: [{ key: 'a', ts: 1, value: 1 }],
    },
    {
      ...{ kind: 'telemetry.deleted', ...device, keys: null, latest: [] },
      ...{ fromTs: Number.MIN_SAFE_INTEGER, toTs: Number.MAX_SAFE_INTEGER },
    },
  ]);
});

test('calendar days of a time zone are intervals of their own, in both orders', async () => {
  const at = (text: string): number => Date.parse(text);
  const times = ['2026-03-28T23:30Z', '2026-03-29T21:59Z', '2026-03-29T22:00Z', '2026-03-30T21:00Z'].map(at);
  await store.append([{ ...device, points: times.map((ts, value) => ({ key: 'k', ts, value })) }]);
  const days = { a: at('2026-03-28T23:00Z'), b: at('2026-03-29T22:00Z') };
  const query = 'keys=k&from=2026-03-28T23:00:00Z&to=2026-03-31&interval=day&timeZone=Europe/Berlin&aggregate=count';
  expect(await get(`${telemetryPath}?${query}`)).toEqual({
    k: [
      { ts: days.a, count: 2 },
      { ts: days.b, count: 2 },
    ],
  });
  expect(await get(`${telemetryPath}?${query}&order=desc&limit=1`)).toEqual({ k: [{ ts: days.b, count: 2 }] });
});

test('lttb answers with points, as many as were asked for', async () => {
  const points = Array.from({ length: 1000 }, (_, i) => ({ key: 'k', ts: i * 10, value: i === 500 ? 99 : i % 7 }));
  await store.append([{ ...device, points }]);
  const found = (await get(`${telemetryPath}?keys=k&from=0&to=10000&aggregate=lttb&buckets=50`)) as {
    k: { ts: number; value: number }[];
  };
  expect(found.k.length).toBeLessThanOrEqual(50);
  expect(found.k).toContainEqual({ ts: 5000, value: 99 });
});

test('the keys of a device are listed with how much there is', async () => {
  await write([
    ['a', 1, 1],
    ['a', 9, 2],
  ]);
  expect(await get(`${telemetryPath}/keys`)).toEqual({
    keys: [{ key: 'a', points: 2, bytes: 0, firstTs: 1, lastTs: 9 }],
  });
});

const everyRoute: [method: string, path: string][] = [
  ['GET', '/telemetry'],
  ['GET', '/telemetry?format=csv'],
  ['GET', '/telemetry/latest'],
  ['GET', '/telemetry/keys'],
  ['POST', '/telemetry'],
  ['DELETE', '/telemetry'],
];

test.each(everyRoute)('%s …%s of a device of another tenant is not found', async (method, path) => {
  await write([['a', 1, 1]]);
  const body = method === 'POST' ? { body: '{"a":2}' } : {};
  const response = await call(`/v1/devices/${id}${path}`, { method, ...body }, { tenant: 'tenant-b', role: 'owner' });
  expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([404, 'not_found']);
  expect(await store.stats(device)).toHaveLength(1);
  expect(audited).toEqual([]);
});

test.each(['POST', 'DELETE'])('a viewer may not %s telemetry', async (method) => {
  const body = method === 'POST' ? { body: '{"a":2}' } : {};
  const response = await call(telemetryPath, { method, ...body }, { role: 'viewer' });
  expect(response.status).toBe(403);
});

test.each([
  'from=nonsense',
  'from=5&to=5',
  'limit=0',
  'limit=100001',
  'interval=0',
  'interval=1m&buckets=3',
  'aggregate=median',
  'aggregate=lttb',
  'aggregate=lttb&buckets=2',
  'interval=month&timeZone=Mars/Olympus',
  'interval=1h&timeZone=UTC',
  'interval=year',
  'format=xml',
  'order=up',
  'unknown=1',
])('the query %s is refused', async (query) => {
  const response = await call(`${telemetryPath}?${query}`);
  expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([400, 'invalid_request']);
});

test('a store that fails is told by the status of the answer', async () => {
  await store.stop();
  for (const path of ['', '?format=csv', '/latest', '/keys']) {
    const response = await call(`${telemetryPath}${path}`);
    expect([response.status, ((await response.json()) as { code: string }).code]).toEqual([503, 'storage_unavailable']);
  }
});

test('a viewer asks for series of several devices in one question, and for what the schema does not know in vain', async () => {
  await write([
    ['k', 100, 1],
    ['k', 105, 3],
  ]);
  const question = { deviceIds: [silentId, id, foreignId], keys: ['k'], fromTs: 100, toTs: 140, interval: 10 };
  const response = await post('/v1/telemetry/query', question, { role: 'viewer' });
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8');
  expect(await response.json()).toEqual({
    series: [
      { deviceId: silentId, key: 'k', points: [] },
      { deviceId: id, key: 'k', points: [{ ts: 100, avg: 2 }] },
    ],
    nextCursor: null,
  });
  for (const fault of [{ keys: [] }, { limit: 100_001 }, { interval: 'year' }, { aggregate: ['median'] }, { x: 1 }]) {
    expect((await post('/v1/telemetry/query', { ...question, ...fault })).status).toBe(400);
  }
  const other = await post('/v1/telemetry/query', { ...question, cursor: 'x' });
  expect([other.status, ((await other.json()) as { code: string }).code]).toEqual([400, 'invalid_cursor']);
  await store.stop();
  expect((await post('/v1/telemetry/query', question)).status).toBe(503);
});
