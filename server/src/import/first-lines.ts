import { hash } from 'node:crypto';

/** Slots at the beginning; a power of two, as always. */
const initialSlots = 1024;

/**
 * Where a text first stood in a file: finds duplicates among a million texts in 24 MiB, whatever their lengths, by
 * keeping 64 bits of their hashes. (Two texts of a million are taken for one with a chance of one in 37 million.)
 */
export class FirstLines {
  /** Open addressing: 64 bits of the hash, and the line; line 0 is a free slot. */
  #hashes = new BigUint64Array(initialSlots);
  #lines = new Uint32Array(initialSlots);
  #size = 0;

  /** @returns the line on which the text stood before; undefined when `line` is the first */
  claim(text: string, line: number): number | undefined {
    // Doubling at half full keeps the runs of taken slots short.
    if (2 * this.#size >= this.#lines.length) this.#grow();
    const digest = hash('sha1', text, 'buffer').readBigUInt64LE();
    const slot = this.#slotOf(digest);
    const before = this.#lines[slot];
    if (before !== undefined && before !== 0) return before;
    this.#put(slot, digest, line);
    this.#size++;
    return undefined;
  }

  #slotOf(digest: bigint): number {
    const mask = this.#lines.length - 1;
    let slot = Number(digest & 0xffff_ffffn) & mask;
    while (this.#lines[slot] !== 0 && this.#hashes[slot] !== digest) slot = (slot + 1) & mask;
    return slot;
  }

  #put(slot: number, digest: bigint, line: number): void {
    this.#hashes[slot] = digest;
    this.#lines[slot] = line;
  }

  #grow(): void {
    const hashes = this.#hashes;
    const lines = this.#lines;
    this.#hashes = new BigUint64Array(2 * lines.length);
    this.#lines = new Uint32Array(2 * lines.length);
    lines.forEach((line, i) => {
      const digest = hashes[i];
      if (line !== 0 && digest !== undefined) this.#put(this.#slotOf(digest), digest, line);
    });
  }
}
