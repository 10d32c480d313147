import type { Fault } from './cursor.ts';

/** Flags that the fixed header of each packet type must have; undefined: PUBLISH, whose flags mean something. */
const requiredFlags: readonly (number | undefined)[] = [undefined, 0, 0, undefined, 0, 0, 2, 0, 2, 0, 2, 0, 0, 0, 0, 0];

const nothing = Buffer.alloc(0);

/**
 * Finds the packets in a stream of chunks. `push` a chunk, then call `next` until it is false; stop calling and the
 * rest of the chunk stays where it is. A packet within one chunk is read in place; only one that spans chunks is
 * copied together, into a buffer that grows with what has arrived and never with what was merely announced.
 */
export class PacketReader {
  /** First byte of the packet that `next` found: type and flags. */
  header = 0;
  /** Where its bytes after the fixed header are: `buffer[start, end)`. */
  buffer: Buffer = nothing;
  start = 0;
  end = 0;
  /** Why no further packet can be found. */
  fault: Fault | undefined;
  /** Longest remaining length; checked as soon as the fixed header is there. */
  maxPacketBytes: number;

  #chunk: Buffer | undefined;
  #position = 0;
  /** The packet that spans chunks: its bytes so far, and how many it will have in all. */
  #partial: Buffer | undefined;
  #partialBytes = 0;
  #partialTotal = 0;

  constructor(maxPacketBytes: number) {
    this.maxPacketBytes = maxPacketBytes;
  }

  /** Bytes that are kept here because their packet is not complete or nobody asked for it yet. */
  get bufferedBytes(): number {
    return this.#partialBytes + (this.#chunk === undefined ? 0 : this.#chunk.length - this.#position);
  }

  push(chunk: Buffer): void {
    if (this.#chunk === undefined) {
      this.#chunk = chunk;
      this.#position = 0;
    } else {
      // The last chunk was not read to its end (its reader waits), or ended within a fixed header.
      this.#chunk = Buffer.concat([this.#chunk.subarray(this.#position), chunk]);
      this.#position = 0;
    }
  }

  /** @returns whether there is a packet; if not, push more, or see `fault` */
  next(): boolean {
    const chunk = this.#chunk;
    if (chunk === undefined || this.fault !== undefined) return false;
    if (this.#partial !== undefined) return this.#fill(this.#partial, chunk);

    const from = this.#position;
    const first = chunk[from];
    if (first === undefined) {
      this.#chunk = undefined;
      // An idle connection must not hold on to what it received last.
      this.buffer = nothing;
      return false;
    }
    const flags = requiredFlags[first >> 4];
    if (first >> 4 === 0 || (flags !== undefined && flags !== (first & 0x0f))) {
      return this.#fail('malformed_packet', 'the first byte of a packet is not one of MQTT');
    }
    let length = 0;
    let at = from + 1;
    for (let shift = 0; ; shift += 7) {
      const byte = chunk[at];
      if (byte === undefined) return this.#keepTail(chunk, from);
      at++;
      length |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (byte === 0 && shift > 0)
          return this.#fail('malformed_packet', 'the remaining length is not in shortest form');
        break;
      }
      if (shift === 21) return this.#fail('malformed_packet', 'the remaining length has more than four bytes');
    }
    if (length > this.maxPacketBytes) {
      return this.#fail('packet_too_large', `the packet has ${length} bytes, the limit is ${this.maxPacketBytes}`);
    }
    const end = at + length;
    if (end <= chunk.length) {
      this.#found(first, chunk, at, end);
      this.#position = end;
      return true;
    }
    this.#partialTotal = end - from;
    this.#partialBytes = chunk.length - from;
    this.#partial = Buffer.allocUnsafeSlow(Math.min(this.#partialTotal, Math.max(256, 2 * this.#partialBytes)));
    chunk.copy(this.#partial, 0, from);
    this.#chunk = undefined;
    return false;
  }

  /** Completes the packet that spans chunks. */
  #fill(partial: Buffer, chunk: Buffer): boolean {
    const have = this.#partialBytes;
    const take = Math.min(this.#partialTotal - have, chunk.length - this.#position);
    if (have + take > partial.length) {
      const larger = Buffer.allocUnsafeSlow(Math.min(this.#partialTotal, Math.max(have + take, 2 * partial.length)));
      partial.copy(larger, 0, 0, have);
      partial = larger;
      this.#partial = larger;
    }
    chunk.copy(partial, have, this.#position, this.#position + take);
    this.#position += take;
    this.#partialBytes += take;
    if (this.#position === chunk.length) this.#chunk = undefined;
    if (this.#partialBytes < this.#partialTotal) return false;
    this.#partial = undefined;
    this.#partialBytes = 0;
    let start = 2;
    while ((partial[start - 1] ?? 0) >= 0x80) start++;
    this.#found(partial[0] ?? 0, partial, start, this.#partialTotal);
    return true;
  }

  /** The chunk ends within a fixed header: up to four bytes, copied so that they do not hold the whole chunk. */
  #keepTail(chunk: Buffer, from: number): false {
    this.#chunk = Buffer.from(chunk.subarray(from));
    this.#position = 0;
    return false;
  }

  #found(header: number, buffer: Buffer, start: number, end: number): void {
    this.header = header;
    this.buffer = buffer;
    this.start = start;
    this.end = end;
  }

  #fail(code: Fault['code'], detail: string): false {
    this.fault = { code, detail };
    this.#chunk = undefined;
    this.#partial = undefined;
    return false;
  }
}
