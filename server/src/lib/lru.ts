/** An entry, between the one that was used before it and the one that was used after it. */
interface Entry<K, V> {
  readonly key: K;
  value: V;
  older: Entry<K, V> | undefined;
  newer: Entry<K, V> | undefined;
}

/**
 * A Map with a limit: when it is full, the entry that was used longest ago makes room.
 * Iteration order is from the longest unused to the most recently used entry.
 */
export class LruMap<K, V> {
  /**
   * The order of use is a list beside the Map. Deleting and inserting again would need no list, but leaves a hole in the
   * Map for every use: it is built anew all the time, and whoever looks for the oldest walks over the holes.
   */
  readonly #entries = new Map<K, Entry<K, V>>();
  #oldest: Entry<K, V> | undefined;
  #newest: Entry<K, V> | undefined;
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
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    this.#use(entry);
    return entry.value;
  }

  /** The value, without counting as a use. */
  peek(key: K): V | undefined {
    return this.#entries.get(key)?.value;
  }

  has(key: K): boolean {
    return this.#entries.has(key);
  }

  /** Puts an entry in as the most recently used. `undefined` cannot be told from absence, so do not store it. */
  set(key: K, value: V): void {
    const known = this.#entries.get(key);
    if (known !== undefined) {
      known.value = value;
      this.#use(known);
      return;
    }
    if (this.#entries.size >= this.#limit) this.#evictOldest();
    const entry: Entry<K, V> = { key, value, older: undefined, newer: undefined };
    this.#entries.set(key, entry);
    this.#append(entry);
  }

  delete(key: K): boolean {
    const entry = this.#entries.get(key);
    if (entry === undefined) return false;
    this.#entries.delete(key);
    this.#takeOut(entry);
    return true;
  }

  clear(): void {
    this.#entries.clear();
    this.#oldest = undefined;
    this.#newest = undefined;
  }

  *entries(): IterableIterator<[K, V]> {
    for (let entry = this.#oldest; entry !== undefined; entry = entry.newer) yield [entry.key, entry.value];
  }

  #use(entry: Entry<K, V>): void {
    if (entry === this.#newest) return;
    this.#takeOut(entry);
    this.#append(entry);
  }

  #append(entry: Entry<K, V>): void {
    entry.older = this.#newest;
    if (this.#newest === undefined) this.#oldest = entry;
    else this.#newest.newer = entry;
    this.#newest = entry;
  }

  #takeOut(entry: Entry<K, V>): void {
    const { older, newer } = entry;
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
    entry.older = undefined;
    entry.newer = undefined;
  }

  #evictOldest(): void {
    const oldest = this.#oldest;
    if (oldest === undefined) return;
    this.delete(oldest.key);
    this.#onEvict?.(oldest.key, oldest.value);
  }
}
