/**
 * The newest points in memory, in the order in which they came, and for each series a chain from its newest one
 * back. They are in pieces, which come from a pool that all slabs share: 24 bytes a point.
 */
import { beforeInt, floatsPerPoint, intsPerPoint, kindInt, type Piece, type PiecePool } from './piece-pool.ts';
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
  readonly #pool: PiecePool;
  /** The point of number i is in piece `i >>> shift`, at `i & mask`. */
  readonly #shift: number;
  readonly #mask: number;
  readonly #pieces: Piece[] = [];
  #texts: string[] = [];
  /** By series: its newest point. */
  #newest = new Int32Array(1024).fill(none);
  /** By series: whether its points came in the order of their time. */
  #isMixed = new Uint8Array(1024);

  constructor(pool: PiecePool) {
    this.#pool = pool;
    this.#shift = pool.shift;
    this.#mask = (1 << pool.shift) - 1;
  }

  /** Makes it empty and as it was made, to be used again. */
  clear(): void {
    this.#pool.giveBack(this.#pieces);
    this.#pieces.length = 0;
    this.#newest.fill(none);
    this.#isMixed.fill(0);
    this.#texts = [];
    this.sealedDays.clear();
    this.length = 0;
    this.textChars = 0;
    this.maxSeries = 0;
  }

  reserve(points: number, maxSeries: number): void {
    while (this.#pieces.length << this.#shift < this.length + points) this.#pieces.push(this.#pool.take());
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

  /**
   * Only after `reserve`.
   * @param text of a text or JSON value
   * @param isNewest no point of the series is later
   */
  add(series: number, ts: number, kind: number, number: number, text: string | undefined, isNewest: boolean): void {
    const i = this.length++;
    const { floats, ints } = this.#pieceOf(i);
    const at = i & this.#mask;
    let value = number;
    if (text !== undefined) {
      value = this.#texts.push(text) - 1;
      this.textChars += text.length;
    }
    floats[at * floatsPerPoint] = ts;
    floats[at * floatsPerPoint + 1] = value;
    ints[at * intsPerPoint + beforeInt] = this.#newest[series] ?? none;
    ints[at * intsPerPoint + kindInt] = kind;
    this.#newest[series] = i;
    if (!isNewest) this.#isMixed[series] = 1;
  }

  has(series: number): boolean {
    return (this.#newest[series] ?? none) !== none;
  }

  /** Adds the points of a series in [fromMs, toMs) to `points`, in the order in which they came. */
  collect(series: number, fromMs: number, toMs: number, points: Points): void {
    const start = points.length;
    this.#visit(series, fromMs, toMs, ({ floats, ints }, at) => {
      const kind = ints[at * intsPerPoint + kindInt] ?? 0;
      const number = floats[at * floatsPerPoint + 1] ?? 0;
      const text = isTextual(kind) ? (this.#texts[number] ?? '') : undefined;
      points.add(floats[at * floatsPerPoint] ?? 0, kind, number, text);
    });
    points.reverse(start);
  }

  /** Adds the days on which a series has points in [fromMs, toMs). */
  collectDays(series: number, fromMs: number, toMs: number, dayOf: (ts: number) => number, days: Set<number>): void {
    let last: number | undefined;
    this.#visit(series, fromMs, toMs, ({ floats }, at) => {
      const day = dayOf(floats[at * floatsPerPoint] ?? 0);
      if (day !== last && !this.sealedDays.has(day)) days.add(day);
      last = day;
    });
  }

  /** Takes the points of a series in [fromMs, toMs) out. */
  kill(series: number, fromMs: number, toMs: number): void {
    this.#visit(series, fromMs, toMs, ({ ints }, at) => {
      ints[at * intsPerPoint + kindInt] = dead;
    });
  }

  /** From the newest point back. */
  #visit(series: number, fromMs: number, toMs: number, visit: (piece: Piece, at: number) => void): void {
    const isMixed = this.#isMixed[series] === 1;
    for (let i = this.#newest[series] ?? none; i !== none; ) {
      const piece = this.#pieceOf(i);
      const at = i & this.#mask;
      const ts = piece.floats[at * floatsPerPoint] ?? 0;
      if (ts >= fromMs) {
        if (ts < toMs && piece.ints[at * intsPerPoint + kindInt] !== dead) visit(piece, at);
      } else if (!isMixed) {
        return;
      }
      i = piece.ints[at * intsPerPoint + beforeInt] ?? none;
    }
  }

  #pieceOf(i: number): Piece {
    const piece = this.#pieces[i >>> this.#shift];
    if (piece === undefined) throw new RangeError(`A slab has no room for point ${i}.`);
    return piece;
  }
}
