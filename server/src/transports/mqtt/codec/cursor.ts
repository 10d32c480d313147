import { isUtf8 } from 'node:buffer';

/** Malformed: it breaks the encoding. Protocol error: it is well formed and not allowed here (MQTT 5 §1.2). */
export type FaultCode =
  | 'malformed_packet'
  | 'protocol_error'
  | 'packet_too_large'
  | 'topic_alias_invalid'
  | 'qos_not_supported'
  | 'subscription_identifiers_not_supported';

export interface Fault {
  readonly code: FaultCode;
  readonly detail: string;
}

const nothing = Buffer.alloc(0);

/** Texts up to this length are looked at without a call into native code, and the last repeated one is remembered. */
const repeatedBytes = 64;

/**
 * Reads the fields of one packet. The first fault sticks and moves the cursor to the end, so a decoder reads on with
 * zeros and looks at `fault` once: no exceptions on the way of bad input, because their stack costs more than the packet.
 */
export class Cursor {
  fault: Fault | undefined;
  position = 0;
  #buffer: Buffer = nothing;
  #start = 0;
  #end = 0;
  /** The last repeated text: a new string costs more than a look at the bytes. */
  readonly #lastBytes = new Uint8Array(repeatedBytes);
  #lastLength = -1;
  #lastText = '';

  /** Points at `buffer[start, end)`. */
  reset(buffer: Buffer, start: number, end: number): void {
    this.fault = undefined;
    this.#buffer = buffer;
    this.#start = start;
    this.position = start;
    this.#end = end;
  }

  /** What it reads from; the packet ends at `end`. */
  get bytes(): Buffer {
    return this.#buffer;
  }

  get end(): number {
    return this.#end;
  }

  get remaining(): number {
    return this.#end - this.position;
  }

  /** The whole packet behind its fixed header, wherever the cursor stands; a view. */
  body(): Buffer {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  fail(code: FaultCode, detail: string): void {
    this.fault ??= { code, detail };
    this.position = this.#end;
  }

  malformed(detail: string): void {
    this.fail('malformed_packet', detail);
  }

  byte(): number {
    if (this.position >= this.#end) return this.#short();
    return this.#buffer[this.position++] ?? 0;
  }

  uint16(): number {
    const at = this.position;
    if (at + 2 > this.#end) return this.#short();
    this.position = at + 2;
    return ((this.#buffer[at] ?? 0) << 8) | (this.#buffer[at + 1] ?? 0);
  }

  uint32(): number {
    if (this.position + 4 > this.#end) return this.#short();
    const value = this.#buffer.readUInt32BE(this.position);
    this.position += 4;
    return value;
  }

  /** Variable byte integer of at most four bytes, in its shortest form [MQTT-1.5.5-1]. */
  varint(): number {
    let value = 0;
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.byte();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (byte === 0 && shift > 0) this.malformed('a variable byte integer is longer than it must be');
        return this.fault === undefined ? value : 0;
      }
    }
    this.malformed('a variable byte integer has more than four bytes');
    return 0;
  }

  /** A UTF-8 string: well formed [MQTT-1.5.4-1] and without U+0000 [MQTT-1.5.4-2]. */
  text(): string {
    return this.#text(false);
  }

  /**
   * A string that devices say again and again, such as a topic. Not for secrets: it is compared with the last one, in a
   * time that depends on both.
   */
  repeatedText(): string {
    return this.#text(true);
  }

  #text(isRepeated: boolean): string {
    const length = this.uint16();
    const start = this.position;
    const end = start + length;
    if (end > this.#end) {
      this.#short();
      return '';
    }
    this.position = end;
    const buffer = this.#buffer;
    // Topics and names are short ASCII nearly always: checked here, they need no call into native code.
    if (length <= repeatedBytes) {
      if (isRepeated && length === this.#lastLength && this.#isLast(start, end)) return this.#lastText;
      let at = start;
      while (at < end) {
        const byte = buffer[at] ?? 0;
        if (byte === 0 || byte > 0x7f) break;
        at++;
      }
      if (at === end) {
        const text = buffer.toString('latin1', start, end);
        return isRepeated ? this.#remember(text, start) : text;
      }
    }
    const bytes = buffer.subarray(start, end);
    if (!isUtf8(bytes)) {
      this.malformed('a string is not UTF-8');
      return '';
    }
    if (bytes.includes(0)) {
      this.malformed('a string holds the character U+0000');
      return '';
    }
    return bytes.toString('utf8');
  }

  #isLast(start: number, end: number): boolean {
    const buffer = this.#buffer;
    const last = this.#lastBytes;
    // Topics differ at their ends.
    for (let at = end - 1; at >= start; at--) if (buffer[at] !== last[at - start]) return false;
    return true;
  }

  #remember(text: string, start: number): string {
    for (let i = 0; i < text.length; i++) this.#lastBytes[i] = this.#buffer[start + i] ?? 0;
    this.#lastLength = text.length;
    this.#lastText = text;
    return text;
  }

  /** Binary data with its length before it; a view, not a copy. */
  binary(): Buffer {
    const length = this.uint16();
    if (this.position + length > this.#end) {
      this.#short();
      return nothing;
    }
    this.position += length;
    return this.#buffer.subarray(this.position - length, this.position);
  }

  /** All that is left; a view, not a copy. */
  rest(): Buffer {
    const start = this.position;
    this.position = this.#end;
    return this.#buffer.subarray(start, this.#end);
  }

  #short(): 0 {
    this.malformed('the packet ends within a field');
    return 0;
  }
}
