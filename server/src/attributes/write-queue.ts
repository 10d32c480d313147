/** Group commit of attributes: what arrives while a commit runs goes together into the next one. */
import type { Bus } from '../bus/bus.ts';
import { subjects } from '../bus/subjects.ts';
import type { Db } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { applyBatch, type Change } from './apply-batch.ts';

/** Keys that may wait for the disk: some 10 MB, about a second of work. */
const maxWaitingKeys = 50_000;

/** Keys in one transaction: beyond it commits get longer, not cheaper. */
const maxKeysPerCommit = 4000;

interface Waiting {
  readonly change: Change;
  readonly resolve: (deleted: string[]) => void;
  readonly reject: (error: unknown) => void;
}

export interface WriteQueueDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly bus: Bus;
}

/**
 * @returns the function that puts a change into the queue. It resolves after the commit with the keys that it deleted;
 *   changes take effect and are published in the order of the calls.
 */
export function createWriteQueue({ db, clock, bus }: WriteQueueDeps): (change: Change) => Promise<string[]> {
  let waiting: Waiting[] = [];
  let waitingKeys = 0;
  let running = false;

  function nextBatch(): Waiting[] {
    let end = 0;
    let keys = 0;
    for (const { change } of waiting) {
      if (end > 0 && keys + change.keys.length > maxKeysPerCommit) break;
      keys += change.keys.length;
      end++;
    }
    waitingKeys -= keys;
    const batch = waiting.slice(0, end);
    waiting = waiting.slice(end);
    return batch;
  }

  async function drain(): Promise<void> {
    running = true;
    while (waiting.length > 0) await commit(nextBatch());
    running = false;
  }

  async function commit(batch: readonly Waiting[]): Promise<void> {
    try {
      const now = clock.now();
      const changes = batch.map(({ change }) => change);
      const outcomes = await db.transaction().execute((trx) => applyBatch(trx, changes, now));
      batch.forEach(({ change, resolve, reject }, i) => {
        const outcome = outcomes[i] ?? [];
        if (outcome instanceof AppError) {
          reject(outcome);
          return;
        }
        publish(change, outcome);
        resolve(outcome);
      });
    } catch (cause) {
      const error = new AppError('storage_unavailable', 'The attributes could not be stored.', { cause });
      for (const { reject } of batch) reject(error);
    }
  }

  function publish({ device, scope, values }: Change, deleted: readonly string[]): void {
    if (values === undefined && deleted.length === 0) return;
    const { tenantId, deviceId } = device;
    const subject = subjects.attributes(tenantId, deviceId);
    bus.publish(subject, { kind: 'attributes.changed', tenantId, deviceId, scope, updated: values ?? {}, deleted });
  }

  return (change) => {
    if (waitingKeys + change.keys.length > maxWaitingKeys) {
      const error = new AppError('overloaded', 'Too many attributes wait for the disk.', { retryAfterMs: 1000 });
      return Promise.reject(error);
    }
    const { promise, resolve, reject } = Promise.withResolvers<string[]>();
    waiting.push({ change, resolve, reject });
    waitingKeys += change.keys.length;
    // `drain` never rejects: each commit settles its own batch.
    if (!running) void drain();
    return promise;
  };
}
