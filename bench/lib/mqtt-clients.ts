/** Thousands of MQTT clients in one small C program (`load/main.c`), which Node could not be without being slowest. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const sources = fileURLToPath(new URL('../load/', import.meta.url));

export interface RunOptions {
  readonly qos: 0 | 1;
  /** Unacknowledged messages per connection; with QoS 0, messages in one write. */
  readonly window: number;
  readonly durationMs: number;
  /** Messages per second of all connections; 0: as fast as the window lets it. */
  readonly rate?: number;
  /** With a rate: so many messages of a connection are due at once and leave in one write. Default 1. */
  readonly burst?: number;
  /** A template, see `load/main.c`. */
  readonly payload: string;
}

export interface RunResult {
  readonly sent: number;
  readonly acknowledged: number;
  /** Due by the rate, but the connection had no room. */
  readonly notSent: number;
  readonly unacknowledged: number;
  /** Connections that broke. */
  readonly lost: number;
  /** Until the last acknowledgement. */
  readonly seconds: number;
  /** Of the load itself. */
  readonly cpuSeconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly maxMs: number;
  /** Acknowledgements in each whole second. */
  readonly perSecond: readonly number[];
  /** By connection. */
  readonly acknowledgedOf: readonly number[];
  readonly sentOf: readonly number[];
}

export interface StormResult {
  readonly connected: number;
  readonly lost: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

export interface MqttClients {
  /** Sessions that were accepted. */
  readonly open: number;
  run(options: RunOptions): Promise<RunResult>;
  /** Connects, logs in, says goodbye and closes so many times, as one of `users` devices after the other. */
  storm(count: number, concurrency: number, users: number): Promise<StormResult>;
  /** Closes all connections. */
  stop(): Promise<void>;
}

export interface ClientsOptions {
  readonly port: number;
  readonly connections: number;
  /** The first logs in as `bench-<first>`, the next as the next. */
  readonly first?: number;
  readonly tls?: boolean;
  /** Time of the first message of each connection; each further one is a millisecond later. */
  readonly tsBase?: number;
}

/** @throws Error when no C compiler is there, or when a session was refused */
export async function startMqttClients(options: ClientsOptions): Promise<MqttClients> {
  const { port, connections, first = 0, tls = false, tsBase = Date.now() - 3_600_000 } = options;
  const folder = await mkdtemp(join(tmpdir(), 'gapura-load-'));
  const args = [port, connections, first, 'v1/devices/me/telemetry', tsBase, tls ? 1 : 0].map(String);
  const child = spawn(program(), args, { stdio: ['pipe', 'pipe', 'inherit'] });
  pin(child);
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const answer = async <T>(): Promise<T> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('The load generator ended.');
    return JSON.parse(String(value)) as T;
  };
  const { open } = await answer<{ open: number }>();
  let files = 0;
  return {
    open,
    async run({ qos, window, durationMs, rate = 0, burst = 1, payload }) {
      const payloadFile = join(folder, `payload-${++files}`);
      const countsFile = join(folder, `counts-${files}`);
      writeFileSync(payloadFile, payload);
      child.stdin.write(`run ${qos} ${window} ${durationMs} ${rate} ${burst} ${payloadFile} ${countsFile}\n`);
      const result = await answer<Omit<RunResult, 'acknowledgedOf' | 'sentOf'>>();
      const counts = await readFile(countsFile);
      const at = (offset: number) => (_: unknown, i: number) => counts.readUInt32LE(8 * i + offset);
      return {
        ...result,
        sentOf: Array.from({ length: connections }, at(0)),
        acknowledgedOf: Array.from({ length: connections }, at(4)),
      };
    },
    async storm(count, concurrency, users) {
      child.stdin.write(`storm ${count} ${concurrency} ${users}\n`);
      return answer<StormResult>();
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.stdin.end();
      await ended;
      process.removeListener('exit', kill);
      await rm(folder, { recursive: true });
    },
  };
}

/** The cores that the load and all servers share, so that none has more than the other. */
export const cores = '0,1';

/** Binds all threads of a process to `cores`; where there is no taskset, all share what there is. */
export function pin({ pid }: Pick<ChildProcess, 'pid'>): void {
  if (pid !== undefined) spawnSync('taskset', ['-acp', cores, String(pid)], { stdio: 'ignore' });
}

/** Compiles the program unless that was done before; named by what it is made from. */
function program(): string {
  const hasTls = existsSync('/usr/include/openssl/ssl.h');
  const parts = readdirSync(sources).sort();
  const made = createHash('sha256').update(String(hasTls));
  for (const part of parts) made.update(readFileSync(join(sources, part)));
  const name = made.digest('hex').slice(0, 16);
  const files = parts.filter((part) => part.endsWith('.c')).map((part) => join(sources, part));
  const folder = join(tmpdir(), `gapura-bench-${process.getuid?.() ?? 0}`);
  const path = join(folder, `mqtt-load-${name}`);
  if (existsSync(path)) return path;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const partial = `${path}.${process.pid}`;
  const tlsFlags = hasTls ? ['-DWITH_TLS'] : [];
  const libraries = hasTls ? ['-lssl', '-lcrypto'] : [];
  try {
    execFileSync(process.env['CC'] ?? 'cc', ['-O2', ...tlsFlags, '-o', partial, ...files, ...libraries], {
      stdio: ['ignore', 'inherit', 'inherit'],
    });
  } catch (error) {
    throw new Error(
      'THE LOAD GENERATOR CANNOT BE BUILT: a C compiler is needed (Debian: apt-get install gcc libc6-dev libssl-dev).',
      { cause: error },
    );
  }
  renameSync(partial, path);
  return path;
}
