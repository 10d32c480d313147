import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTestApp, type TestApp } from '../../test/create-test-app.ts';
import { FakeClock } from '../../test/fake-clock.ts';
import { openDatabase } from '../db/open.ts';
import type { Db } from '../db/schema.ts';
import { createMetrics } from '../metrics.ts';
import { createOverview } from './overview.ts';

let directory: string;
let db: Db;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gapura-overview-'));
  db = await openDatabase(join(directory, 'gapura.sqlite'));
});
afterEach(async () => {
  await db.destroy();
  await rm(directory, { recursive: true });
});

test('rates are what the counters gained in a period, per second', async () => {
  const clock = new FakeClock();
  const metrics = createMetrics();
  const log = { error: () => {} };
  const overview = createOverview({ db, clock, metrics, dataDir: directory, log });
  overview.start();
  metrics.points.inc(50);
  metrics.messages.inc({ transport: 'mqtt', kind: 'telemetry' }, 10);
  metrics.rejections.inc({ where: 'mqtt', code: 'rate_limited' }, 5);
  clock.advance(5000);
  await overview.stop();
  const { traffic, rejections } = await overview.read('none');
  expect(traffic.samples).toEqual([{ at: clock.now(), messages: 2, points: 10, rejections: 1 }]);
  expect(rejections).toEqual({ total: 5, reasons: [{ where: 'mqtt', code: 'rate_limited', count: 5 }] });
});

test('the size is that of all files in the data directory', async () => {
  const overview = createOverview({
    db,
    clock: new FakeClock(),
    metrics: createMetrics(),
    dataDir: directory,
    log: { error: () => {} },
  });
  const before = (await overview.read('none')).storage.bytes;
  expect(before).toBeGreaterThan(0);
  const other = createOverview({
    db,
    clock: new FakeClock(),
    metrics: createMetrics(),
    dataDir: directory,
    log: { error: () => {} },
  });
  await writeFile(join(directory, 'more'), Buffer.alloc(12_345));
  expect((await other.read('none')).storage.bytes - before).toBe(12_345);
});

test('a tenant is told of its own devices alone', async () => {
  const app: TestApp = await createTestApp();
  try {
    await app.client.devices.create({ name: 'one' });
    await app.client.devices.create({ name: 'two' });
    await app.app.createTenant('others');
    const overview = await app.client.overview.get();
    expect(overview.devices).toEqual({ total: 2, active: 0 });
    expect(overview.storage.freeBytes).toBeGreaterThan(0);
    expect((await fetch(`${app.url}/v1/overview`)).status).toBe(401);
  } finally {
    await app.stop();
  }
});
