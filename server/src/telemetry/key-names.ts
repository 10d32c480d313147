/**
 * Numbers for the keys of telemetry, found by the bytes of a key as it stands in a payload: no string is made of a key
 * that was seen before.
 */

/** Beginning capacities; all of them double. */
const firstNames = 256;
const firstBytes = 4096;
/** Slots of the table per key at least, so that searches stay short. */
const slotsPerName = 4;
/**
 * Slots that are looked at. With a table this empty it is nearly never more than three; who sends keys that are made to
 * share a slot finds that his are looked up as strings, and nobody else's.
 */
const maxProbes = 12;

export class KeyNames {
  /** Keys by number. */
  readonly names: string[] = [];
  readonly #byText = new Map<string, number>();
  /** Bytes of the keys that can be found by them, one after the other. */
  #bytes = new Uint8Array(firstBytes);
  #bytesUsed = 0;
  /** By number: where its bytes begin, and how many there are; 0 for none. */
  #starts = new Uint32Array(firstNames);
  #lengths = new Uint8Array(firstNames);
  /** By number: the hash of its bytes. */
  #hashes = new Uint32Array(firstNames);
  /** Open addressing: number + 1, or 0. */
  #slots = new Uint32Array(slotsPerName * firstNames);

  get size(): number {
    return this.names.length;
  }

  /** The number of a key; a new one is given if need be. */
  ofText(key: string): number {
    const known = this.#byText.get(key);
    if (known !== undefined) return known;
    // A half surrogate pair cannot be stored as UTF-8; without this it would come back as another key than it went.
    const number = this.names.push(key.toWellFormed()) - 1;
    this.#byText.set(key, number);
    if (number >= this.#starts.length) this.#growNames();
    return number;
  }

  /**
   * The same for a key of 1 to 255 bytes of ASCII, `bytes[start, end)`.
   * @param hash of these bytes, the same at each call; it should be hard to foresee
   */
  ofBytes(bytes: Buffer, start: number, end: number, hash: number): number {
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (let probe = 0; probe < maxProbes; probe++) {
      const number = (this.#slots[slot] ?? 0) - 1;
      if (number < 0) break;
      if (this.#hashes[number] === hash && this.#isAt(number, bytes, start, end)) return number;
      slot = (slot + 1) & mask;
    }
    return this.#learn(bytes, start, end, hash);
  }

  #isAt(number: number, bytes: Buffer, start: number, end: number): boolean {
    const length = end - start;
    if (this.#lengths[number] !== length) return false;
    const own = this.#bytes;
    const from = this.#starts[number] ?? 0;
    for (let i = 0; i < length; i++) if (own[from + i] !== bytes[start + i]) return false;
    return true;
  }

  #learn(bytes: Buffer, start: number, end: number, hash: number): number {
    const number = this.ofText(bytes.toString('latin1', start, end));
    // It is there already when its slots were all taken: this one is found as a string each time.
    if (this.#lengths[number] !== 0) return number;
    if (slotsPerName * this.size > this.#slots.length) this.#growSlots();
    if (!this.#place(number, hash)) return number;
    const length = end - start;
    if (this.#bytesUsed + length > this.#bytes.length) this.#growBytes(length);
    this.#bytes.set(bytes.subarray(start, end), this.#bytesUsed);
    this.#starts[number] = this.#bytesUsed;
    this.#lengths[number] = length;
    this.#hashes[number] = hash;
    this.#bytesUsed += length;
    return number;
  }

  /** @returns false when all of its slots are taken */
  #place(number: number, hash: number): boolean {
    const mask = this.#slots.length - 1;
    for (let probe = 0; probe < maxProbes; probe++) {
      const slot = (hash + probe) & mask;
      if (this.#slots[slot] !== 0) continue;
      this.#slots[slot] = number + 1;
      return true;
    }
    return false;
  }

  #growNames(): void {
    const [starts, lengths, hashes] = [this.#starts, this.#lengths, this.#hashes];
    this.#starts = new Uint32Array(2 * starts.length);
    this.#starts.set(starts);
    this.#lengths = new Uint8Array(2 * lengths.length);
    this.#lengths.set(lengths);
    this.#hashes = new Uint32Array(2 * hashes.length);
    this.#hashes.set(hashes);
  }

  #growBytes(more: number): void {
    const bytes = new Uint8Array(Math.max(2 * this.#bytes.length, this.#bytesUsed + more));
    bytes.set(this.#bytes);
    this.#bytes = bytes;
  }

  #growSlots(): void {
    this.#slots = new Uint32Array(2 * this.#slots.length);
    for (let number = 0; number < this.size; number++) {
      if (this.#lengths[number] === 0) continue;
      // One that finds no slot any more is forgotten as bytes.
      if (!this.#place(number, this.#hashes[number] ?? 0)) this.#lengths[number] = 0;
    }
  }
}
