/** Bytes that grow while they are written, and numbers of variable length in them (LEB128, little end first). */

/** The bytes are not what they should be: damaged, or no work of this program. */
export class DamagedError extends Error {
  override readonly name = 'DamagedError';
}

export class ByteWriter {
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;
  #view: DataView<ArrayBuffer>;

  constructor(capacity = 1024) {
    this.bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.bytes.buffer);
  }

  clear(): void {
    this.length = 0;
  }

  /** What was written. Valid until the next write. */
  written(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length);
  }

  /** What was written, in bytes of its own. */
  copy(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.written());
    this.bytes = grown;
    this.#view = new DataView(grown.buffer);
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  u32(value: number): void {
    this.reserve(4);
    this.#view.setUint32(this.length, value, true);
    this.length += 4;
  }

  f32(value: number): void {
    this.reserve(4);
    this.#view.setFloat32(this.length, value, true);
    this.length += 4;
  }

  f64(value: number): void {
    this.reserve(8);
    this.#view.setFloat64(this.length, value, true);
    this.length += 8;
  }

  /** A whole number from 0 to 2^53. */
  varint(value: number): void {
    this.reserve(8);
    let rest = value;
    while (rest >= 0x1000_0000) {
      this.bytes[this.length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.length++] = rest;
  }

  /** A whole number of either sign, up to 2^52: small ones of both signs take one byte. */
  signed(value: number): void {
    this.varint(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  /** A text as UTF-8, its length in bytes before it. */
  text(value: string): void {
    // What devices send is short and ASCII mostly: its length is known then, and a loop is quicker than a call.
    if (value.length < 0x80) {
      this.reserve(value.length + 1);
      const start = this.length;
      const { bytes } = this;
      let at = start;
      bytes[at++] = value.length;
      for (let i = 0; i < value.length; i++) {
        const code = value.charCodeAt(i);
        if (code >= 0x80) {
          at = start;
          break;
        }
        bytes[at++] = code;
      }
      if (at > start) {
        this.length = at;
        return;
      }
    }
    const encoded = Buffer.from(value, 'utf8');
    this.varint(encoded.length);
    this.put(encoded);
  }

  put(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.bytes.set(bytes, this.length);
    this.length += bytes.length;
  }
}

/** Reads what a ByteWriter wrote. @throws DamagedError beyond the end */
export class ByteReader {
  readonly bytes: Uint8Array;
  at: number;
  readonly #end: number;
  #view: DataView | undefined;

  constructor(bytes: Uint8Array, from = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.at = from;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.at;
  }

  byte(): number {
    if (this.at >= this.#end) throw new DamagedError('The data ends too early.');
    return this.bytes[this.at++] ?? 0;
  }

  u32(): number {
    return this.#numbers(4).getUint32(this.at - 4, true);
  }

  f32(): number {
    return this.#numbers(4).getFloat32(this.at - 4, true);
  }

  f64(): number {
    return this.#numbers(8).getFloat64(this.at - 8, true);
  }

  varint(): number {
    let byte = this.byte();
    if (byte < 0x80) return byte;
    let value = byte & 0x7f;
    let scale = 128;
    do {
      byte = this.byte();
      value += (byte & 0x7f) * scale;
      scale *= 128;
    } while (byte >= 0x80 && scale < 2 ** 56);
    return value;
  }

  signed(): number {
    const value = this.varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  take(count: number): Uint8Array {
    if (count > this.left) throw new DamagedError('The data ends too early.');
    this.at += count;
    return this.bytes.subarray(this.at - count, this.at);
  }

  #numbers(count: number): DataView {
    if (count > this.left) throw new DamagedError('The data ends too early.');
    this.#view ??= new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
    this.at += count;
    return this.#view;
  }
}
