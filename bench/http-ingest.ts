/** Telemetry over HTTP against a bare node:http handler that parses the same JSON, in turns within one run. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { GapuraClient } from '#sdk/client.ts';
import { type BenchOptions, type BenchResult, type Figure, median, percentile } from './lib/bench.ts';
import { type HttpLoad, runHttpLoad } from './lib/http-load.ts';
import { threadSeconds } from './lib/process-usage.ts';
import { createDataDir, startServer } from './lib/server.ts';

const connections = 50;
/** A day in 2026; each request of a connection is one millisecond later, so that no row replaces another. */
const firstTs = Date.UTC(2026, 0, 1);
const keysPerMessage = 8;

/** A server of its own process. */
interface Target {
  readonly pid: number;
  readonly url: string;
}

interface Round {
  readonly load: HttpLoad;
  /** Of the thread that serves, and of the whole process, µs per request. */
  readonly mainMicros: number;
  readonly allMicros: number;
}

export async function run({ full, log }: BenchOptions): Promise<BenchResult> {
  const rounds = full ? 9 : 5;
  const durationMs = full ? 5000 : 2000;
  const dataDir = await createDataDir();
  const gapura = await startServer(dataDir.path);
  const bare = await startHttpProcess('bare-http.ts');
  const handler = await startHttpProcess('device-http.ts');
  try {
    const client = await gapura.signIn();
    const deviceIds = await createDevices(client);
    const accepted = new Array<number>(connections).fill(0);
    const sent = new Array<number>(connections).fill(0);
    const measure = async ({ pid, url }: Target, counts: number[]): Promise<Round> => {
      const before = threadSeconds(pid);
      const load = await runHttpLoad({
        url,
        connections,
        durationMs,
        next(connection) {
          const count = sent[connection] ?? 0;
          sent[connection] = count + 1;
          return { path: `/api/v1/${tokenOf(connection)}/telemetry`, body: messageAt(count) };
        },
        accepted(connection) {
          counts[connection] = (counts[connection] ?? 0) + 1;
        },
      });
      const after = threadSeconds(pid);
      const micros = (thread: 'main' | 'all'): number => ((after[thread] - before[thread]) / load.requests) * 1e6;
      return { load, mainMicros: micros('main'), allMicros: micros('all') };
    };
    const whole = { pid: gapura.pid, url: gapura.httpUrl };
    const results: Results = { bare: [], handler: [], whole: [] };
    // The first round of each does not count: their code is being compiled.
    for (let i = 0; i <= rounds; i++) {
      const round = {
        bare: await measure(bare, []),
        handler: await measure(handler, []),
        whole: await measure(whole, accepted),
      };
      if (i === 0) continue;
      for (const name of ['bare', 'handler', 'whole'] as const) results[name].push(round[name]);
      const micros = Object.entries(round).map(([name, { mainMicros }]) => `${name} ${mainMicros.toFixed(1)} µs`);
      log(`round ${i} of ${rounds}: ${micros.join(', ')}`);
    }
    const failures = await compareStored(client, deviceIds, accepted);
    const refused = [...results.handler, ...results.whole].reduce((total, { load }) => total + load.refused, 0);
    if (refused > 0) failures.push(`${refused} requests were refused.`);
    return {
      name: 'http-ingest',
      summary: `POST telemetry of ${keysPerMessage} values (${messageAt(0).length} bytes) over ${connections} kept connections, medians of ${rounds} rounds in turns; Gapura answers after the commit`,
      figures: figures(results, accepted),
      failures,
    };
  } finally {
    bare.kill();
    handler.kill();
    await gapura.stop();
    await dataDir.remove();
  }
}

/** Rounds of the bare handler, of the device API without a database, and of the whole server. */
type Results = Record<'bare' | 'handler' | 'whole', Round[]>;

function figures({ bare, handler, whole }: Results, accepted: readonly number[]): Figure[] {
  const of = (rounds: readonly Round[], value: (round: Round) => number): number => median(rounds.map(value));
  const micros = ({ mainMicros }: Round): number => mainMicros;
  const rate = ({ load }: Round): number => load.requests / load.seconds;
  const slow = ({ load }: Round): number => percentile(load.latenciesMs, 0.99);
  const ratio = (rounds: readonly Round[]): number => of(bare, micros) / of(rounds, micros);
  return [
    { name: 'bare node:http, CPU of its thread per request', value: of(bare, micros), unit: 'µs' },
    { name: 'device API without database, CPU of its thread', value: of(handler, micros), unit: 'µs' },
    { name: 'bare / device API without database', value: ratio(handler), unit: '', goal: '≥ 0.8' },
    { name: 'whole Gapura, CPU of its main thread', value: of(whole, micros), unit: 'µs' },
    { name: 'bare / whole Gapura, main thread', value: ratio(whole), unit: '' },
    { name: 'whole Gapura, CPU of all threads', value: of(whole, ({ allMicros }) => allMicros), unit: 'µs' },
    { name: 'bare node:http, rate', value: of(bare, rate), unit: '/s' },
    { name: 'device API without database, rate', value: of(handler, rate), unit: '/s' },
    { name: 'whole Gapura, rate', value: of(whole, rate), unit: '/s' },
    { name: 'bare node:http, 99th percentile', value: of(bare, slow), unit: 'ms' },
    { name: 'whole Gapura, 99th percentile', value: of(whole, slow), unit: 'ms' },
    { name: 'points acknowledged', value: sum(accepted) * keysPerMessage, unit: '' },
  ];
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const tokenOf = (connection: number): string => `bench-http-ingest-${connection}`;
const sample = {
  temperature: 21.5,
  humidity: 55.25,
  pressure: 1013.25,
  battery: 98,
  state: 'ok',
  door: false,
  rssi: -71,
};
const messageAt = (count: number): string => JSON.stringify({ ts: firstTs + count, values: { ...sample, count } });

async function createDevices(client: GapuraClient): Promise<string[]> {
  const deviceIds: string[] = [];
  for (let i = 0; i < connections; i++) {
    const credentials = { type: 'ACCESS_TOKEN', token: tokenOf(i) } as const;
    deviceIds.push((await client.devices.create({ name: tokenOf(i), credentials })).id);
  }
  return deviceIds;
}

/** Whether each key of each device has as many points as messages were acknowledged. */
async function compareStored(
  client: GapuraClient,
  deviceIds: readonly string[],
  accepted: readonly number[],
): Promise<string[]> {
  const failures: string[] = [];
  for (const [i, deviceId] of deviceIds.entries()) {
    const keys = await client.telemetry.keys(deviceId);
    if (keys.length !== keysPerMessage) failures.push(`Device ${i} has ${keys.length} keys.`);
    for (const { key, points } of keys) {
      if (points !== accepted[i])
        failures.push(`Device ${i}: ${points} points of ${key}, ${accepted[i]} acknowledged.`);
    }
  }
  return failures;
}

/** @param file in `lib/`; it prints its port */
async function startHttpProcess(file: string): Promise<Target & { kill(): void }> {
  const path = fileURLToPath(new URL(`lib/${file}`, import.meta.url));
  const child = spawn(process.execPath, [path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  return { pid: child.pid ?? 0, url: `http://127.0.0.1:${port.toString().trim()}`, kill };
}
