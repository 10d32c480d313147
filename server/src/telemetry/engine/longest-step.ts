/** How long anything but a commit held the thread lately: so long may an acknowledgement have waited for it. */
export class LongestStep {
  #current = 0;
  #before = 0;
  #since = performance.now();

  /** Does the work and takes its time. */
  time<T>(work: () => T): T {
    const startMs = performance.now();
    try {
      return work();
    } finally {
      this.#current = Math.max(this.#current, performance.now() - startMs);
    }
  }

  /** The longest of this minute and the one before, so that no scrape misses it. ms */
  get ms(): number {
    const age = performance.now() - this.#since;
    if (age >= windowMs) {
      this.#before = age < 2 * windowMs ? this.#current : 0;
      this.#current = 0;
      this.#since = performance.now();
    }
    return Math.max(this.#current, this.#before);
  }
}

const windowMs = 60_000;
