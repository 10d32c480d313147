import type { LiveSubscribe, LiveTopic } from '#contract/live.ts';
import { AppError } from '../errors.ts';
import { deviceStateToJson } from './device-state.ts';
import type { FanOut } from './fan-out.ts';
import { PendingChanges } from './pending-changes.ts';
import { readSnapshot, type SnapshotDeps } from './snapshot.ts';
import { subjectsOf, type Update } from './updates.ts';

export interface SubscriptionDeps extends SnapshotDeps {
  readonly fanOut: FanOut;
  /** Those of the ids that are devices of the tenant. */
  existing(tenantId: string, deviceIds: readonly string[]): Promise<readonly string[]>;
}

const allTopics: readonly LiveTopic[] = ['telemetry', 'attributes', 'activity'];

/** Series that wait for a slow client at most, per subscription: some 20 MB. */
const pendingLimit = 100_000;

/**
 * One subscription of one client. It listens to the bus before it reads the snapshot, and keeps what it hears until the
 * snapshot is there; then it forgets what the snapshot tells already (see `PendingChanges.forget`) and sends the rest
 * as the first delta. So nothing is missing between the two and nothing comes twice.
 */
export class Subscription {
  readonly id: string;
  readonly #deps: SubscriptionDeps;
  readonly #tenantId: string;
  readonly #keys: ReadonlySet<string> | undefined;
  readonly #topics: ReadonlySet<LiveTopic>;
  readonly #devices: Set<string>;
  readonly #changed: () => void;
  readonly #pending = new PendingChanges();
  #seq = 0;
  #hasSnapshot = false;
  #isEnded = false;

  /** @param changed called when there may be something to send */
  constructor(deps: SubscriptionDeps, tenantId: string, request: LiveSubscribe, changed: () => void) {
    this.id = request.id;
    this.#deps = deps;
    this.#tenantId = tenantId;
    this.#keys = request.keys && new Set(request.keys);
    this.#topics = new Set(request.topics ?? allTopics);
    this.#devices = new Set(request.deviceIds);
    this.#changed = changed;
  }

  /**
   * Begins to listen.
   * @returns the snapshot's frame, which must be sent before any other; undefined when the subscription was ended
   * @throws AppError `not_found`, `payload_too_large`, `storage_unavailable`
   */
  async begin(): Promise<string | undefined> {
    const deviceIds = [...this.#devices];
    for (const deviceId of deviceIds) this.#listen(deviceId);
    try {
      const found = new Set(await this.#deps.existing(this.#tenantId, deviceIds));
      const missing = deviceIds.filter((deviceId) => !found.has(deviceId));
      if (missing.length > 0) {
        const others = missing.length > 1 ? ` and ${missing.length - 1} others` : '';
        throw new AppError('not_found', `There is no device ${missing[0]}${others}.`);
      }
      const keys = this.#keys && [...this.#keys];
      const query = { tenantId: this.#tenantId, deviceIds, keys, topics: this.#topics };
      const states = await readSnapshot(this.#deps, query);
      if (this.#isEnded) return undefined;
      this.#pending.forget(states);
      this.#hasSnapshot = true;
      const devices = Array.from(states, ([deviceId, state]) => deviceStateToJson(deviceId, state));
      return `{"type":"snapshot","id":${JSON.stringify(this.id)},"seq":0,"devices":{${devices.join(',')}}}`;
    } catch (error) {
      this.end();
      throw error;
    }
  }

  /** The next delta's frame, or undefined when nothing has changed. */
  nextDelta(): string | undefined {
    if (!this.#hasSnapshot || this.#isEnded || this.#pending.isEmpty) return undefined;
    const { changes, isCoalesced } = this.#pending.take();
    const coalesced = isCoalesced ? '"coalesced":true,' : '';
    return `{"type":"delta","id":${JSON.stringify(this.id)},"seq":${++this.#seq},${coalesced}"changes":[${changes}]}`;
  }

  /** The client is slow: keeps the latest of each series. @returns false when even that is too much */
  coalesce(): boolean {
    this.#pending.coalesce();
    return this.#pending.size <= pendingLimit;
  }

  end(): void {
    this.#isEnded = true;
    for (const deviceId of this.#devices) this.#ignore(deviceId);
    this.#devices.clear();
  }

  readonly #hear = (update: Update): void => {
    this.#pending.add(update, this.#keys);
    if (update.kind === 'deviceDeleted') {
      this.#ignore(update.deviceId);
      this.#devices.delete(update.deviceId);
    }
    if (this.#hasSnapshot && !this.#pending.isEmpty) this.#changed();
  };

  #listen(deviceId: string): void {
    for (const subject of subjectsOf(this.#tenantId, deviceId, this.#topics))
      this.#deps.fanOut.add(subject, this.#hear);
  }

  #ignore(deviceId: string): void {
    for (const subject of subjectsOf(this.#tenantId, deviceId, this.#topics)) {
      this.#deps.fanOut.remove(subject, this.#hear);
    }
  }
}
