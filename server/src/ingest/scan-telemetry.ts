/**
 * Telemetry as nearly all devices write it, read from its bytes right into the columns of a batch: no text, no parsed
 * object, no object for each point. Whatever is not of the plain form is left to `parseTelemetry`, which knows all
 * forms and says what is wrong; both come to the same (scan-telemetry.test.ts compares them).
 */
import { randomBytes } from 'node:crypto';
import { valueKind } from '../telemetry/columns.ts';
import type { MessageBatch } from '../telemetry/message-batch.ts';
import { castText } from './cast-text.ts';
import { maxTimestampMs, type PayloadLimits } from './payload-limits.ts';

/** Bytes of JSON. */
const byte = {
  quote: 0x22,
  comma: 0x2c,
  minus: 0x2d,
  point: 0x2e,
  zero: 0x30,
  nine: 0x39,
  colon: 0x3a,
  openArray: 0x5b,
  backslash: 0x5c,
  closeArray: 0x5d,
  lowerE: 0x65,
  upperE: 0x45,
  f: 0x66,
  n: 0x6e,
  t: 0x74,
  openObject: 0x7b,
  closeObject: 0x7d,
  space: 0x20,
  delete: 0x7f,
} as const;
/** What `#next` gives at the end. */
const none = -1;
const nothing = Buffer.alloc(0);
const tsName = Buffer.from('"ts"');
const valuesName = Buffer.from('"values"');
const nullRest = Buffer.from('ull');
const trueRest = Buffer.from('rue');
const falseRest = Buffer.from('alse');

/** Longest key. Shorter ones of visible ASCII are taken; all others are looked at more closely elsewhere. */
const maxKeyBytes = 255;
/** So many digits fit a double exactly, whatever they are (10^15 < 2^53). */
const exactDigits = 15;
/** A run of digits from this length on may have lost some (json-payload.ts). */
const longRun = 16;
/** Exact as doubles, so one division rounds correctly (Clinger, "How to read floating point numbers accurately"). */
const powersOfTen = Float64Array.from({ length: exactDigits + 1 }, (_, i) => 10 ** i);

/** The hashes of keys begin with it, so that nobody can prepare keys that share a slot of the table. */
const hashSeed = randomBytes(4).readInt32LE();
/** Of FNV-1a. */
const hashFactor = 0x0100_0193;

/** One for all messages: it keeps nothing of them. */
export class TelemetryScanner {
  readonly #limits: PayloadLimits;
  #bytes: Buffer = nothing;
  #at = 0;
  #end = 0;
  /** By the number of a key: in which object it stood last. */
  #seenIn = new Uint32Array(1024);
  #objects = 0;

  constructor(limits: PayloadLimits) {
    this.#limits = limits;
  }

  /**
   * Puts the points of one message, `bytes[start, end)`, into the batch; the caller ends or drops it there.
   * @param nowMs the time of values without one
   * @returns false when the payload has to be read by `parseTelemetry`; what was put is to be dropped then
   */
  scan(bytes: Buffer, start: number, end: number, nowMs: number, batch: MessageBatch): boolean {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
    const isRead = this.#message(nowMs, batch);
    this.#bytes = nothing;
    return isRead;
  }

  #message(nowMs: number, batch: MessageBatch): boolean {
    const first = this.#next();
    if (first === byte.openObject) return this.#object(nowMs, batch) >= 0 && this.#next() === none;
    if (first !== byte.openArray) return false;
    let last = -1;
    for (;;) {
      if (this.#next() !== byte.openObject) return false;
      const ts = this.#object(nowMs, batch);
      // Of a key that stands twice at one time the last one counts: that is sorted out elsewhere.
      if (ts <= last) return false;
      last = ts;
      const next = this.#next();
      if (next === byte.closeArray) return this.#next() === none;
      if (next !== byte.comma) return false;
    }
  }

  /** Behind the `{`. @returns the time of its points, or -1 */
  #object(nowMs: number, batch: MessageBatch): number {
    this.#objects++;
    if (this.#objects > 0xffff_ffff) {
      this.#seenIn.fill(0);
      this.#objects = 1;
    }
    if (this.#isNext(tsName)) return this.#timestamped(nowMs, batch);
    return this.#members(nowMs, batch, true) ? nowMs : -1;
  }

  /** `"ts":<digits>,"values":{…}}`, in this order. @returns the time, or -1 */
  #timestamped(nowMs: number, batch: MessageBatch): number {
    this.#at += tsName.length;
    if (this.#next() !== byte.colon) return -1;
    const ts = this.#time();
    if (ts < 0 || ts > maxTimestampMs || ts - nowMs > this.#limits.maxFutureMs) return -1;
    if (this.#next() !== byte.comma) return -1;
    this.#skipBlanks();
    if (!this.#isNext(valuesName)) return -1;
    this.#at += valuesName.length;
    if (this.#next() !== byte.colon || this.#next() !== byte.openObject) return -1;
    return this.#members(ts, batch, false) && this.#next() === byte.closeObject ? ts : -1;
  }

  /** Behind the `{`, to behind the `}`. @param isOutside `ts` and `values` mean something there */
  #members(ts: number, batch: MessageBatch, isOutside: boolean): boolean {
    let next = this.#next();
    if (next === byte.closeObject) return true;
    for (;;) {
      if (next !== byte.quote) return false;
      const start = this.#at;
      const key = this.#key(batch);
      if (key < 0 || this.#isRepeated(key)) return false;
      if (isOutside && isReserved(this.#bytes, start, this.#at - 1)) return false;
      if (this.#next() !== byte.colon || !this.#value(key, ts, batch)) return false;
      next = this.#next();
      if (next === byte.closeObject) return true;
      if (next !== byte.comma) return false;
      next = this.#next();
    }
  }

  /** Whether the object had this key already. */
  #isRepeated(key: number): boolean {
    if (key >= this.#seenIn.length) {
      const seenIn = new Uint32Array(2 * key);
      seenIn.set(this.#seenIn);
      this.#seenIn = seenIn;
    }
    if (this.#seenIn[key] === this.#objects) return true;
    this.#seenIn[key] = this.#objects;
    return false;
  }

  /** Behind the opening quotation mark, to behind the closing one. @returns the number of the key, or -1 */
  #key(batch: MessageBatch): number {
    const bytes = this.#bytes;
    const end = this.#end;
    const start = this.#at;
    let hash = hashSeed;
    let at = start;
    for (; ; at++) {
      if (at >= end) return -1;
      const code = bytes[at] ?? 0;
      if (code === byte.quote) break;
      if (code < byte.space || code >= byte.delete || code === byte.backslash) return -1;
      hash = Math.imul(hash ^ code, hashFactor);
    }
    const length = at - start;
    // One that begins with a blank may be blank all over.
    if (length === 0 || length > maxKeyBytes || bytes[start] === byte.space) return -1;
    this.#at = at + 1;
    return batch.keys.ofBytes(bytes, start, at, (hash ^ (hash >>> 15)) >>> 0);
  }

  #value(key: number, ts: number, batch: MessageBatch): boolean {
    const first = this.#next();
    if (first === byte.n) return this.#take(nullRest);
    if (batch.staged >= this.#limits.maxPoints) return false;
    switch (first) {
      case byte.quote:
        return this.#text(key, ts, batch);
      case byte.t:
        batch.put(key, ts, valueKind.boolean, 1);
        return this.#take(trueRest);
      case byte.f:
        batch.put(key, ts, valueKind.boolean, 0);
        return this.#take(falseRest);
      default:
        return this.#number(first, key, ts, batch);
    }
  }

  /** Of up to 15 digits before and after the point, without an exponent. @param first its first byte, behind which it stands */
  #number(first: number, key: number, ts: number, batch: MessageBatch): boolean {
    const bytes = this.#bytes;
    const end = this.#end;
    const start = this.#at - 1;
    let at = first === byte.minus ? start + 1 : start;
    let mantissa = 0;
    const wholeStart = at;
    let code = 0;
    for (; at < end; at++) {
      code = bytes[at] ?? 0;
      if (code < byte.zero || code > byte.nine) break;
      mantissa = mantissa * 10 + (code - byte.zero);
    }
    const whole = at - wholeStart;
    if (whole === 0 || whole >= longRun || (whole > 1 && bytes[wholeStart] === byte.zero)) return false;
    let fraction = 0;
    if (code === byte.point && at < end) {
      const fractionStart = ++at;
      for (; at < end; at++) {
        code = bytes[at] ?? 0;
        if (code < byte.zero || code > byte.nine) break;
        mantissa = mantissa * 10 + (code - byte.zero);
      }
      fraction = at - fractionStart;
      if (fraction === 0 || fraction >= longRun) return false;
    }
    if (code === byte.lowerE || code === byte.upperE) return false;
    this.#at = at;
    let value: number;
    if (whole + fraction > exactDigits) value = Number(bytes.toString('latin1', start, at));
    else {
      value = fraction === 0 ? mantissa : mantissa / (powersOfTen[fraction] ?? 1);
      if (first === byte.minus) value = -value;
    }
    // There is one zero.
    batch.put(key, ts, valueKind.number, value === 0 ? 0 : value);
    return true;
  }

  /** Behind the opening quotation mark. */
  #text(key: number, ts: number, batch: MessageBatch): boolean {
    const bytes = this.#bytes;
    const end = this.#end;
    const start = this.#at;
    let at = start;
    for (; ; at++) {
      if (at >= end) return false;
      const code = bytes[at] ?? 0;
      if (code === byte.quote) break;
      if (code < byte.space || code > byte.delete || code === byte.backslash) return false;
    }
    this.#at = at + 1;
    batch.putValue(key, ts, castText(bytes.toString('latin1', start, at)));
    return true;
  }

  /** @returns -1 when it is not of 1 to 15 digits */
  #time(): number {
    this.#skipBlanks();
    const start = this.#at;
    let time = 0;
    let at = start;
    for (; at < this.#end; at++) {
      const code = this.#bytes[at] ?? 0;
      if (code < byte.zero || code > byte.nine) break;
      time = time * 10 + (code - byte.zero);
    }
    const digits = at - start;
    this.#at = at;
    return digits === 0 || digits > exactDigits || (digits > 1 && this.#bytes[start] === byte.zero) ? -1 : time;
  }

  #skipBlanks(): void {
    while (this.#at < this.#end && isBlank(this.#bytes[this.#at] ?? 0)) this.#at++;
  }

  /** The next byte that is not blank, or `none`; the scanner stands behind it. */
  #next(): number {
    for (;;) {
      if (this.#at >= this.#end) return none;
      const code = this.#bytes[this.#at++] ?? 0;
      if (code > byte.space || !isBlank(code)) return code;
    }
  }

  /** Whether these bytes follow; the scanner stays where it is. */
  #isNext(expected: Uint8Array): boolean {
    const at = this.#at;
    if (at + expected.length > this.#end) return false;
    for (let i = 0; i < expected.length; i++) if (this.#bytes[at + i] !== expected[i]) return false;
    return true;
  }

  #take(expected: Uint8Array): boolean {
    const isThere = this.#isNext(expected);
    this.#at += expected.length;
    return isThere;
  }
}

/** Blanks of JSON (RFC 8259 §2). */
const isBlank = (code: number): boolean => code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;

/** Whether a key is `ts` or `values`. */
function isReserved(bytes: Buffer, start: number, end: number): boolean {
  const length = end - start;
  if (length === 2) return bytes[start] === 0x74 && bytes[start + 1] === 0x73;
  return length === 6 && bytes[start] === 0x76 && bytes.toString('latin1', start, end) === 'values';
}
