/** Brings the points of a slab into the files of their days. */
import { BlockBuilder } from './block-builder.ts';
import { dayOf } from './day.ts';
import type { DayFiles } from './day-files.ts';
import { type HotLog, isFull } from './hot-log.ts';
import { Points } from './points.ts';
import type { SeriesState } from './series-state.ts';
import type { Slab } from './slab.ts';
import type { Steps } from './steps.ts';

/** Points encoded between two turns of the others: well below a millisecond. */
const pointsPerStep = 8000;
/** Series looked at between two turns, for those that have no points. */
const seriesPerStep = 50_000;

/**
 * May be done again after a fault: days that have the slab's points already are left out. Afterwards the segments of
 * the slab are not needed any more.
 */
export function* seal(slab: Slab, deps: { days: DayFiles; state: SeriesState; hot: HotLog }): Steps<void> {
  const { days, state, hot } = deps;
  const builders = new Map<number, BlockBuilder>();
  const points = new Points();
  let sinceTurn = 0;
  let looked = 0;
  for (let series = 1; series <= slab.maxSeries; series++) {
    if (!slab.has(series)) {
      if (++looked % seriesPerStep === 0) yield;
      continue;
    }
    points.clear();
    slab.collect(series, Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, points);
    points.settle();
    for (let from = 0; from < points.length; ) {
      const day = dayOf(points.ts[from] ?? 0);
      let to = points.length;
      if (dayOf(points.ts[to - 1] ?? 0) !== day) {
        to = from + 1;
        while (dayOf(points.ts[to] ?? 0) === day) to++;
      }
      if (!slab.sealedDays.has(day)) {
        let builder = builders.get(day);
        if (builder === undefined) {
          builder = new BlockBuilder(day);
          builders.set(day, builder);
        }
        builder.add(series, points, from, to);
      }
      from = to;
    }
    sinceTurn += points.length + 20;
    if (sinceTurn >= pointsPerStep) {
      sinceTurn = 0;
      yield;
    }
  }
  for (const [day, builder] of [...builders].sort(([a], [b]) => a - b)) {
    const file = yield* days.forAppend(day);
    yield* file.append(builder, slab.uptoSegment);
    slab.sealedDays.add(day);
    builders.delete(day);
  }
  try {
    yield* state.persist(hot);
  } catch (error) {
    // The segments themselves take the room.
    if (!isFull(error)) throw error;
    yield* state.persistInsteadOf(slab.uptoSegment, hot);
  }
}
