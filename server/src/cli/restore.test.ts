import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createClient, type GapuraClient } from '#sdk/client.ts';
import { createCookieFetch } from '#sdk/cookie-fetch.ts';
import { type GapuraProcess, startGapuraProcess } from '../../test/gapura-process.ts';
import { runGapura } from '../../test/run-gapura.ts';

let directory: string;
let dataDir: string;
let file: string;
const running: GapuraProcess[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gapura-restore-'));
  dataDir = join(directory, 'data');
  file = join(directory, 'backup.tar.gz');
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((gapura) => gapura.kill()));
  rmSync(directory, { recursive: true });
});

const owner = { email: 'owner@example.com', password: 'correct-lantern-77-gate' };
const ownerEnv = { GAPURA_OWNER_EMAIL: owner.email, GAPURA_OWNER_PASSWORD: owner.password };
const run = (args: string[], root = dataDir) => runGapura(args, { GAPURA_DATA_DIR: root });

async function start(root = dataDir): Promise<GapuraProcess> {
  const gapura = await startGapuraProcess(root, ownerEnv);
  running.push(gapura);
  return gapura;
}

async function signIn({ url }: GapuraProcess): Promise<GapuraClient> {
  const client = createClient({ baseUrl: url, fetch: createCookieFetch() });
  await client.session.signIn(owner);
  return client;
}

/** Makes a device that sends one value over HTTP, as devices do. */
async function addDevice(gapura: GapuraProcess, name: string): Promise<{ id: string; token: string }> {
  const client = await signIn(gapura);
  const { id } = await client.devices.create({ name });
  const { credentials } = await client.credentials.get(id);
  const token = credentials.type === 'ACCESS_TOKEN' ? credentials.token : '';
  const sent = await fetch(`${gapura.url}/api/v1/${token}/telemetry`, { method: 'POST', body: '{"t":21.5}' });
  expect(sent.status).toBe(200);
  return { id, token };
}

test('a running Gapura is backed up, changed, and restored without being started again by hand', async () => {
  const gapura = await start();
  const kept = await addDevice(gapura, 'kept');
  const backup = await run(['backup', file]);
  expect([backup.code, backup.stderr]).toEqual([0, '']);
  const lost = await addDevice(gapura, 'lost');

  const restored = await run(['restore', file, '--yes']);
  expect([restored.code, restored.stderr]).toEqual([0, '']);
  expect(restored.stdout).toContain('Gapura serves the restored data now.');

  // The same process, on the same ports.
  expect(gapura.child.exitCode).toBeNull();
  const client = await signIn(gapura);
  expect((await client.devices.list()).items.map(({ name }) => name)).toEqual(['kept']);
  expect(await client.telemetry.latest(kept.id)).toMatchObject({ t: { value: 21.5 } });
  const post = (token: string) =>
    fetch(`${gapura.url}/api/v1/${token}/telemetry`, { method: 'POST', body: '{"t":22}' });
  expect([(await post(kept.token)).status, (await post(lost.token)).status]).toEqual([200, 401]);
  expect(readdirSync(dataDir).filter((name) => name.includes('restore'))).toEqual([
    expect.stringMatching(/^before-restore-\d{8}T\d{6}Z$/),
  ]);
  expect(await gapura.stop()).toBe(0);
});

test('a backup moves a Gapura to another folder, where the devices and people of the old one are known', async () => {
  const first = await start();
  const device = await addDevice(first, 'moved');
  await run(['backup', file]);
  const other = join(directory, 'other');
  const restored = await run(['restore', file, '--yes'], other);
  expect([restored.code, restored.stdout]).toEqual([0, expect.stringContaining('Start Gapura to use it.')]);
  const second = await start(other);
  const client = await signIn(second);
  expect(await client.telemetry.latest(device.id)).toMatchObject({ t: { value: 21.5 } });
  const ca = async ({ url }: GapuraProcess) => (await fetch(`${url}/ca.pem`)).text();
  expect(await ca(second)).toBe(await ca(first));
});

test('a restore that is not confirmed, or of a file that is no backup, changes nothing', async () => {
  const gapura = await start();
  await addDevice(gapura, 'kept');
  await run(['backup', file]);
  const unconfirmed = await run(['restore', file]);
  expect([unconfirmed.code, unconfirmed.stderr]).toEqual([2, expect.stringContaining('say --yes')]);
  const wrong = await run(['restore', join(dataDir, 'gapura.sqlite'), '--yes']);
  expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringMatching(/^.* is no backup of Gapura.*\n$/)]);
  expect((await (await signIn(gapura)).devices.list()).items).toHaveLength(1);
  expect(readdirSync(dataDir).some((name) => name.includes('restore'))).toBe(false);
  expect(existsSync(file)).toBe(true);
});
