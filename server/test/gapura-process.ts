/** Gapura as an operator runs it: a process of its own on a data directory and free ports. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../../scripts/launch.mjs', import.meta.url));

export interface GapuraProcess {
  readonly child: ChildProcess;
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly mqttUrl: string;
  /** What it has printed so far. */
  output(): string;
  /** Ends it at once, as a power cut would. */
  kill(): Promise<void>;
  /** Asks it to stop, and waits until it has. @returns its exit code */
  stop(): Promise<number | null>;
}

/** Starts `gapura start` and waits until it has printed its addresses. */
export async function startGapuraProcess(dataDir: string, env: Record<string, string> = {}): Promise<GapuraProcess> {
  const child = spawn(process.execPath, [launcher, 'start'], {
    env: {
      PATH: process.env['PATH'],
      GAPURA_DATA_DIR: dataDir,
      GAPURA_HOST: '127.0.0.1',
      GAPURA_HTTP_PORT: '0',
      GAPURA_HTTPS_PORT: '0',
      GAPURA_MQTT_PORT: '0',
      GAPURA_MQTTS_PORT: '0',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  const { promise: ready, resolve, reject } = Promise.withResolvers<void>();
  const take = (chunk: Buffer): void => {
    text += chunk.toString();
    if (/https?:\/\/\S+:\d+/.test(text) && /mqtt:\/\/\S+:\d+/.test(text) && /mqtts:\/\/\S+:\d+/.test(text)) resolve();
  };
  child.stdout.on('data', take);
  child.stderr.on('data', take);
  child.once('exit', (code) => reject(new Error(`Gapura ended with ${code} before it was ready:\n${text}`)));
  await ready;
  const portOf = (scheme: string): string => new RegExp(`${scheme}://[^\\s:/]+:(\\d+)`).exec(text)?.[1] ?? '';
  const ended = once(child, 'exit');
  return {
    child,
    url: `http://127.0.0.1:${portOf('http')}`,
    mqttUrl: `mqtt://127.0.0.1:${portOf('mqtt')}`,
    output: () => text,
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async stop() {
      child.kill('SIGTERM');
      const [code] = (await ended) as [number | null];
      return code;
    },
  };
}
