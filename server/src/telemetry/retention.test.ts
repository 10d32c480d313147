import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../test/fake-clock.ts';
import { type RegistryApp, startRegistryApp } from '../../test/registry-app.ts';
import { AppError } from '../errors.ts';
import { createMetrics } from '../metrics.ts';
import { createTelemetryEngine } from './engine/store.ts';
import { checkPeriodMs, createRetention, type Retention } from './retention.ts';
import type { TelemetryStore } from './store.ts';

const dayMs = 86_400_000;
let app: RegistryApp;
let directory: string;
let store: TelemetryStore;
let retention: Retention;
let clock: FakeClock;
let told: object[];
const metrics = createMetrics();

beforeEach(async () => {
  app = await startRegistryApp();
  clock = new FakeClock(app.clock.now());
  directory = await mkdtemp(join(tmpdir(), 'gapura-retention-'));
  const log = pino({ level: 'silent' });
  store = createTelemetryEngine({ directory, metrics, log, clock });
  await store.start();
  retention = createRetention({
    ...{ db: app.db, store, clock, metrics },
    log: { info: (entry: object) => void told.push(entry), error: (entry: object) => void told.push(entry) },
    exclusively: (pass) => pass(),
  });
  told = [];
});
afterEach(async () => {
  await retention.stop();
  await store.stop();
  await app.stop();
  await rm(directory, { recursive: true });
});

/** One point for each of the last ten days, the newest an hour old. */
const write = (tenantId: string, deviceId: string): Promise<void> =>
  store.append([
    {
      ...{ tenantId, deviceId },
      points: Array.from({ length: 10 }, (_, i) => ({ key: 't', ts: clock.now() - i * dayMs - 3_600_000, value: i })),
    },
  ]);
const pointsOf = async (tenantId: string, deviceId: string): Promise<number> =>
  (await store.stats({ tenantId, deviceId }))[0]?.points ?? 0;
const keep = (tenantId: string, days: number | null): Promise<unknown> =>
  app.db.updateTable('tenants').set({ telemetry_retention_days: days }).where('id', '=', tenantId).execute();
/** Lets the next check come due and waits for what it does. */
const pass = async (afterMs = checkPeriodMs): Promise<void> => {
  clock.advance(afterMs - checkPeriodMs);
  retention.start();
  clock.advance(checkPeriodMs);
  // The stop would cut the pass short: only a pass that reached its end tells when.
  await expect
    .poll(
      async () =>
        (
          await app.db
            .selectFrom('settings')
            .select('value')
            .where('name', '=', 'retention_last_pass')
            .executeTakeFirst()
        )?.value,
    )
    .toBe(String(clock.now()));
  await retention.stop();
};

test('nothing is deleted while nobody says how long telemetry is kept', async () => {
  const { deviceId } = await app.addDevice('a');
  await write('t1', deviceId);
  await pass();
  expect(await pointsOf('t1', deviceId)).toBe(10);
  expect(told).toEqual([]);
});

test('a tenant keeps as many days as it says, and the data of another tenant is not touched', async () => {
  const { deviceId } = await app.addDevice('a');
  await write('t1', deviceId);
  // The same id in another tenant: nothing but the tenant tells them apart.
  await write('t2', deviceId);
  await keep('t1', 3);
  await pass();
  expect(await pointsOf('t1', deviceId)).toBe(3);
  expect(await pointsOf('t2', deviceId)).toBe(10);
  expect(told).toMatchObject([{ points: 7, devices: 1 }]);
  expect(await metrics.retentionPoints.get()).toMatchObject({ values: [{ value: 7 }] });
});

test('a profile says otherwise than its tenant: shorter, for ever, or as the tenant', async () => {
  await keep('t1', 5);
  const devices: string[] = [];
  for (const telemetryRetentionDays of [2, null, 'tenant'] as const) {
    const { id } = await app.profiles.create('t1', { name: String(telemetryRetentionDays), telemetryRetentionDays });
    const { deviceId } = await app.addDevice(`of ${telemetryRetentionDays}`, { profileId: id });
    await write('t1', deviceId);
    devices.push(deviceId);
  }
  await pass();
  expect(await Promise.all(devices.map((id) => pointsOf('t1', id)))).toEqual([2, 10, 5]);
});

test('a device that moves to another profile is kept as long as that one says, from the next pass on', async () => {
  const short = await app.profiles.create('t1', { name: 'short', telemetryRetentionDays: 2 });
  const { deviceId } = await app.addDevice('a');
  await write('t1', deviceId);
  await pass();
  expect(await pointsOf('t1', deviceId)).toBe(10);
  await app.devices.update('t1', deviceId, { profileId: short.id });
  await pass(dayMs);
  expect(await pointsOf('t1', deviceId)).toBe(1);
});

test('one pass a day is enough, however often Gapura starts', async () => {
  const { deviceId } = await app.addDevice('a');
  await write('t1', deviceId);
  await pass();
  await keep('t1', 1);
  retention.start();
  clock.advance(checkPeriodMs);
  await retention.stop();
  expect(await pointsOf('t1', deviceId)).toBe(10);
  await pass(dayMs);
  expect(await pointsOf('t1', deviceId)).toBe(0);
});

test('a pass that failed is told and tried again at the next check', async () => {
  const { deviceId } = await app.addDevice('a');
  await write('t1', deviceId);
  await keep('t1', 3);
  const { retain } = store;
  store.retain = () => Promise.reject(new AppError('storage_unavailable'));
  retention.start();
  clock.advance(checkPeriodMs);
  await expect.poll(() => told).toMatchObject([{ err: { code: 'storage_unavailable' } }]);
  await retention.stop();
  store.retain = retain;
  await pass();
  expect(await pointsOf('t1', deviceId)).toBe(3);
});

test('a fleet larger than a slice is done to its last device', async () => {
  await keep('t1', 3);
  const devices: string[] = [];
  for (let i = 0; i < 201; i++) devices.push((await app.addDevice(`d${i}`)).deviceId);
  for (const id of devices) await write('t1', id);
  await pass();
  expect(await Promise.all(devices.map((id) => pointsOf('t1', id)))).toEqual(devices.map(() => 3));
});
