/**
 * Memory for points, in pieces that slabs take and give back. While one slab is sealed the other has taken few points
 * yet, so together they hold far less than two full ones would, unless points come as fast as the disk takes them.
 */

/**
 * Some thousand points, each in one place: a series is scattered over all of a slab, and a column of its own for each
 * field took a miss of the processor's cache for each (it was the most costly step of sealing). Two views of one memory.
 */
export interface Piece {
  /** Point `at`: its time at `at * floatsPerPoint`, then the number, flag, or index of its text. */
  readonly floats: Float64Array<ArrayBuffer>;
  /** Point `at`: at `at * intsPerPoint + beforeInt` the point of the same series before, then its kind. */
  readonly ints: Int32Array<ArrayBuffer>;
}
export const floatsPerPoint = 3;
export const intsPerPoint = 6;
export const beforeInt = 4;
export const kindInt = 5;

/** 32,768 points: 0.8 MB. */
const largestShift = 15;

export class PiecePool {
  /** A piece has 2 to the power of this points. */
  readonly shift: number;
  readonly #spareLimit: number;
  readonly #spare: Piece[] = [];

  /** @param points that slabs hold together, mostly: a huge batch may need more for a while */
  constructor(points: number) {
    this.shift = Math.min(largestShift, Math.max(4, Math.ceil(Math.log2(points / 8))));
    this.#spareLimit = Math.ceil(points / 2 ** this.shift);
  }

  /** What stands in it is of no meaning. */
  take(): Piece {
    return this.#spare.pop() ?? makePiece(2 ** this.shift);
  }

  giveBack(pieces: readonly Piece[]): void {
    this.#spare.push(...pieces.slice(0, this.#spareLimit - this.#spare.length));
  }
}

function makePiece(points: number): Piece {
  const floats = new Float64Array(points * floatsPerPoint);
  return { floats, ints: new Int32Array(floats.buffer) };
}
