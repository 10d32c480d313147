/** The head: a slab that takes points, and one that is being sealed. */
import { dayOf } from './day.ts';
import { PiecePool } from './piece-pool.ts';
import type { Points } from './points.ts';
import { Slab } from './slab.ts';

/** A text of so many characters counts as a point when it is decided whether the head is full. */
const charsPerPoint = 16;

export class Head {
  readonly #slabPoints: number;
  readonly #pool: PiecePool;
  active: Slab;
  sealing: Slab | undefined;
  #spare: Slab | undefined;
  /** Process time of the first point of the active slab, ms. */
  #since = 0;

  /** @param points of both slabs together */
  constructor(points: number) {
    this.#slabPoints = Math.max(1, Math.floor(points / 2));
    this.#pool = new PiecePool(points);
    this.active = new Slab(this.#pool);
  }

  /** Whether the active slab has no room for so many more points. One that is empty takes any number. */
  isFullFor(points: number): boolean {
    const { length, textChars } = this.active;
    return length > 0 && length + textChars / charsPerPoint + points > this.#slabPoints;
  }

  /** The share of the active slab that is in use. */
  get fill(): number {
    return (this.active.length + this.active.textChars / charsPerPoint) / this.#slabPoints;
  }

  get points(): number {
    return this.active.length + (this.sealing?.length ?? 0);
  }

  /** How long the oldest point of the active slab has waited, ms. */
  ageMs(): number {
    return this.active.length === 0 ? 0 : performance.now() - this.#since;
  }

  /** Before points are added to the active slab. */
  reserve(points: number, maxSeries: number): void {
    if (this.active.length === 0) this.#since = performance.now();
    this.active.reserve(points, maxSeries);
  }

  /** The active slab will be sealed; another one takes points. Only when none is being sealed. */
  rotate(): Slab {
    const slab = this.active;
    this.sealing = slab;
    this.active = this.#spare ?? new Slab(this.#pool);
    this.#spare = undefined;
    this.active.uptoSegment = slab.uptoSegment;
    return slab;
  }

  /** What was sealed is in the files. */
  release(): void {
    const slab = this.sealing;
    this.sealing = undefined;
    slab?.clear();
    this.#spare = slab;
  }

  /** Adds the points of a series in [fromMs, toMs), a part of one day, in the order in which they came. */
  collect(series: number, day: number, fromMs: number, toMs: number, points: Points): void {
    if (this.sealing !== undefined && series <= this.sealing.maxSeries && !this.sealing.sealedDays.has(day)) {
      this.sealing.collect(series, fromMs, toMs, points);
    }
    if (series <= this.active.maxSeries) this.active.collect(series, fromMs, toMs, points);
  }

  /** Adds the days on which a series has points in [fromMs, toMs). */
  collectDays(series: number, fromMs: number, toMs: number, days: Set<number>): void {
    this.sealing?.collectDays(series, fromMs, toMs, dayOf, days);
    this.active.collectDays(series, fromMs, toMs, dayOf, days);
  }

  kill(series: number, fromMs: number, toMs: number): void {
    this.sealing?.kill(series, fromMs, toMs);
    this.active.kill(series, fromMs, toMs);
  }
}
