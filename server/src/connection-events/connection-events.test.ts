import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestApp } from '../../test/create-test-app.ts';
import { FakeClock } from '../../test/fake-clock.ts';
import { openDatabase } from '../db/open.ts';
import type { Db } from '../db/schema.ts';
import { type ConnectionEventLog, createConnectionEvents, keptPerDevice } from './connection-events.ts';
import { deleteOldestConnectionEvents } from './queries.ts';

const tenantId = 'tenant';
const connection = { protocol: 'MQTT 5', secure: true, address: '192.0.2.7' };
const dayMs = 24 * 3600 * 1000;
let directory: string;
let db: Db;
let clock: FakeClock;
let events: ConnectionEventLog;
let errors: unknown[];
let warnings: unknown[];
let rolled: number;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gapura-connection-events-'));
  db = await openDatabase(join(directory, 'gapura.sqlite'));
  clock = new FakeClock();
  errors = [];
  warnings = [];
  await db.insertInto('tenants').values({ id: tenantId, name: 'T', created_at: 0 }).execute();
  await db
    .insertInto('device_profiles')
    .values({
      ...{ id: 'profile', tenant_id: tenantId, name: 'default', description: '', is_default: 1, strategy: 'DISABLED' },
      ...{ provision_key: 'k', provision_secret_sealed: new Uint8Array(), reprovision: 'strict' },
      ...{ provision_rate_limit: '', tls_only: 0, token_in_path: 1, created_at: 0, updated_at: 0 },
    })
    .execute();
  for (const id of ['a', 'b']) {
    await db
      .insertInto('devices')
      .values({
        ...{ id, tenant_id: tenantId, profile_id: 'profile', name: id, label: '', description: '' },
        ...{ is_gateway: 0, enabled: 1, active: 0, created_at: 0, updated_at: 0 },
        ...{ last_connect_at: null, last_activity_at: null, last_disconnect_at: null },
      })
      .execute();
  }
  rolled = 0;
  begin();
});

/** Chance by the golden ratio: even, but in step with nothing. */
function begin(): void {
  const log = { error: (context: object) => errors.push(context), warn: (context: object) => warnings.push(context) };
  events = createConnectionEvents({ db, clock, log, random: () => (rolled++ * 0.618034) % 1 });
  events.start();
}

afterEach(async () => {
  await events.stop();
  await db.destroy();
  await rm(directory, { recursive: true });
  expect(errors).toEqual([]);
});

function record(deviceId: string, kind: 'connected' | 'disconnected' = 'connected'): void {
  events.record({ tenantId, deviceId, kind, connection });
  clock.advance(1);
}

const list = (deviceId: string, query = {}) => events.list(tenantId, deviceId, query);
const count = async (): Promise<number> => (await db.selectFrom('connection_events').select('id').execute()).length;

test('what a device did is listed newest first, in pages, and of this device alone', async () => {
  const firstAt = clock.now();
  for (const kind of ['connected', 'disconnected', 'connected'] as const) record('a', kind);
  record('b');
  const { items, nextCursor } = await list('a', { limit: 2 });
  expect(items).toMatchObject([
    { kind: 'connected', at: firstAt + 2, connection },
    { kind: 'disconnected', at: firstAt + 1, connection },
  ]);
  const rest = await list('a', { limit: 2, cursor: nextCursor });
  expect(rest).toMatchObject({ items: [{ kind: 'connected', at: firstAt }], nextCursor: null });
  expect((await events.list('another', 'a', {})).items).toEqual([]);
  await expect(list('a', { cursor: 'xyz' })).rejects.toMatchObject({ code: 'invalid_cursor' });
});

test('of a device that comes and goes without end the newest are kept, and nothing of others is lost', async () => {
  record('b');
  for (let i = 0; i < 1000; i++) record('a', i % 2 === 0 ? 'connected' : 'disconnected');
  const lastAt = clock.now() - 1;
  await events.flush();
  const { items } = await list('a', { limit: 1000 });
  expect(items[0]?.at).toBe(lastAt);
  expect(items.length).toBeGreaterThanOrEqual(keptPerDevice);
  expect(items.length).toBeLessThan(keptPerDevice + 50);
  expect((await list('b')).items).toHaveLength(1);
});

test('so it is when there are many devices, and a restart now and then', async () => {
  for (let run = 0; run < 40; run++) {
    for (let i = 0; i < 20; i++) {
      record('a');
      record('b');
    }
    await events.stop();
    begin();
  }
  expect(await count()).toBeLessThan(2 * (keptPerDevice + 100));
  for (const id of ['a', 'b']) {
    expect((await list(id, { limit: 1000 })).items.length).toBeGreaterThanOrEqual(keptPerDevice);
  }
});

test('a device that comes and goes all the time leaves room for the others', async () => {
  for (let i = 0; i < 15_000; i++) record('a');
  record('b');
  await events.flush();
  expect((await list('b')).items).toHaveLength(1);
  expect((await list('a')).items[0]?.at).toBe(clock.now() - 2);
});

test('of all devices together the newest are kept', async () => {
  for (let i = 0; i < 25; i++) record(i % 2 === 0 ? 'a' : 'b');
  await events.flush();
  await deleteOldestConnectionEvents(db, 10, 4);
  const rows = await db.selectFrom('connection_events').select('at').orderBy('at').execute();
  expect(rows.map(({ at }) => clock.now() - at)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
});

test('when a fleet comes at once its history is written little by little, and what is too much is left out', async () => {
  for (let i = 0; i < 25_000; i++)
    events.record({ tenantId, deviceId: i % 2 === 0 ? 'a' : 'b', kind: 'connected', connection });
  await events.flush();
  expect(warnings).toEqual([{ dropped: 5000 }]);
  // No more in one turn; only the newest of each device are kept of them.
  expect(await count()).toBeLessThanOrEqual(2000);
  await events.stop();
  const { items } = await list('a');
  expect(items.length).toBeGreaterThan(0);
});

test('a device that was deleted meanwhile takes its own along and no others', async () => {
  for (let i = 0; i < 150; i++) {
    record('a');
    record('b');
  }
  await db.deleteFrom('devices').where('id', '=', 'a').execute();
  await events.flush();
  expect((await list('b', { limit: 1000 })).items).toHaveLength(150);
  expect(await count()).toBe(150);
  await db.deleteFrom('devices').where('id', '=', 'b').execute();
  record('b', 'disconnected');
  await events.flush();
  expect(await count()).toBe(0);
});

test('after a month it is forgotten', async () => {
  record('a');
  await events.stop();
  clock.advance(31 * dayMs);
  events.start();
  record('b');
  clock.advance(6 * 3_600_000);
  await expect.poll(async () => (await list('a')).items).toEqual([]);
  expect((await list('b')).items).toHaveLength(1);
});

test('who may see the device sees when it came; a device of nobody is not found', async () => {
  const app = await createTestApp();
  try {
    const { id } = await app.client.devices.create({ name: 'pump' });
    expect(await app.client.devices.connections(id)).toEqual({ items: [], nextCursor: null });
    const missing = await app.request('GET', '/v1/devices/00000000-0000-7000-8000-000000000000/connections');
    expect(missing.status).toBe(404);
  } finally {
    await app.stop();
  }
});
