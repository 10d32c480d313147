/** What waits for the disk. */
export interface Load {
  readonly messages: number;
  readonly points: number;
  /** Of the payloads as they came. */
  readonly bytes: number;
}

/** Below this share of the limit the senders may go on: they shall not start and stop with every message. */
const drainedShare = 0.5;

/** Knows how much is accepted and not yet acknowledged, and when that is too much. */
export class Backlog {
  readonly #saturatedAt: Load;
  readonly #refusedAt: Load;
  #messages = 0;
  #points = 0;
  #bytes = 0;
  #saturated = false;
  #onDrained: (() => void)[] = [];
  #onEmpty: (() => void)[] = [];

  constructor(saturatedAt: Load, refusedAt: Load) {
    this.#saturatedAt = saturatedAt;
    this.#refusedAt = refusedAt;
  }

  get saturated(): boolean {
    return this.#saturated;
  }

  /** Whether there is no room for one more message of this size. A message alone always has room. */
  isFullFor(points: number, bytes: number): boolean {
    if (this.#messages === 0) return false;
    const limit = this.#refusedAt;
    return (
      this.#messages + 1 > limit.messages || this.#points + points > limit.points || this.#bytes + bytes > limit.bytes
    );
  }

  /** One message has been accepted. */
  enter(points: number, bytes: number): void {
    this.#messages++;
    this.#points += points;
    this.#bytes += bytes;
    if (!this.#saturated) this.#saturated = this.#reaches(1);
  }

  /** Messages have been acknowledged or refused. */
  leave(load: Load): void {
    this.#messages -= load.messages;
    this.#points -= load.points;
    this.#bytes -= load.bytes;
    if (this.#saturated && !this.#reaches(drainedShare)) {
      this.#saturated = false;
      this.#onDrained = callAll(this.#onDrained);
    }
    if (this.#messages === 0) this.#onEmpty = callAll(this.#onEmpty);
  }

  /** Calls back once, at once when nothing is in the way. */
  whenDrained(callback: () => void): void {
    if (this.#saturated) this.#onDrained.push(callback);
    else callback();
  }

  whenEmpty(): Promise<void> {
    if (this.#messages === 0) return Promise.resolve();
    return new Promise((resolve) => this.#onEmpty.push(resolve));
  }

  #reaches(share: number): boolean {
    const limit = this.#saturatedAt;
    return (
      this.#messages >= limit.messages * share ||
      this.#points >= limit.points * share ||
      this.#bytes >= limit.bytes * share
    );
  }
}

/** What a callback adds waits for the next time. */
function callAll(callbacks: readonly (() => void)[]): (() => void)[] {
  // After this turn: a callback that sends again must not find the books half written.
  for (const callback of callbacks) setImmediate(callback);
  return [];
}
