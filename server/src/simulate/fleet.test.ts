import { afterAll, beforeAll, expect, test } from 'vitest';
import { createNodeDeviceHttp } from '#sdk/device/node-http.ts';
import { createTestApp, type TestApp } from '../../test/create-test-app.ts';
import { startDemoFleet } from './demo-fleet.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { planFleet } from './fleet-plan.ts';
import { coldChain } from './models/cold-chain.ts';
import { greenhouse } from './models/greenhouse.ts';
import { provisioningKeysOf } from './provisioning-profile.ts';
import { createHttpTransport, createMqttTransport, type Transport } from './uplink.ts';
import { verifyFleet } from './verify.ts';

let testApp: TestApp;
let transports: readonly Transport[];
const http = createNodeDeviceHttp();

beforeAll(async () => {
  testApp = await createTestApp();
  transports = [createMqttTransport(testApp.mqttUrl), createHttpTransport(testApp.url, http)];
});
afterAll(async () => {
  http.close();
  await testApp.stop();
});

async function startTestFleet(prefix: string, count: number): Promise<Fleet> {
  const keys = await provisioningKeysOf(testApp.client, 'Simulator', 'of a test');
  const devices = planFleet({ count, prefix, kinds: [greenhouse, coldChain], transports, ...keys });
  return startFleet({ devices, intervalMs: 50 });
}

test('twenty devices over both transports provision themselves, and what they count is what is stored', async () => {
  const startedMs = Date.now();
  const fleet = await startTestFleet('both', 20);
  await expect.poll(() => fleet.counters.connected).toBe(20);
  await expect.poll(() => Math.min(...fleet.devices.map(({ acknowledged }) => acknowledged))).toBeGreaterThan(2);
  await fleet.stop();
  expect(fleet.problems.list()).toEqual([]);
  expect(fleet.counters).toMatchObject({ provisioned: 20, refused: 0, connected: 0, failed: 0 });
  expect(fleet.counters.acknowledged).toBe(fleet.counters.sent);
  expect(await verifyFleet(testApp.client, fleet.devices, 'both', startedMs)).toEqual([]);
  const names = [];
  for await (const { name } of testApp.client.devices.all({ search: 'both-' })) names.push(name);
  expect(names).toHaveLength(20);
});

test('a second run of the same fleet connects with the tokens that it knows, under a strict profile', async () => {
  const first = await startTestFleet('again', 4);
  await expect.poll(() => first.counters.provisioned).toBe(4);
  await first.stop();
  const second = await startTestFleet('again', 4);
  await expect.poll(() => second.counters.acknowledged).toBeGreaterThan(8);
  await second.stop();
  expect(second.counters).toMatchObject({ provisioned: 4, refused: 0 });
});

test('a device that is not let in is refused for good, and the fleet ends when all are', async () => {
  const keys = { provisionKey: 'wrong', provisionSecret: 'wrong' };
  const devices = planFleet({ count: 2, prefix: 'wrong', kinds: [greenhouse], transports, ...keys });
  const fleet = startFleet({ devices, intervalMs: 50 });
  await fleet.finished;
  expect(fleet.counters).toMatchObject({ provisioned: 0, refused: 2, sent: 0 });
  expect(fleet.problems.list()).toEqual([{ text: 'Provisioning: Provision data was not found!', count: 2 }]);
});

test('a verification finds what is acknowledged and not stored', async () => {
  const startedMs = Date.now();
  const fleet = await startTestFleet('lost', 2);
  await expect.poll(() => fleet.counters.acknowledged).toBeGreaterThan(3);
  await fleet.stop();
  const [victim] = (await testApp.client.devices.list({ search: 'lost-greenhouse' })).items;
  await testApp.client.telemetry.delete(victim?.id ?? '', {});
  const faults = await verifyFleet(testApp.client, fleet.devices, 'lost', startedMs);
  expect(faults).toEqual([expect.stringMatching(/^lost-greenhouse-1: \d+ acknowledged, 0 stored\.$/)]);
});

test('the fleet of the demo is 25 devices of three profiles', async () => {
  const fleet = await startDemoFleet(testApp.client, transports);
  await expect.poll(() => fleet.counters.connected).toBe(25);
  await fleet.stop();
  const profiles = await testApp.client.profiles.list();
  const counts = Object.fromEntries(profiles.items.map(({ name, deviceCount }) => [name, deviceCount]));
  expect(counts).toMatchObject({ Greenhouse: 10, 'Cold chain': 8, 'Energy meter': 7 });
});
