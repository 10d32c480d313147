/** Points of one series in columns that grow: what is decoded, merged and encoded again. */
import type { ValueColumns } from '../columns.ts';
import { valueKind } from '../columns.ts';

export class Points {
  length = 0;
  ts: Float64Array<ArrayBuffer>;
  /** The number, 0 or 1 for a flag, or for text and JSON the index into `texts`. */
  number: Float64Array<ArrayBuffer>;
  kind: Uint8Array<ArrayBuffer>;
  texts: string[] = [];

  constructor(capacity = 256) {
    this.ts = new Float64Array(capacity);
    this.number = new Float64Array(capacity);
    this.kind = new Uint8Array(capacity);
  }

  clear(): void {
    this.length = 0;
    this.texts = [];
  }

  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.ts.length) return;
    const capacity = Math.max(needed, this.ts.length * 2);
    const { ts, number, kind } = this;
    this.ts = new Float64Array(capacity);
    this.ts.set(ts);
    this.number = new Float64Array(capacity);
    this.number.set(number);
    this.kind = new Uint8Array(capacity);
    this.kind.set(kind);
  }

  /** @param text of a text or JSON value; `number` is not looked at then */
  add(ts: number, kind: number, number: number, text?: string): void {
    this.reserve(1);
    const i = this.length++;
    this.ts[i] = ts;
    this.kind[i] = kind;
    this.number[i] = text === undefined ? number : this.texts.push(text) - 1;
  }

  /** Adds points `from` to `to` (not included) of other points. */
  append(other: Points, from = 0, to: number = other.length): void {
    this.reserve(to - from);
    for (let i = from; i < to; i++) this.addFrom(other, i);
  }

  addFrom(other: Points, i: number): void {
    const kind = other.kind[i] ?? 0;
    const number = other.number[i] ?? 0;
    this.add(other.ts[i] ?? 0, kind, number, isTextual(kind) ? (other.texts[number] ?? '') : undefined);
  }

  /** In arrays of their own, to be handed to another thread. */
  toColumns(from = 0, to: number = this.length): ValueColumns {
    return {
      ts: this.ts.slice(from, to),
      kind: this.kind.slice(from, to),
      number: this.number.slice(from, to),
      texts: this.texts,
    };
  }

  /** The points from `start` on, in the other order. */
  reverse(start = 0): void {
    const { ts, number, kind } = this;
    // Mostly a few points: views and calls would take longer than the work.
    for (let low = start, high = this.length - 1; low < high; low++, high--) {
      const [atTs, atNumber, atKind] = [ts[low] ?? 0, number[low] ?? 0, kind[low] ?? 0];
      ts[low] = ts[high] ?? 0;
      number[low] = number[high] ?? 0;
      kind[low] = kind[high] ?? 0;
      ts[high] = atTs;
      number[high] = atNumber;
      kind[high] = atKind;
    }
  }

  /** Brings the points into the order of their time; of those of one time the last one added stays. */
  settle(): void {
    if (this.#isAscending()) return;
    const order = sortedRuns(this.ts, this.length);
    const { ts, number, kind, length } = this;
    const [oldTs, oldNumber, oldKind] = [ts.slice(0, length), number.slice(0, length), kind.slice(0, length)];
    let count = 0;
    for (let n = 0; n < length; n++) {
      const i = order[n] ?? 0;
      const time = oldTs[i] ?? 0;
      if (count > 0 && ts[count - 1] === time) count--;
      ts[count] = time;
      number[count] = oldNumber[i] ?? 0;
      kind[count] = oldKind[i] ?? 0;
      count++;
    }
    this.length = count;
  }

  #isAscending(): boolean {
    const { ts, length } = this;
    for (let i = 1; i < length; i++) {
      if ((ts[i - 1] ?? 0) >= (ts[i] ?? 0)) return false;
    }
    return true;
  }
}

export function isTextual(kind: number): boolean {
  return kind === valueKind.text || kind === valueKind.json;
}

/**
 * The order of times, stable. Data comes in a few ascending runs, which are merged in pairs: far quicker than sorting.
 */
function sortedRuns(ts: Float64Array, length: number): Uint32Array {
  let order = Uint32Array.from({ length }, (_, i) => i);
  let starts = [0];
  for (let i = 1; i < length; i++) {
    if ((ts[i - 1] ?? 0) > (ts[i] ?? 0)) starts.push(i);
  }
  let spare = new Uint32Array(length);
  while (starts.length > 1) {
    const merged: number[] = [];
    for (let run = 0; run < starts.length; run += 2) {
      const start = starts[run] ?? 0;
      const middle = starts[run + 1] ?? length;
      const end = starts[run + 2] ?? length;
      merged.push(start);
      let [left, right] = [start, middle];
      for (let to = start; to < end; to++) {
        const isLeft = left < middle && (right >= end || (ts[order[left] ?? 0] ?? 0) <= (ts[order[right] ?? 0] ?? 0));
        spare[to] = order[isLeft ? left++ : right++] ?? 0;
      }
    }
    [order, spare] = [spare, order];
    starts = merged;
  }
  return order;
}
