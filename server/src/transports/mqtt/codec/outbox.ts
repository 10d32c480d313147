/** Room that an output begins with: four acknowledgements of MQTT. */
const firstBytes = 16;
/** Outputs lie side by side in one piece of memory, which is kept until the last of them has left. */
const pieceBytes = 8 * 1024;
/** A larger output has memory of its own. */
const sharedBytes = pieceBytes / 4;

let piece = Buffer.allocUnsafeSlow(pieceBytes);
let pieceUsed = 0;

/**
 * Bytes on their way to one client. They gather during one turn of the event loop and leave in one write: fifty
 * acknowledgements cost one system call. Holds no memory while it is empty.
 */
export class Outbox {
  /** Its bytes are `#buffer[#start, #start + #length)`, with room up to `#end`. */
  #buffer: Buffer | undefined;
  #start = 0;
  #end = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /**
   * Hands over what was gathered and is empty again.
   * @param isHeldUp others are before it, which their client does not read: it gets memory of its own then, for a few
   *   bytes that stay would keep the outputs of all others beside them in memory, up to two thousand times as much
   */
  take(isHeldUp = false): Buffer {
    const view = this.#room(0).subarray(this.#start, this.#start + this.#length);
    const bytes = isHeldUp ? copyOf(view) : view;
    // What it did not need is the next one's.
    if (this.#buffer === piece && this.#end === pieceUsed) pieceUsed = this.#start + (isHeldUp ? 0 : this.#length);
    this.#buffer = undefined;
    this.#length = 0;
    this.#start = 0;
    this.#end = 0;
    return bytes;
  }

  byte(value: number): void {
    this.#room(1)[this.#start + this.#length++] = value;
  }

  uint16(value: number): void {
    const buffer = this.#room(2);
    const at = this.#start + this.#length;
    buffer[at] = value >> 8;
    buffer[at + 1] = value;
    this.#length += 2;
  }

  uint32(value: number): void {
    this.#room(4).writeUInt32BE(value, this.#start + this.#length);
    this.#length += 4;
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
    this.#room(bytes).write(text, this.#start + this.#length, 'utf8');
    this.#length += bytes;
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length).set(bytes, this.#start + this.#length);
    this.#length += bytes.length;
  }

  /** The buffer, with room for so many bytes behind those that are there. */
  #room(bytes: number): Buffer {
    const need = this.#length + bytes;
    const buffer = this.#buffer;
    if (buffer !== undefined && this.#start + need <= this.#end) return buffer;
    return this.#grow(Math.max(firstBytes, need, 2 * this.#length));
  }

  #grow(capacity: number): Buffer {
    const [old, start] = [this.#buffer, this.#start];
    // The last one in the piece grows where it is.
    const isLast = old === piece && this.#end === pieceUsed;
    const at = isLast ? start : pieceUsed;
    if (capacity > sharedBytes) {
      this.#buffer = Buffer.allocUnsafeSlow(capacity);
      this.#start = 0;
    } else if (at + capacity <= pieceBytes) {
      this.#buffer = piece;
      this.#start = at;
      pieceUsed = at + capacity;
    } else {
      piece = Buffer.allocUnsafeSlow(pieceBytes);
      this.#buffer = piece;
      this.#start = 0;
      pieceUsed = capacity;
    }
    this.#end = this.#start + capacity;
    if (old !== undefined && !(isLast && this.#buffer === old))
      old.copy(this.#buffer, this.#start, start, start + this.#length);
    return this.#buffer;
  }
}

/** Not in memory that is shared with others. */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  bytes.copy(copy);
  return copy;
}
