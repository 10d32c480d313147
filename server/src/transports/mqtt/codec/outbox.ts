const firstBytes = 256;

/**
 * Bytes on their way to one client. They gather during one turn of the event loop and leave in one write: fifty
 * acknowledgements cost one system call. Holds no memory while it is empty.
 */
export class Outbox {
  #buffer: Buffer | undefined;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** Hands over what was gathered and is empty again. */
  take(): Buffer {
    const bytes = this.#room(0).subarray(0, this.#length);
    this.#buffer = undefined;
    this.#length = 0;
    return bytes;
  }

  byte(value: number): void {
    this.#room(1)[this.#length++] = value;
  }

  uint16(value: number): void {
    const buffer = this.#room(2);
    buffer[this.#length++] = value >> 8;
    buffer[this.#length++] = value;
  }

  uint32(value: number): void {
    this.#length = this.#room(4).writeUInt32BE(value, this.#length);
  }

  varint(value: number): void {
    let rest = value;
    do {
      const low = rest & 0x7f;
      rest >>= 7;
      this.byte(rest > 0 ? low | 0x80 : low);
    } while (rest > 0);
  }

  /** A string with its length in two bytes before it. @param text at most 65,535 bytes in UTF-8 */
  text(text: string): void {
    const bytes = Buffer.byteLength(text);
    this.uint16(bytes);
    this.#room(bytes).write(text, this.#length, 'utf8');
    this.#length += bytes;
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length).set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** The buffer, with room for so many bytes at `#length`. */
  #room(bytes: number): Buffer {
    const need = this.#length + bytes;
    const buffer = this.#buffer;
    if (buffer !== undefined && need <= buffer.length) return buffer;
    const larger = Buffer.allocUnsafe(Math.max(firstBytes, need, buffer === undefined ? 0 : 2 * buffer.length));
    buffer?.copy(larger, 0, 0, this.#length);
    this.#buffer = larger;
    return larger;
  }
}
