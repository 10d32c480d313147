/**
 * The points of one series as they are now: chunks of the files and points of the head put together, without what was
 * deleted; of points of one time the one that was stored last.
 */
import { dayMs, dayOf } from './day.ts';
import type { Chunk, DayFile, ReadPages } from './day-file.ts';
import type { DayFiles } from './day-files.ts';
import type { Head } from './head.ts';
import type { Hidden } from './hidden.ts';
import { Points } from './points.ts';
import type { Steps } from './steps.ts';

export interface Span {
  /** Inclusive, ms. */
  readonly fromMs: number;
  /** Exclusive, ms. */
  readonly toMs: number;
}

export interface SeriesReaderDeps {
  readonly head: Head;
  readonly days: DayFiles;
  readonly hidden: Hidden;
}

/** Where points come from: in the order in which they were stored. */
interface Source {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly bytes: number;
  /** How many points, when that is certain without decoding. */
  readonly count: number | undefined;
  load(points: Points): void;
}

export interface SeriesCount {
  points: number;
  bytes: number;
  firstMs: number;
  lastMs: number;
}

export interface SeriesReader {
  /**
   * Hands the points to `take` in pieces that are in order of time, the pieces in the order asked. The piece is only
   * valid during the call. Stops when `take` says false.
   */
  scan(series: number, span: Span, order: 'asc' | 'desc', take: (points: Points) => boolean): Steps<void>;
  /**
   * Counts without decoding where it can. Series of one device mostly stand in the same pages, which are read once for all.
   * @returns in the order asked
   */
  count(series: readonly number[], span: Span): Steps<SeriesCount[]>;
}

/** Decoded points between two turns of the others: about a millisecond. */
const pointsPerStep = 20_000;

export function createSeriesReader({ head, days, hidden }: SeriesReaderDeps): SeriesReader {
  function fromChunk(file: DayFile, chunk: Chunk, { fromMs, toMs }: Span): Source | undefined {
    const of = hidden.of(chunk);
    if (of === 'all') return undefined;
    const { firstMs, lastMs, count } = chunk;
    return {
      firstMs: Math.max(firstMs, fromMs),
      lastMs: Math.min(lastMs, toMs - 1),
      bytes: chunk.to - chunk.from,
      count: of === 'nothing' && firstMs >= fromMs && lastMs < toMs ? count : undefined,
      load: (points) => hidden.load(file, chunk, points, fromMs, toMs),
    };
  }

  /** Everything of one day, in the order in which it was stored. */
  function gather(series: number, day: number, span: Span, inHead: boolean, read?: ReadPages): Source[] {
    const sources: Source[] = [];
    const file = days.get(day);
    for (const block of file?.blocks ?? []) {
      for (const chunk of file?.chunksOf(block, series, span.fromMs, span.toMs, read) ?? []) {
        const source = file && fromChunk(file, chunk, span);
        if (source !== undefined) sources.push(source);
      }
    }
    if (inHead) {
      const points = new Points();
      head.collect(series, day, Math.max(span.fromMs, day * dayMs), Math.min(span.toMs, (day + 1) * dayMs), points);
      points.settle();
      if (points.length > 0) {
        sources.push({
          firstMs: points.ts[0] ?? 0,
          lastMs: points.ts[points.length - 1] ?? 0,
          bytes: 0,
          count: points.length,
          load: (to) => to.append(points),
        });
      }
    }
    return sources;
  }

  /** Days with something of the series in the head, and days with files. */
  function daysOf(
    { fromMs, toMs }: Span,
    inHead: ReadonlySet<number>,
    order: 'asc' | 'desc',
  ): { day: number; inHead: boolean }[] {
    const first = dayOf(fromMs);
    const last = dayOf(toMs - 1);
    const all = new Set([...days.days.filter((day) => day >= first && day <= last), ...inHead]);
    const sorted = [...all].sort((a, b) => (order === 'asc' ? a - b : b - a));
    return sorted.map((day) => ({ day, inHead: inHead.has(day) }));
  }

  return {
    *scan(series, span, order, take) {
      const points = new Points();
      let decoded = 0;
      let looked = 0;
      const headDays = new Set<number>();
      head.collectDays(series, span.fromMs, span.toMs, headDays);
      for (const { day, inHead } of daysOf(span, headDays, order)) {
        if (++looked % 50 === 0) yield;
        const groups = grouped(gather(series, day, span, inHead));
        if (order === 'desc') groups.reverse();
        for (const group of groups) {
          points.clear();
          for (const source of group) source.load(points);
          points.settle();
          decoded += points.length;
          if (points.length > 0 && !take(points)) return;
          if (decoded >= pointsPerStep) {
            decoded = 0;
            yield;
          }
        }
      }
    },

    *count(series, span) {
      const totals = series.map((): SeriesCount => ({ points: 0, bytes: 0, firstMs: Infinity, lastMs: -Infinity }));
      const points = new Points();
      let looked = 0;
      const headDays = new Set<number>();
      for (const id of series) {
        head.collectDays(id, span.fromMs, span.toMs, headDays);
        if (++looked % 100 === 0) yield;
      }
      for (const { day, inHead } of daysOf(span, headDays, 'asc')) {
        const read: ReadPages = new Map();
        for (const [i, id] of series.entries()) {
          const total = totals[i];
          if (total === undefined) continue;
          if (++looked % 20 === 0) yield;
          for (const group of grouped(gather(id, day, span, inHead, read))) {
            const [only, second] = group;
            for (const { bytes } of group) total.bytes += bytes;
            let { count, firstMs, lastMs } = only ?? { count: undefined, firstMs: 0, lastMs: 0 };
            if (second !== undefined || count === undefined) {
              points.clear();
              for (const source of group) source.load(points);
              points.settle();
              count = points.length;
              firstMs = points.ts[0] ?? 0;
              lastMs = points.ts[points.length - 1] ?? 0;
              if (count > pointsPerStep / 4) yield;
            }
            if (count === 0) continue;
            total.points += count;
            total.firstMs = Math.min(total.firstMs, firstMs);
            total.lastMs = Math.max(total.lastMs, lastMs);
          }
        }
      }
      return totals;
    },
  };
}

/** Sources whose times overlap, together; the groups in the order of time, within a group that of storing. */
function grouped(sources: readonly Source[]): Source[][] {
  const sorted = sources
    .map((source, order) => ({ source, order }))
    .sort((a, b) => a.source.firstMs - b.source.firstMs);
  const groups: { source: Source; order: number }[][] = [];
  let endMs = -Infinity;
  for (const one of sorted) {
    const open = groups.at(-1);
    if (open !== undefined && one.source.firstMs <= endMs) open.push(one);
    else groups.push([one]);
    endMs = Math.max(endMs, one.source.lastMs);
  }
  return groups.map((group) => group.sort((a, b) => a.order - b.order).map(({ source }) => source));
}
