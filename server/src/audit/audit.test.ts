import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { AuditRecord } from '#contract/audit.ts';
import { FakeClock } from '../../test/fake-clock.ts';
import { openDatabase } from '../db/open.ts';
import type { Db } from '../db/schema.ts';
import { systemActor } from './actor-of.ts';
import { type AuditEntry, type AuditLog, createAudit } from './audit.ts';

const tenantId = '019b76da-a800-7000-98ee-000000000001';
const otherTenantId = '019b76da-a800-7000-98ee-000000000002';
const dayMs = 24 * 3600 * 1000;
let directory: string;
let db: Db;
let clock: FakeClock;
let audit: AuditLog;
let told: unknown[];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gapura-audit-'));
  db = await openDatabase(join(directory, 'gapura.sqlite'));
  clock = new FakeClock();
  const tenants = [tenantId, otherTenantId].map((id) => ({ id, name: id, created_at: 0 }));
  await db.insertInto('tenants').values(tenants).execute();
  told = [];
  audit = createAudit({
    db,
    bus: { publish: (_subject, message) => told.push(message) },
    clock,
    log: pino({ level: 'silent' }),
    rowsPerTenant: 10,
  });
});
afterEach(async () => {
  await audit.stop();
  await db.destroy();
  await rm(directory, { recursive: true });
});

const entry = (change: Partial<AuditEntry> = {}): AuditEntry => ({
  tenantId,
  actor: systemActor,
  action: 'device.created',
  target: { kind: 'device', id: 'd1', name: 'pump' },
  outcome: 'success',
  ...change,
});
const stored = async (): Promise<number> => (await db.selectFrom('audit').select('id').execute()).length;
const actionsOf = async (query: object): Promise<string[]> =>
  (await audit.list(tenantId, query)).items.map((record) => record.action);

test('what is recorded is told at once, without its details', () => {
  audit.record(entry({ detail: { name: 'pump' } }));
  const target = { kind: 'device', id: 'd1' };
  expect(told).toEqual([{ kind: 'audit.recorded', tenantId, action: 'device.created', outcome: 'success', target }]);
});

test('an entry comes back as it was recorded', async () => {
  const actor = { kind: 'device', id: 'd1', name: '<b>\u202eevil', address: '::1' } as const;
  const detail = { reason: 'no such key', tries: [1, null, { deep: true }] };
  audit.record(entry({ actor, outcome: 'failure', detail }));
  const { items } = await audit.list(tenantId, {});
  expect(items).toEqual([
    {
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      at: clock.now(),
      actor,
      action: 'device.created',
      target: { kind: 'device', id: 'd1', name: 'pump' },
      outcome: 'failure',
      detail,
    },
  ]);
});

test('entries are written together a little later, or at the stop', async () => {
  for (let i = 0; i < 1200; i++) audit.record(entry());
  expect(await stored()).toBe(0);
  clock.advance(1000);
  await audit.flush();
  expect(await stored()).toBe(1200);
  audit.record(entry());
  await audit.stop();
  expect(await stored()).toBe(1201);
});

test('pages run from the newest to the oldest and miss none of one instant', async () => {
  for (let i = 0; i < 7; i++) {
    audit.record(entry({ action: `a${i}` }));
    if (i % 3 === 0) clock.advance(1);
  }
  const seen: AuditRecord[] = [];
  let cursor: string | null | undefined;
  do {
    const page = await audit.list(tenantId, { limit: 2, ...(cursor != null && { cursor }) });
    seen.push(...page.items);
    cursor = page.nextCursor;
  } while (cursor !== null);
  expect(seen.map((record) => record.action)).toEqual(['a6', 'a5', 'a4', 'a3', 'a2', 'a1', 'a0']);
});

test('filters hold together; `from` is included and `to` is not', async () => {
  const start = clock.now();
  audit.record(entry({ action: 'a' }));
  clock.advance(10);
  audit.record(entry({ action: 'b', actor: { kind: 'user', id: 'u1', name: 'u', address: '' } }));
  clock.advance(10);
  audit.record(entry({ action: 'c', target: { kind: 'device', id: 'd2', name: 'fan' } }));
  expect(await actionsOf({ from: start + 10 })).toEqual(['c', 'b']);
  expect(await actionsOf({ to: start + 10 })).toEqual(['a']);
  expect(await actionsOf({ actorId: 'u1' })).toEqual(['b']);
  expect(await actionsOf({ targetId: 'd2' })).toEqual(['c']);
  expect(await actionsOf({ action: 'a' })).toEqual(['a']);
  expect(await actionsOf({ action: 'a', targetId: 'd2' })).toEqual([]);
});

test('a tenant sees its own entries', async () => {
  audit.record(entry({ action: 'ours' }));
  audit.record(entry({ action: 'theirs', tenantId: otherTenantId }));
  expect(await actionsOf({})).toEqual(['ours']);
});

test('a cursor that is none is refused', async () => {
  for (const cursor of ['', 'x', 'eyJhIjoxfQ']) {
    await expect(audit.list(tenantId, { cursor })).rejects.toMatchObject({ code: 'invalid_cursor' });
  }
});

test('long names and details are cut, so that a device cannot fill the log', async () => {
  const name = '\u{1f600}'.repeat(10_000);
  audit.record(entry({ target: { kind: 'device', id: 'd1', name }, detail: { name } }));
  const [record] = (await audit.list(tenantId, {})).items;
  expect(record?.target.name.length).toBeLessThanOrEqual(255);
  expect(record?.target.name.isWellFormed()).toBe(true);
  expect(JSON.stringify(record?.detail).length).toBeLessThan(5000);
});

test('the entry of a tenant that is gone does not take the others with it', async () => {
  audit.record(entry({ action: 'before' }));
  audit.record(entry({ tenantId: '019b76da-a800-7000-98ee-00000000dead' }));
  audit.record(entry({ action: 'after' }));
  expect(await actionsOf({})).toEqual(['after', 'before']);
  expect(await stored()).toBe(2);
});

test('more than the queue holds is dropped, and recording never throws', async () => {
  for (let i = 0; i < 20_100; i++) audit.record(entry());
  await audit.flush();
  expect(await stored()).toBe(20_000);
});

test('entries that the database did not take are written when it does again', async () => {
  await db.schema.alterTable('audit').renameTo('away').execute();
  audit.record(entry({ action: 'kept' }));
  await audit.flush();
  await db.schema.alterTable('away').renameTo('audit').execute();
  clock.advance(10_000);
  expect(await actionsOf({})).toEqual(['kept']);
});

test('entries older than 180 days, and the oldest beyond the limit of a tenant, are pruned', async () => {
  audit.record(entry({ action: 'old' }));
  clock.advance(181 * dayMs);
  for (let i = 0; i < 15; i++) {
    clock.advance(1);
    audit.record(entry({ action: `a${i}` }));
  }
  audit.record(entry({ tenantId: otherTenantId, action: 'theirs' }));
  await audit.flush();
  await audit.prune();
  expect(await actionsOf({})).toEqual(Array.from({ length: 10 }, (_, i) => `a${14 - i}`));
  expect((await audit.list(otherTenantId, {})).items).toHaveLength(1);
});

const flood = { kind: 'device', id: 'd1', name: 'flood', address: '::1' } as const;

test('a flood of devices leaves room in the queue for what people do', async () => {
  for (let i = 0; i < 20_100; i++) audit.record(entry({ actor: flood }));
  audit.record(entry({ action: 'by a person' }));
  expect(await actionsOf({ limit: 1 })).toEqual(['by a person']);
});

test('pruning what devices caused leaves what people did', async () => {
  audit.record(entry({ action: 'by a person' }));
  for (let i = 0; i < 30; i++) {
    clock.advance(1);
    audit.record(entry({ action: `by a device ${i}`, actor: flood }));
  }
  await audit.flush();
  await audit.prune();
  expect(await actionsOf({})).toEqual([...Array.from({ length: 8 }, (_, i) => `by a device ${29 - i}`), 'by a person']);
});

test('pruning runs by itself', async () => {
  audit.record(entry({ action: 'old' }));
  await audit.flush();
  clock.advance(180 * dayMs);
  audit.start();
  clock.advance(3600 * 1000);
  await expect.poll(stored).toBe(0);
});
