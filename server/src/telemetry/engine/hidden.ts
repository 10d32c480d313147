/** What of a chunk is deleted: by a tombstone or by retention. */
import { DamagedError } from './bytes.ts';
import { decodeChunk } from './chunk-codec.ts';
import type { Chunk, DayFile } from './day-file.ts';
import { Points } from './points.ts';
import type { SeriesState } from './series-state.ts';
import type { Tombstones } from './tombstones.ts';

export interface Hidden {
  of(chunk: Chunk): 'nothing' | 'some' | 'all';
  /** Adds the points of a chunk in [fromMs, toMs) that are not deleted. A damaged chunk adds none, and is told. */
  load(file: DayFile, chunk: Chunk, points: Points, fromMs?: number, toMs?: number): void;
}

interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

export function createHidden({ state, tombstones }: { state: SeriesState; tombstones: Tombstones }): Hidden {
  function stretchesOf({ series, firstMs, lastMs, block: { uptoSegment } }: Chunk): readonly Stretch[] {
    const deleted = tombstones.of(series, uptoSegment, firstMs, lastMs);
    const floorMs = state.floorMs(series, uptoSegment);
    return floorMs > firstMs ? [...deleted, { fromMs: -Infinity, toMs: floorMs }] : deleted;
  }

  return {
    of(chunk) {
      const stretches = stretchesOf(chunk);
      if (stretches.length === 0) return 'nothing';
      return stretches.some(({ fromMs, toMs }) => fromMs <= chunk.firstMs && toMs > chunk.lastMs) ? 'all' : 'some';
    },

    load(file, chunk, points, fromMs = -Infinity, toMs = Infinity) {
      const stretches = stretchesOf(chunk);
      const isWhole = stretches.length === 0 && chunk.firstMs >= fromMs && chunk.lastMs < toMs;
      const start = points.length;
      const all = isWhole ? points : new Points(chunk.count);
      try {
        decodeChunk(chunk.page.subarray(chunk.from, chunk.to), chunk, all);
      } catch (error) {
        if (!(error instanceof DamagedError)) throw error;
        points.length = start;
        file.chunkDamaged(chunk);
        return;
      }
      if (isWhole) return;
      for (let i = 0; i < all.length; i++) {
        const ts = all.ts[i] ?? 0;
        if (ts < fromMs || ts >= toMs || stretches.some((one) => ts >= one.fromMs && ts < one.toMs)) continue;
        points.addFrom(all, i);
      }
    },
  };
}
