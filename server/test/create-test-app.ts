/** A whole Gapura on a data directory of its own and free ports, for tests over real sockets. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createClient, type GapuraClient } from '#sdk/client.ts';
import { type App, type AppAddresses, createApp } from '../src/app.ts';
import { configOf } from '../src/config.ts';
import type { PasswordCost } from '../src/users/password.ts';

export const ownerEmail = 'owner@example.com';
export const ownerPassword = 'correct-horse-battery-staple-9';

/** Far below what is safe, so that tests need not wait for it. */
export const cheapPasswords: PasswordCost = { memoryKib: 8, passes: 1, parallelism: 1 };

export interface TestApp {
  readonly app: App;
  readonly addresses: AppAddresses;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** `mqtt://127.0.0.1:<port>` */
  readonly mqttUrl: string;
  readonly dataDir: string;
  /** Of the owner. */
  readonly apiKey: string;
  /** The platform API as the owner. */
  readonly client: GapuraClient;
  /** A request of the platform API as the owner, as raw as it comes. */
  request(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Response>;
  /** Stops the app; the data stays for the next `createTestApp({ dataDir })`. */
  halt(): Promise<void>;
  /** Stops the app and removes the data directory. */
  stop(): Promise<void>;
}

/** @param options.dataDir of an app that was halted; the owner's key of then still works */
export async function createTestApp(
  options: { dataDir?: string; apiKey?: string; trustProxy?: boolean } = {},
): Promise<TestApp> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'gapura-app-')));
  const config = configOf({
    dataDir,
    host: '127.0.0.1',
    httpPort: 0,
    httpsPort: 0,
    mqttPort: 0,
    mqttsPort: 0,
    ownerEmail,
    ownerPassword,
    logLevel: 'silent',
    trustProxy: options.trustProxy ?? false,
  });
  const app = await createApp({ config, log: pino({ level: 'silent' }), passwordCost: cheapPasswords });
  const addresses = await app.start();
  const url = `http://127.0.0.1:${addresses.httpPort}`;
  const apiKey = options.apiKey ?? (await makeApiKey(url, ownerEmail, ownerPassword, 'owner'));
  return {
    app,
    addresses,
    url,
    mqttUrl: `mqtt://127.0.0.1:${addresses.mqttPort}`,
    dataDir,
    apiKey,
    client: createClient({ baseUrl: url, apiKey }),
    request: (method, path, body, headers) =>
      fetch(url + path, {
        method,
        headers: {
          authorization: `Bearer ${apiKey}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      }),
    halt: () => app.stop(),
    async stop() {
      await app.stop();
      await rm(dataDir, { recursive: true });
    },
  };
}

/** Signs in and makes an API key, as a person would. */
export async function makeApiKey(url: string, email: string, password: string, role: string): Promise<string> {
  const signIn = await fetch(`${url}/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  const cookie = signIn.headers.getSetCookie()[0]?.split(';')[0];
  if (cookie === undefined) throw new Error(`Sign-in failed: ${signIn.status} ${await signIn.text()}`);
  const made = await fetch(`${url}/v1/api-keys`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', cookie },
    body: JSON.stringify({ name: `${role} of the tests`, role }),
  });
  const { key } = (await made.json()) as { key?: string };
  if (key === undefined) throw new Error(`No API key was made: ${made.status}`);
  return key;
}
