/** Reads every chunk of a file and says what is not as it should be. */
import { DamagedError } from './bytes.ts';
import { decodeChunk } from './chunk-codec.ts';
import type { DayFile } from './day-file.ts';
import { Points } from './points.ts';
import type { Steps } from './steps.ts';

export interface Verified {
  chunks: number;
  points: number;
  damaged: number;
}

/** @param progress told of each page */
export function* verifyFile(file: DayFile, progress?: (bytes: number) => void): Steps<Verified> {
  const found: Verified = { chunks: 0, points: 0, damaged: 0 };
  const points = new Points(4096);
  for (const block of file.blocks) {
    const directory = file.directory(block);
    for (let page = 0; directory !== undefined && page < directory.length; page++) {
      for (const chunk of file.page(block, directory, page)) {
        points.clear();
        try {
          decodeChunk(chunk.page.subarray(chunk.from, chunk.to), chunk, points);
          found.chunks++;
          found.points += points.length;
        } catch (error) {
          if (!(error instanceof DamagedError)) throw error;
          file.chunkDamaged(chunk);
        }
      }
      progress?.(directory.offset(page + 1) - directory.offset(page));
      yield;
    }
  }
  found.damaged = file.damagedParts;
  return found;
}
