/** What was deleted and is still in the files: hidden from every reader, and left out when files are merged. */

/** Points of a series in [fromMs, toMs) that came in segments up to `afterSegment` are deleted. */
export interface Tombstone {
  readonly id: number;
  readonly series: number;
  readonly fromMs: number;
  readonly toMs: number;
  readonly afterSegment: number;
}

export class Tombstones {
  readonly #bySeries = new Map<number, Tombstone[]>();
  size = 0;

  /** @returns older ones that the new one makes superfluous */
  add(tombstone: Tombstone): Tombstone[] {
    const of = this.#bySeries.get(tombstone.series) ?? [];
    // A later one reaches all that an earlier one reaches.
    const covered = of.filter(({ fromMs, toMs }) => fromMs >= tombstone.fromMs && toMs <= tombstone.toMs);
    this.#bySeries.set(tombstone.series, [...of.filter((one) => !covered.includes(one)), tombstone]);
    this.size += 1 - covered.length;
    return covered;
  }

  remove(tombstone: Tombstone): void {
    const of = this.#bySeries.get(tombstone.series) ?? [];
    const left = of.filter((one) => one !== tombstone);
    this.size -= of.length - left.length;
    if (left.length > 0) this.#bySeries.set(tombstone.series, left);
    else this.#bySeries.delete(tombstone.series);
  }

  /** Those that reach into [fromMs, toMs] of what came in segments up to `uptoSegment`. */
  of(series: number, uptoSegment: number, fromMs: number, toMs: number): readonly Tombstone[] {
    const of = this.#bySeries.get(series);
    if (of === undefined) return nothing;
    return of.filter((one) => one.afterSegment >= uptoSegment && one.fromMs <= toMs && one.toMs > fromMs);
  }

  *all(): Generator<Tombstone> {
    for (const of of this.#bySeries.values()) yield* of;
  }
}

const nothing: readonly Tombstone[] = [];
