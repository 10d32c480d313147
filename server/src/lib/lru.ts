/**
 * A Map with a limit: when it is full, the entry that was used longest ago makes room.
 * Iteration order is from the longest unused to the most recently used entry.
 */
export class LruMap<K, V> {
  /** Insertion order is the order of use: whatever is used is deleted and inserted again. */
  readonly #entries = new Map<K, V>();
  readonly #limit: number;
  readonly #onEvict: ((key: K, value: V) => void) | undefined;

  /**
   * @param limit how many entries it holds at most, ≥ 1
   * @param onEvict told of each entry that made room (not of those that were deleted or replaced)
   */
  constructor(limit: number, onEvict?: (key: K, value: V) => void) {
    if (!(limit >= 1)) throw new RangeError(`An LRU map for ${limit} entries can hold nothing.`);
    this.#limit = limit;
    this.#onEvict = onEvict;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The value, which now counts as just used. */
  get(key: K): V | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  /** The value, without counting as a use. */
  peek(key: K): V | undefined {
    return this.#entries.get(key);
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  /** Puts an entry in as the most recently used. `undefined` cannot be told from absence, so do not store it. */
  set(key: K, value: V): void {
    if (!this.#entries.delete(key) && this.#entries.size >= this.#limit) this.#evictOldest();
    this.#entries.set(key, value);
  }

  delete(key: K): boolean {
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#entries.clear();
  }

  entries(): IterableIterator<[K, V]> {
    return this.#entries.entries();
  }

  #evictOldest(): void {
    for (const [key, value] of this.#entries) {
      this.#entries.delete(key);
      this.#onEvict?.(key, value);
      return;
    }
  }
}
