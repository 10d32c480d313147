/**
 * The newest points in memory, in the order in which they came: columns, and for each series a chain from its newest
 * point back. 25 bytes a point.
 */
import { isTextual, type Points } from './points.ts';

/** Marks a point that was deleted. */
const dead = 0xff;
const none = -1;

export class Slab {
  length = 0;
  /** Characters of texts: they count like points when it is decided whether the slab is full. */
  textChars = 0;
  /** The newest segment whose points are here. */
  uptoSegment = 0;
  /** Days whose points are in their files already; what is here of them is not read any more. */
  readonly sealedDays: Set<number> = new Set();
  /** Greatest number of a series that has points here. */
  maxSeries = 0;
  #ts: Float64Array<ArrayBuffer>;
  #number: Float64Array<ArrayBuffer>;
  #kind: Uint8Array<ArrayBuffer>;
  #before: Int32Array<ArrayBuffer>;
  #texts: string[] = [];
  /** By series: its newest point. */
  #newest = new Int32Array(1024).fill(none);
  /** By series: whether its points came in the order of their time. */
  #isMixed = new Uint8Array(1024);

  constructor(capacity: number) {
    this.#ts = new Float64Array(capacity);
    this.#number = new Float64Array(capacity);
    this.#kind = new Uint8Array(capacity);
    this.#before = new Int32Array(capacity);
  }

  get capacity(): number {
    return this.#ts.length;
  }

  /** Makes it empty and as it was made, to be used again. */
  clear(capacity: number): void {
    // One huge batch may have made it grow: that memory is given back.
    if (this.capacity > capacity) this.#resize(capacity, 0);
    this.#newest.fill(none);
    this.#isMixed.fill(0);
    this.#texts = [];
    this.sealedDays.clear();
    this.length = 0;
    this.textChars = 0;
    this.maxSeries = 0;
  }

  reserve(points: number, maxSeries: number): void {
    if (this.length + points > this.capacity) this.#resize(this.length + points, this.length);
    if (maxSeries >= this.#newest.length) {
      const newest = new Int32Array(Math.max(maxSeries + 1, this.#newest.length * 2)).fill(none);
      newest.set(this.#newest);
      this.#newest = newest;
      const isMixed = new Uint8Array(newest.length);
      isMixed.set(this.#isMixed);
      this.#isMixed = isMixed;
    }
    if (maxSeries > this.maxSeries) this.maxSeries = maxSeries;
  }

  /** Only after `reserve`. @param text of a text or JSON value */
  add(series: number, ts: number, kind: number, number: number, text: string | undefined): void {
    const i = this.length++;
    const before = this.#newest[series] ?? none;
    if (before !== none && (this.#ts[before] ?? 0) >= ts) this.#isMixed[series] = 1;
    this.#ts[i] = ts;
    this.#kind[i] = kind;
    if (text === undefined) this.#number[i] = number;
    else {
      this.#number[i] = this.#texts.push(text) - 1;
      this.textChars += text.length;
    }
    this.#before[i] = before;
    this.#newest[series] = i;
  }

  has(series: number): boolean {
    return (this.#newest[series] ?? none) !== none;
  }

  /** Adds the points of a series in [fromMs, toMs) to `points`, in the order in which they came. */
  collect(series: number, fromMs: number, toMs: number, points: Points): void {
    const start = points.length;
    this.#visit(series, fromMs, toMs, (i) => {
      const kind = this.#kind[i] ?? 0;
      const number = this.#number[i] ?? 0;
      points.add(this.#ts[i] ?? 0, kind, number, isTextual(kind) ? (this.#texts[number] ?? '') : undefined);
    });
    points.ts.subarray(start, points.length).reverse();
    points.number.subarray(start, points.length).reverse();
    points.kind.subarray(start, points.length).reverse();
  }

  /** Adds the days on which a series has points in [fromMs, toMs). */
  collectDays(series: number, fromMs: number, toMs: number, dayOf: (ts: number) => number, days: Set<number>): void {
    let last: number | undefined;
    this.#visit(series, fromMs, toMs, (i) => {
      const day = dayOf(this.#ts[i] ?? 0);
      if (day !== last && !this.sealedDays.has(day)) days.add(day);
      last = day;
    });
  }

  /** Takes the points of a series in [fromMs, toMs) out. */
  kill(series: number, fromMs: number, toMs: number): void {
    this.#visit(series, fromMs, toMs, (i) => {
      this.#kind[i] = dead;
    });
  }

  /** From the newest point back. */
  #visit(series: number, fromMs: number, toMs: number, visit: (i: number) => void): void {
    const isMixed = this.#isMixed[series] === 1;
    for (let i = this.#newest[series] ?? none; i !== none; i = this.#before[i] ?? none) {
      const ts = this.#ts[i] ?? 0;
      if (ts < fromMs) {
        if (isMixed) continue;
        return;
      }
      if (ts < toMs && this.#kind[i] !== dead) visit(i);
    }
  }

  #resize(capacity: number, keep: number): void {
    const [ts, number, kind, before] = [this.#ts, this.#number, this.#kind, this.#before];
    this.#ts = new Float64Array(capacity);
    this.#ts.set(ts.subarray(0, keep));
    this.#number = new Float64Array(capacity);
    this.#number.set(number.subarray(0, keep));
    this.#kind = new Uint8Array(capacity);
    this.#kind.set(kind.subarray(0, keep));
    this.#before = new Int32Array(capacity);
    this.#before.set(before.subarray(0, keep));
  }
}
