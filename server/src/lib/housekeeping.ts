/** Work in the background that returns from time to time, one run at a time. */
import type { Clock } from './clock.ts';

export interface Housekeeping {
  start(): void;
  /** Ends the periods; resolves when a run that is under way has ended. */
  stop(): Promise<void>;
}

/**
 * @param run one pass; a period that comes due while it is under way is skipped
 * @param onError told of a pass that failed; the next one comes all the same
 */
export function createHousekeeping(
  clock: Clock,
  periodMs: number,
  run: () => Promise<void>,
  onError: (error: unknown) => void,
): Housekeeping {
  let cancel = (): void => {};
  let running: Promise<void> | undefined;

  return {
    start() {
      cancel();
      cancel = clock.every(periodMs, () => {
        running ??= run()
          .catch(onError)
          .finally(() => {
            running = undefined;
          });
      });
    },
    async stop() {
      cancel();
      await running;
    },
  };
}
