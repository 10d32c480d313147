/** Group commit: what arrives while the disk is busy shares the next commit. */
import type { TelemetryMessage } from '../telemetry/store.ts';

/** One message on its way to the store. */
export interface Pending {
  readonly message: TelemetryMessage;
  readonly bytes: number;
}

export interface BatcherDeps<T extends Pending> {
  append(messages: readonly TelemetryMessage[]): Promise<void>;
  /** Told of each batch once, with what `append` threw if it did. Must not throw. */
  settled(batch: readonly T[], error: unknown): void;
  readonly maxMessages: number;
  readonly maxPoints: number;
  /** Appends under way at once. */
  readonly maxAppends: number;
}

export class Batcher<T extends Pending> {
  readonly #deps: BatcherDeps<T>;
  #waiting: T[] = [];
  #appends = 0;
  #scheduled = false;

  constructor(deps: BatcherDeps<T>) {
    this.#deps = deps;
  }

  /** Takes a message. The first one goes at the end of this turn of the event loop, with all that its sockets bring. */
  add(pending: T): void {
    this.#waiting.push(pending);
    if (this.#scheduled || this.#appends >= this.#deps.maxAppends) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#send();
    });
  }

  #send(): void {
    while (this.#waiting.length > 0 && this.#appends < this.#deps.maxAppends) {
      this.#appends++;
      void this.#append(this.#take());
    }
  }

  async #append(batch: readonly T[]): Promise<void> {
    let failure: unknown;
    try {
      await this.#deps.append(batch.map((pending) => pending.message));
    } catch (error) {
      failure = error ?? new Error('The store failed without saying why.');
    }
    this.#appends--;
    // The next batch first: the disk works while this one is acknowledged.
    this.#send();
    this.#deps.settled(batch, failure);
  }

  #take(): readonly T[] {
    const waiting = this.#waiting;
    let points = 0;
    let end = 0;
    for (const { message } of waiting) {
      points += message.points.length;
      // The first message goes in any case, however large it is.
      if (end > 0 && (points > this.#deps.maxPoints || end === this.#deps.maxMessages)) break;
      end++;
    }
    if (end === waiting.length) {
      this.#waiting = [];
      return waiting;
    }
    return waiting.splice(0, end);
  }
}
