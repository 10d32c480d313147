import { rmSync } from 'node:fs';
import { mkdtemp, realpath } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defineCommand } from 'citty';
import { createClient } from '#sdk/client.ts';
import { createCookieFetch } from '#sdk/cookie-fetch.ts';
import { createNodeDeviceHttp } from '#sdk/device/node-http.ts';
import { type Config, configOf } from '../config.ts';
import { loadConfig } from '../config-load.ts';
import { randomAlphanumeric } from '../lib/random-text.ts';
import { createLogger } from '../logger.ts';
import { demoDeviceCount, startDemoFleet } from '../simulate/demo-fleet.ts';
import { showStatus, totalsText } from '../simulate/status.ts';
import { createHttpTransport, createMqttTransport } from '../simulate/uplink.ts';
import { consoleUrls, reachableHosts } from './addresses.ts';
import { oneLine } from './one-line.ts';
import { type Serving, serve } from './serve.ts';

/** A domain that can never receive mail (RFC 2606 §2). */
const email = 'demo@example.com';

export const command = defineCommand({
  meta: { name: 'demo', description: `Start with temporary data and ${demoDeviceCount} simulated devices` },
  async run() {
    const password = randomAlphanumeric(16);
    const folder = await realpath(await mkdtemp(join(tmpdir(), 'gapura-demo-')));
    // However the process ends: nothing of a demo is kept.
    process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
    const config = await demoConfig(folder, password);
    await serve({
      log: await createLogger({ level: config.logLevel, format: config.logFormat }),
      configure: () => config,
      started: (serving) => stream(serving, password).catch(oneLine('The demo')),
    });
    // Nothing is left that could keep the process.
    process.exit(0);
  },
});

/** The settings of this machine, on a folder of its own, with free ports instead of those that are taken. */
async function demoConfig(dataDir: string, ownerPassword: string): Promise<Config> {
  // The file of settings belongs to the data directory that is left alone here.
  const { config: wanted, sources } = loadConfig({ ...process.env, GAPURA_DATA_DIR: dataDir });
  const [httpPort, httpsPort, mqttPort, mqttsPort] = await Promise.all(
    [wanted.httpPort, wanted.httpsPort, wanted.mqttPort, wanted.mqttsPort].map((port) => freeOrAny(wanted.host, port)),
  );
  return configOf({
    ...wanted,
    dataDir,
    httpPort: httpPort ?? 0,
    httpsPort: httpsPort ?? 0,
    mqttPort: mqttPort ?? 0,
    mqttsPort: mqttsPort ?? 0,
    ownerEmail: email,
    ownerPassword,
    // The fleet fills the screen already.
    ...((sources.get('logLevel') ?? 'default') === 'default' && { logLevel: 'warn' as const }),
  });
}

/** The port, or 0 (any free one) when another program holds it. */
function freeOrAny(host: string, port: number): Promise<number> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', (error: NodeJS.ErrnoException) => resolve(error.code === 'EADDRINUSE' ? 0 : port));
    probe.listen({ host, port }, () => probe.close(() => resolve(port)));
  });
}

/** @returns what ends the fleet */
async function stream(serving: Serving, password: string): Promise<() => Promise<void>> {
  const { config, addresses } = serving;
  const isEverywhere = config.host === '0.0.0.0' || config.host === '::';
  const host = isEverywhere ? '127.0.0.1' : (reachableHosts(config.host)[0] ?? config.host);
  const url = `http://${host}:${addresses.httpPort}`;
  const client = createClient({ baseUrl: url, fetch: createCookieFetch() });
  await client.session.signIn({ email, password });
  const http = createNodeDeviceHttp();
  const transports = [createMqttTransport(`mqtt://${host}:${addresses.mqttPort}`), createHttpTransport(url, http)];
  const fleet = await startDemoFleet(client, transports);
  const startedMs = Date.now();

  console.log(banner(serving, password));
  const hide = showStatus(process.stdout, demoDeviceCount, fleet.counters);
  return async () => {
    await fleet.stop();
    hide();
    http.close();
    console.log(totalsText(demoDeviceCount, fleet.counters, Date.now() - startedMs));
    for (const { text, count } of fleet.problems.list()) console.log(`  ${count} × ${text}`);
  };
}

function banner({ app, addresses, config }: Serving, password: string): string {
  const [host = 'localhost'] = reachableHosts(config.host);
  return [
    '',
    `Gapura's demo is ready: ${demoDeviceCount} devices provision themselves and stream.`,
    '',
    `  Console   ${consoleUrls(config, addresses).join('  ')}`,
    `  Sign in   ${email}`,
    `  Password  ${password}`,
    '',
    `  Devices   http://${host}:${addresses.httpPort}  mqtt://${host}:${addresses.mqttPort}  mqtts://${host}:${addresses.mqttsPort}`,
    `  Data      ${app.dataDir} (removed at the end; Ctrl-C)`,
    '',
  ].join('\n');
}
