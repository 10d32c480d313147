/** Work that keeps the files small and quick, chosen when nothing more urgent is there. */

import { dayMs, dayOf } from './day.ts';
import type { Block, DayFile } from './day-file.ts';
import type { DayFiles } from './day-files.ts';
import type { Hidden } from './hidden.ts';
import type { HotLog } from './hot-log.ts';
import { mergeBlocks, rewriteDay } from './merge.ts';
import type { SeriesState } from './series-state.ts';
import type { Steps } from './steps.ts';
import type { Tombstone, Tombstones } from './tombstones.ts';

export interface UpkeepTimes {
  /** A day is closed so long after its end, ms. */
  readonly closedAfterMs: number;
  /** A file that took points is left alone for so long, ms. */
  readonly restMs: number;
  /** Deleted points stay in the files for so long, so that one pass removes many, ms. */
  readonly reclaimAfterMs: number;
}

export const defaultUpkeepTimes: UpkeepTimes = {
  closedAfterMs: 3_600_000,
  restMs: 15 * 60_000,
  reclaimAfterMs: 10 * 60_000,
};

/** Blocks that are merged at once: a question has to look into each. */
const mergedTogether = 8;
/** A merge within the file is made in memory, so it is not larger. */
const mergedBytesLimit = 16 * 2 ** 20;
/** Less waste than this is not worth a new file. */
const wasteBytesFloor = 4 * 2 ** 20;

export interface UpkeepDeps {
  readonly days: DayFiles;
  readonly hot: HotLog;
  readonly state: SeriesState;
  readonly tombstones: Tombstones;
  readonly hidden: Hidden;
  readonly times: UpkeepTimes;
}

interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Upkeep {
  /** The next piece of work, or undefined when there is none. */
  next(nowMs: number): Steps<void> | undefined;
  /** Points in [fromMs, toMs) were deleted. Their tombstones tell so again after a restart. */
  deleted(fromMs: number, toMs: number): void;
  /** Points in [fromMs, toMs) are about to expire. Remembered durably: floors do not say what the files still hold. */
  expired(fromMs: number, toMs: number): void;
  /** The files of these days took points, which may have been deleted on their way. */
  sealed(days: ReadonlySet<number>): void;
  /** After a restart: what has expired and was not reclaimed. */
  resume(): void;
  /** Most blocks that one question has to look into. */
  readonly mostBlocks: number;
}

export function createUpkeep({ days, hot, state, tombstones, hidden, times }: UpkeepDeps): Upkeep {
  /** Days with points that were deleted, and since when (process time). */
  let reclaim: { readonly days: Set<number>; readonly since: number } | undefined;
  /** Those of them that are remembered durably. */
  let remembered = new Set<number>();
  /** From the first to the last that was deleted, and that expired, since points were brought into files last. */
  let deletedSpan: Span | undefined;
  let expiredSpan: Span | undefined;

  /** @returns the days with files among those of [fromMs, toMs), and today, where what is in the head will be */
  function mark(fromMs: number, toMs: number): readonly number[] {
    reclaim ??= { days: new Set(), since: performance.now() };
    const [first, last] = [dayOf(fromMs), dayOf(toMs - 1)];
    const found = days.days.filter((day) => day >= first && day <= last);
    for (const day of found) reclaim.days.add(day);
    reclaim.days.add(dayOf(Date.now()));
    return found;
  }

  /** Of deleted points that are in memory yet, nobody knows the days until they are in files. */
  function daysIn(days: ReadonlySet<number>, span: Span | undefined): number[] {
    if (span === undefined) return [];
    const [first, last] = [dayOf(span.fromMs), dayOf(span.toMs - 1)];
    return [...days].filter((day) => day >= first && day <= last);
  }

  function remember(found: readonly number[]): void {
    const fresh = found.filter((day) => !remembered.has(day));
    if (fresh.length === 0) return;
    hot.addReclaimDays(fresh);
    for (const day of fresh) remembered.add(day);
  }

  function* reclaimSpace(of: ReadonlySet<number>): Steps<void> {
    const before = [...tombstones.all()];
    const lastSegment = hot.lastSegment;
    const durable = remembered;
    remembered = new Set();
    const done: number[] = [];
    try {
      for (const day of of) {
        const file = days.get(day);
        // A damaged one stays remembered: it may be whole after a restart.
        if (file !== undefined && file.damagedParts > 0) continue;
        if (file !== undefined && (yield* hasDeleted(file, hidden))) yield* rewriteDay(days, file, hidden);
        if (durable.has(day)) done.push(day);
      }
    } catch (error) {
      // A full disk, mostly: all of it is for the next pass.
      reclaim ??= { days: new Set(), since: performance.now() };
      for (const day of of) reclaim.days.add(day);
      for (const day of durable) remembered.add(day);
      throw error;
    }
    // What expired meanwhile is for the next pass.
    const settled = done.filter((day) => !remembered.has(day));
    if (settled.length > 0) hot.removeReclaimDays(settled);
    yield* state.persist(hot);
    // What the files do not hold any more need not be hidden, as long as no segment can bring it back.
    const oldest = hot.oldestSegment();
    const reclaimed = before.filter(({ afterSegment }) => afterSegment < oldest && afterSegment <= lastSegment);
    for (let i = 0; i < reclaimed.length; i += 500) {
      const gone = reclaimed.slice(i, i + 500).filter((tombstone) => !isNeeded(tombstone));
      hot.transaction(() => {
        for (const { id } of gone) hot.removeTombstone(id);
      });
      for (const tombstone of gone) tombstones.remove(tombstone);
      yield;
    }
  }

  /** Whether a file may still hold what it hides: one that was left out, or blocks that are older. */
  function isNeeded({ series, fromMs, toMs, afterSegment }: Tombstone): boolean {
    for (const file of days.all()) {
      if (file.day * dayMs >= toMs || (file.day + 1) * dayMs <= fromMs) continue;
      for (const block of file.blocks) {
        if (block.uptoSegment <= afterSegment && file.chunksOf(block, series, fromMs, toMs).length > 0) return true;
      }
    }
    return false;
  }

  function isClosed(file: DayFile, nowMs: number): boolean {
    return (file.day + 1) * dayMs + times.closedAfterMs < nowMs && performance.now() - file.changedAt >= times.restMs;
  }

  return {
    get mostBlocks() {
      let most = 0;
      for (const file of days.all()) most = Math.max(most, file.blocks.length);
      return most;
    },

    next(nowMs) {
      if (hot.hasSegmentsToDelete) return deleteSegments(hot);
      for (const file of days.all()) {
        // A damaged file stays as it is: it may be readable again, and a merge would leave the damaged part out.
        if (file.damagedParts > 0) continue;
        const run = blocksToMerge(file.blocks);
        if (run !== undefined) return mergeBlocks(file, run, hidden);
        const isWasteful = file.wasteBytes > wasteBytesFloor && file.wasteBytes > file.sizeBytes / 2;
        if (isWasteful || (isClosed(file, nowMs) && (file.blocks.length > 1 || file.wasteBytes > 0))) {
          if (isWorthIt(file)) return rewriteDay(days, file, hidden);
        }
      }
      if (reclaim !== undefined && performance.now() - reclaim.since >= times.reclaimAfterMs) {
        const of = reclaim.days;
        reclaim = undefined;
        return reclaimSpace(of);
      }
      return undefined;
    },

    deleted(fromMs, toMs) {
      deletedSpan = joined(deletedSpan, { fromMs, toMs });
      mark(fromMs, toMs);
    },

    expired(fromMs, toMs) {
      expiredSpan = joined(expiredSpan, { fromMs, toMs });
      remember(mark(fromMs, toMs));
    },

    sealed(sealedDays) {
      const expired = daysIn(sealedDays, expiredSpan);
      const gone = [...expired, ...daysIn(sealedDays, deletedSpan)];
      // When it fails, it is done again with the seal.
      remember(expired);
      deletedSpan = undefined;
      expiredSpan = undefined;
      if (gone.length === 0) return;
      reclaim ??= { days: new Set(), since: performance.now() };
      for (const day of gone) reclaim.days.add(day);
    },

    resume() {
      remembered = new Set(hot.reclaimDays());
      if (remembered.size > 0) reclaim = { days: new Set(remembered), since: performance.now() };
    },
  };
}

/** One span around both: a day too many is looked through for nothing, once. */
function joined(span: Span | undefined, other: Span): Span {
  if (span === undefined) return other;
  return { fromMs: Math.min(span.fromMs, other.fromMs), toMs: Math.max(span.toMs, other.toMs) };
}

/** Several blocks of a day too large to be one block again stay several. */
function isWorthIt(file: DayFile): boolean {
  return file.wasteBytes > 0 || file.blocks.some((block) => block.sizeBytes < 2 ** 29);
}

function* deleteSegments(hot: HotLog): Steps<void> {
  while (hot.hasSegmentsToDelete) {
    hot.deleteSealedSegments();
    yield;
  }
}

function* hasDeleted(file: DayFile, hidden: Hidden): Steps<boolean> {
  for (const block of file.blocks) {
    const directory = file.directory(block);
    for (let page = 0; page < (directory?.length ?? 0); page++) {
      if (directory === undefined) break;
      if (file.page(block, directory, page).some((chunk) => hidden.of(chunk) !== 'nothing')) return true;
      if (page % 10 === 9) yield;
    }
  }
  return false;
}

/** 0 up to 32 KiB, 1 up to 256 KiB, 2 up to 2 MiB, 3 up to 16 MiB, 4 beyond. */
function tierOf({ sizeBytes }: Block): number {
  return Math.max(0, Math.min(4, Math.ceil(Math.log2(sizeBytes / 32_768) / 3)));
}

/** Blocks next to each other that are worth merging: eight or more of about one size, the smallest sizes first. */
export function blocksToMerge(blocks: readonly Block[]): readonly Block[] | undefined {
  for (let tier = 0; tier < 4; tier++) {
    let run: Block[] = [];
    let bytes = 0;
    for (const block of blocks) {
      if (tierOf(block) > tier) {
        run = [];
        bytes = 0;
        continue;
      }
      if (bytes + block.sizeBytes > mergedBytesLimit) {
        if (run.length >= mergedTogether / 2) return run;
        run = [];
        bytes = 0;
      }
      run.push(block);
      bytes += block.sizeBytes;
      if (run.length >= mergedTogether * 2) return run;
    }
    if (run.length >= mergedTogether) return run;
  }
  return undefined;
}
