/** Runs the app until a signal ends it; a signal with a staged restore starts it again on the restored data. */
import type { Logger } from 'pino';
import { type App, type AppAddresses, createApp } from '../app.ts';
import type { Config } from '../config.ts';
import { layoutOf } from '../data-dir/layout.ts';
import { isRestorePending } from '../data-dir/restore-pending.ts';
import { releaseMemory } from '../lib/release-memory.ts';

export interface Serving {
  readonly app: App;
  readonly addresses: AppAddresses;
  /** With the ports that were bound. */
  readonly config: Config;
  /** Whether it serves again after a restore. */
  readonly isRestart: boolean;
}

export interface ServeOptions {
  readonly log: Logger;
  /** Asked at each start: a restore may have brought other settings. */
  configure(): Config;
  /** Called each time it serves. What it begins has to be ended by the function that it returns. */
  started(serving: Serving): Promise<(() => Promise<void>) | undefined> | undefined;
}

/** The whole of a graceful stop. What is not finished by then was not acknowledged, so nothing promised is lost. */
const stopLimitMs = 10_000;
/**
 * A second signal within this time is an echo of the first: npm passes Ctrl-C on to a process that already has it from
 * the terminal.
 */
const echoMs = 1000;
const parentPollMs = 250;

/** Resolves after a graceful stop. @throws StartupError when it cannot start */
export async function serve(options: ServeOptions): Promise<void> {
  const { log } = options;
  // Databases, keys and backups are nobody else's business: every file is made for this user alone.
  process.umask(0o077);
  exitOnFault(log);
  const signals = listenForSignals(log);
  let bound: Partial<AppAddresses> = {};
  for (let isRestart = false; ; isRestart = true) {
    const config = withPorts(options.configure(), bound);
    const app = await createApp({ config, log });
    // Before the listeners open: nobody waits yet.
    releaseMemory();
    const addresses = await app.start();
    bound = addresses;
    const end = await options.started({ app, addresses, config: withPorts(config, bound), isRestart });
    const signal = await signals.next();

    const isRestore = signal === 'SIGHUP' && isRestorePending(layoutOf(app.dataDir));
    log.info({ signal }, isRestore ? 'stopping to restore a backup' : 'stopping');
    const limit = setTimeout(() => {
      log.fatal(`not stopped within ${stopLimitMs / 1000} s; ending now`);
      process.exit(1);
    }, stopLimitMs);
    await end?.();
    await app.stop();
    clearTimeout(limit);
    if (!isRestore) break;
    signals.again();
  }
  signals.off();
  log.info('stopped');
}

/** The same ports again after a restart, also where the settings ask for any free one: devices come back to them. */
function withPorts(config: Config, bound: Partial<AppAddresses>): Config {
  const ports: Partial<Record<keyof AppAddresses, number>> = {};
  for (const name of ['httpPort', 'httpsPort', 'mqttPort', 'mqttsPort'] as const) {
    const port = bound[name];
    if (config[name] === 0 && port !== undefined) ports[name] = port;
  }
  return Object.freeze({ ...config, ...ports });
}

function listenForSignals(log: Logger) {
  const names = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
  let first = Promise.withResolvers<NodeJS.Signals>();
  let firstAt: number | undefined;
  const onSignal = (signal: NodeJS.Signals): void => {
    const now = performance.now();
    if (firstAt === undefined) {
      firstAt = now;
      first.resolve(signal);
    } else if (signal !== 'SIGHUP' && now - firstAt > echoMs) {
      log.warn({ signal }, 'ending at once: a second signal came before everything was closed');
      process.exit(1);
    }
  };
  for (const name of names) process.on(name, onSignal);
  const stopWatching = watchParent(() => onSignal('SIGTERM'));
  return {
    /** The first signal, also one that came while nobody waited. */
    next: (): Promise<NodeJS.Signals> => first.promise,
    /** From now on a signal is a first one again. */
    again(): void {
      first = Promise.withResolvers<NodeJS.Signals>();
      firstAt = undefined;
    },
    off(): void {
      stopWatching();
      for (const name of names) process.off(name, onSignal);
    },
  };
}

/**
 * npm gives a signal to the shell between it and us, and the shell ends without passing it on: a stopped `npm start`
 * would leave this process behind with its ports. Nobody else than npm is watched: an orphan may be one on purpose.
 */
function watchParent(onOrphaned: () => void): () => void {
  if (process.env['npm_lifecycle_event'] === undefined) return () => {};
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onOrphaned();
  }, parentPollMs);
  timer.unref();
  return () => clearInterval(timer);
}

/** After a fault that nobody caught, nothing is certain: end, and let the supervisor start anew from what is on disk. */
function exitOnFault(log: Logger): void {
  const onFault = (kind: string) => (error: unknown) => {
    log.fatal({ err: error }, kind);
    process.exit(1);
  };
  process.on('uncaughtException', onFault('uncaught exception'));
  process.on('unhandledRejection', onFault('unhandled rejection'));
}
