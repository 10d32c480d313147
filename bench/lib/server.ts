/** A Gapura process of its own on loopback, on free ports and a temporary data directory. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createClient, type GapuraClient } from '#sdk/client.ts';
import { createCookieFetch } from '#sdk/cookie-fetch.ts';

const launcher = fileURLToPath(new URL('../../scripts/launch.mjs', import.meta.url));
/** As `npm start` starts it. */
const nodeFlags = ['--max-semi-space-size=8', '--v8-pool-size=2', '--no-memory-protection-keys'];
/** Who owns it. */
export const owner = { email: 'bench@example.org', password: 'wobbly-lantern-quarry-92' };
const readyTimeoutMs = 30_000;

export interface BenchServer {
  readonly pid: number;
  readonly httpUrl: string;
  readonly mqttUrl: string;
  readonly mqttPort: number;
  readonly mqttsPort: number;
  /** From the start of the process until `/readyz` answered 200, ms. */
  readonly readyMs: number;
  /** The platform API, signed in as the owner. */
  signIn(): Promise<GapuraClient>;
  /** SIGTERM; resolves when the process is gone. @throws when it does not end by itself with 0 */
  stop(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

export interface DataDir {
  readonly path: string;
  remove(): Promise<void>;
}

export async function createDataDir(): Promise<DataDir> {
  const path = await mkdtemp(join(tmpdir(), 'gapura-bench-'));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

/** @param env more settings, e.g. `{ GAPURA_LOG_LEVEL: 'info' }` */
export async function startServer(dataDir: string, env: Readonly<Record<string, string>> = {}): Promise<BenchServer> {
  const [httpPort, httpsPort, mqttPort, mqttsPort] = await freePorts(4);
  const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith('GAPURA_'));
  const startedMs = performance.now();
  const child = spawn(process.execPath, [...nodeFlags, launcher, 'start'], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: {
      ...Object.fromEntries(inherited),
      GAPURA_DATA_DIR: dataDir,
      GAPURA_HOST: '127.0.0.1',
      GAPURA_HTTP_PORT: String(httpPort),
      GAPURA_HTTPS_PORT: String(httpsPort),
      GAPURA_MQTT_PORT: String(mqttPort),
      GAPURA_MQTTS_PORT: String(mqttsPort),
      GAPURA_OWNER_EMAIL: owner.email,
      GAPURA_OWNER_PASSWORD: owner.password,
      GAPURA_LOG_LEVEL: 'warn',
      ...env,
    },
  });
  let said = '';
  child.stderr?.on('data', (part: Buffer) => {
    said = (said + part.toString('utf8')).slice(-4000);
  });
  const endWithParent = (): void => void child.kill('SIGKILL');
  process.once('exit', endWithParent);
  const ended = once(child, 'exit').then(() => process.removeListener('exit', endWithParent));

  const httpUrl = `http://127.0.0.1:${httpPort}`;
  await untilReady(child, httpUrl, () => said);
  const readyMs = performance.now() - startedMs;

  return {
    pid: child.pid ?? 0,
    httpUrl,
    mqttUrl: `mqtt://127.0.0.1:${mqttPort}`,
    mqttPort: mqttPort ?? 0,
    mqttsPort: mqttsPort ?? 0,
    readyMs,
    async signIn() {
      const client = createClient({ baseUrl: httpUrl, fetch: createCookieFetch() });
      await client.session.signIn(owner);
      return client;
    },
    async stop() {
      child.kill('SIGTERM');
      await ended;
      if (child.exitCode !== 0) throw new Error(`The server ended with ${child.exitCode ?? child.signalCode}: ${said}`);
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function untilReady(child: ChildProcess, httpUrl: string, said: () => string): Promise<void> {
  const limit = performance.now() + readyTimeoutMs;
  for (;;) {
    if (child.exitCode !== null)
      throw new Error(`The server ended with ${child.exitCode} before it was ready: ${said()}`);
    const answer = await fetch(`${httpUrl}/readyz`).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.status === 200) return;
    if (performance.now() > limit) {
      child.kill('SIGKILL');
      throw new Error(`The server was not ready after ${readyTimeoutMs} ms: ${said()}`);
    }
    await sleep(5);
  }
}

/** Ports of loopback that nobody listens on. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const address = server.address();
      server.close();
      await once(server, 'close');
      return typeof address === 'object' && address !== null ? address.port : 0;
    }),
  );
}
