/** Writes what was recorded in memory every few seconds, one write at a time, and prunes what is old from time to time. */
import type { Clock } from './clock.ts';
import { createHousekeeping } from './housekeeping.ts';

export interface BackgroundWriterDeps {
  readonly clock: Clock;
  readonly log: { error(context: object, message: string): void };
  /** In the log, e.g. `security events`. */
  readonly what: string;
  readonly flushPeriodMs: number;
  /** Takes out of memory what it writes before it writes it: what fails is logged and not tried again. */
  write(): Promise<void>;
  /** Whether nothing waits to be written. */
  isEmpty(): boolean;
  readonly prunePeriodMs: number;
  prune(): Promise<void>;
}

export interface BackgroundWriter {
  start(): void;
  /** Ends the periods and writes what is left. */
  stop(): Promise<void>;
  /** Resolves after a write that began behind the call. */
  flush(): Promise<void>;
}

export function createBackgroundWriter(deps: BackgroundWriterDeps): BackgroundWriter {
  const { clock, log, what } = deps;
  let writing: Promise<void> = Promise.resolve();
  let cancelFlush: (() => void) | undefined;

  function flush(): Promise<void> {
    writing = writing
      .then(() => deps.write())
      .catch((error: unknown) => log.error({ err: error }, `${what} could not be written`));
    return writing;
  }

  const housekeeping = createHousekeeping(
    clock,
    deps.prunePeriodMs,
    () => deps.prune(),
    (error) => log.error({ err: error }, `${what} could not be pruned`),
  );

  return {
    start() {
      cancelFlush ??= clock.every(deps.flushPeriodMs, () => void flush());
      housekeeping.start();
    },
    async stop() {
      cancelFlush?.();
      cancelFlush = undefined;
      await housekeeping.stop();
      while (!deps.isEmpty()) await flush();
      await writing;
    },
    flush,
  };
}
