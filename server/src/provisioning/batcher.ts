export interface BatcherLimits {
  /** Items that wait at most. */
  readonly maxWaiting: number;
  /** Items in one batch at most. */
  readonly maxBatch: number;
}

/**
 * Collects what arrives in one turn of the event loop, or while a batch runs, and runs one batch at a time: the work of
 * many requests shares commits, and no two batches see each other's half-done work.
 */
export class Batcher<T> {
  readonly #limits: BatcherLimits;
  readonly #run: (batch: readonly T[]) => Promise<readonly T[]>;
  #waiting: T[] = [];
  #running: Promise<void> | undefined;

  /** @param run must not reject; the items that it returns run again, before all others */
  constructor(limits: BatcherLimits, run: (batch: readonly T[]) => Promise<readonly T[]>) {
    this.#limits = limits;
    this.#run = run;
  }

  /** @returns false when too many wait already */
  add(item: T): boolean {
    if (this.#waiting.length >= this.#limits.maxWaiting) return false;
    this.#waiting.push(item);
    this.#running ??= this.#drain();
    return true;
  }

  /** Resolves when nothing waits or runs. */
  async idle(): Promise<void> {
    await this.#running;
  }

  async #drain(): Promise<void> {
    // All that the sockets deliver in this turn comes before the immediate.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.slice(0, this.#limits.maxBatch);
      this.#waiting = this.#waiting.slice(this.#limits.maxBatch);
      const again = await this.#run(batch);
      if (again.length > 0) this.#waiting = [...again, ...this.#waiting];
    }
    this.#running = undefined;
  }
}
