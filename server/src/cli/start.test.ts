import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type GapuraProcess, startGapuraProcess } from '../../test/gapura-process.ts';
import { runGapura } from '../../test/run-gapura.ts';
import { layoutOf } from '../data-dir/layout.ts';
import { readProcessFile } from '../data-dir/process-file.ts';

let directory: string;
let dataDir: string;
let running: GapuraProcess[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gapura-start-'));
  dataDir = join(directory, 'data');
  running = [];
});
afterEach(async () => {
  await Promise.all(running.filter(({ child }) => child.exitCode === null).map((gapura) => gapura.kill()));
  rmSync(directory, { recursive: true });
});

async function start(env: Record<string, string> = {}): Promise<GapuraProcess> {
  const gapura = await startGapuraProcess(dataDir, env);
  running.push(gapura);
  return gapura;
}

const freePorts = {
  GAPURA_HOST: '127.0.0.1',
  GAPURA_HTTP_PORT: '0',
  GAPURA_HTTPS_PORT: '0',
  GAPURA_MQTT_PORT: '0',
  GAPURA_MQTTS_PORT: '0',
};
const startFails = async (env: Record<string, string>) => {
  const { code, stderr } = await runGapura(['start'], { GAPURA_DATA_DIR: dataDir, ...freePorts, ...env });
  expect(code).toBe(1);
  // One line, and no stack.
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  return stderr;
};
const ends = async ({ child }: GapuraProcess): Promise<[number | null, NodeJS.Signals | null]> => {
  const [code, signal] = await once(child, 'exit');
  return [code, signal];
};

test('it prints where it is and a set-up link that works, and keeps its files to itself', async () => {
  const gapura = await start();
  const [, link, token] = /(http:\/\/\S+\/setup)#token=(\S+)/.exec(gapura.output()) ?? [];
  expect(link).toBe(`${gapura.url}/setup`);
  expect(gapura.output()).toContain(dataDir);
  expect((await fetch(link ?? '')).status).toBe(200);
  const answer = await fetch(`${gapura.url}/v1/setup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token, email: 'owner@example.com', password: 'correct-lantern-77-gate' }),
  });
  expect(answer.status).toBe(201);
  for (const name of ['.', 'gapura.sqlite', 'telemetry/hot.sqlite', 'master.key', 'tls/server.key']) {
    expect([name, statSync(join(dataDir, name)).mode & 0o077]).toEqual([name, 0]);
  }
});

test('a second start keeps everything and prints no link once it is set up', async () => {
  const owner = { GAPURA_OWNER_EMAIL: 'owner@example.com', GAPURA_OWNER_PASSWORD: 'correct-lantern-77-gate' };
  const first = await start(owner);
  const ca = await (await fetch(`${first.url}/ca.pem`)).text();
  expect(await first.stop()).toBe(0);
  const second = await start();
  expect(second.output()).not.toContain('/setup');
  expect(await (await fetch(`${second.url}/ca.pem`)).text()).toBe(ca);
  const signedIn = await fetch(`${second.url}/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: owner.GAPURA_OWNER_EMAIL, password: owner.GAPURA_OWNER_PASSWORD }),
  });
  expect(signedIn.ok).toBe(true);
});

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s stops it gracefully, with its echo by npm', async (signal) => {
  const gapura = await start();
  gapura.child.kill(signal);
  gapura.child.kill(signal);
  expect(await ends(gapura)).toEqual([0, null]);
  expect(gapura.output()).toContain('"msg":"stopped"');
  expect(existsSync(join(dataDir, 'process.json'))).toBe(false);
});

test.skipIf(process.platform === 'win32')(
  'it stops when npm, which started it through a shell, is stopped',
  async () => {
    const launch = fileURLToPath(new URL('../../../scripts/launch.mjs', import.meta.url));
    // The second command keeps the shell from becoming the first one.
    const shell = spawn('sh', ['-c', `"${process.execPath}" "${launch}" start; true`], {
      env: { PATH: process.env['PATH'], GAPURA_DATA_DIR: dataDir, ...freePorts, npm_lifecycle_event: 'start' },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    shell.stdout.on('data', (chunk) => {
      output += chunk;
    });
    await vi.waitUntil(() => readProcessFile(layoutOf(dataDir))?.state === 'ready', { timeout: 20_000 });
    shell.kill('SIGTERM');
    await once(shell.stdout, 'close'); // Gapura held the other end.
    expect(output).toContain('"msg":"stopped"');
    expect(existsSync(join(dataDir, 'process.json'))).toBe(false);
  },
);

test('a port in use is told with the name of its setting', async () => {
  const blocker = createServer().listen(0, '127.0.0.1');
  await once(blocker, 'listening');
  const port = String((blocker.address() as AddressInfo).port);
  for (const setting of ['GAPURA_HTTP_PORT', 'GAPURA_HTTPS_PORT', 'GAPURA_MQTT_PORT', 'GAPURA_MQTTS_PORT']) {
    expect(await startFails({ [setting]: port })).toMatch(new RegExp(`Port ${port} is in use.*${setting}`));
  }
  blocker.close();
});

test('a second process on the data directory is refused, and the first goes on', async () => {
  const first = await start();
  expect(await startFails({})).toMatch(new RegExp(`Another Gapura \\(process ${first.child.pid}\\) uses`));
  expect((await fetch(`${first.url}/readyz`)).status).toBe(200);
});

test('after kill -9 it starts again by itself', async () => {
  const first = await start();
  await first.kill();
  const second = await start();
  expect((await fetch(`${second.url}/readyz`)).status).toBe(200);
});

test('a data directory that cannot be written, or of a newer version, or without its key, is told', async () => {
  writeFileSync(join(directory, 'file'), '');
  expect(await startFails({ GAPURA_DATA_DIR: join(directory, 'file', 'data') })).toContain('cannot be written');

  await (await start()).stop();
  const database = new DatabaseSync(join(dataDir, 'gapura.sqlite'));
  database.exec("INSERT INTO kysely_migration VALUES ('9999-future', 'now')");
  expect(await startFails({})).toMatch(/newer Gapura .*9999-future/);
  database.exec("DELETE FROM kysely_migration WHERE name = '9999-future'");
  database.close();

  rmSync(join(dataDir, 'master.key'));
  expect(await startFails({})).toContain('master.key is missing although a database is there');
  expect(readdirSync(dataDir)).not.toContain('master.key');
});

test('where JSON is asked for, all of the output is JSON lines, with the addresses and without the set-up token', async () => {
  const child = runGapura(['start'], {
    GAPURA_DATA_DIR: dataDir,
    ...freePorts,
    GAPURA_LOG_FORMAT: 'json',
  });
  // It is found by its process file, as other commands find it.
  const { pid } = await vi.waitUntil(
    () => {
      const content = readProcessFile(layoutOf(dataDir));
      return content?.state === 'ready' && content;
    },
    { timeout: 20_000 },
  );
  process.kill(pid, 'SIGTERM');
  const { code, stdout, stderr } = await child;
  expect([code, stderr]).toEqual([0, '']);
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(lines).toContainEqual(expect.objectContaining({ msg: 'ready', httpPort: expect.any(Number), dataDir }));
  expect(stdout).not.toContain('#token=');
});
