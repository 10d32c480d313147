/** How much the data directory takes, and how fast it grows. */
import { readdir, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes of all files in the directory; those that vanish meanwhile count nothing. */
export async function directoryBytes(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  let bytes = 0;
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined);
    bytes += found?.size ?? 0;
  }
  return bytes;
}

/** Bytes that this process may still write on the disk of the directory. */
export async function freeBytesOf(directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(directory);
  return bavail * bsize;
}

export interface SizeSample {
  readonly atMs: number;
  readonly bytes: number;
}

/** Less than this says more about write-ahead logs than about growth. */
const leastSpanMs = 10 * 60_000;
const dayMs = 86_400_000;

/** Bytes a day from the oldest to the newest sample; null while they are too near to each other. Never negative. */
export function growthPerDay(samples: readonly SizeSample[]): number | null {
  const oldest = samples[0];
  const newest = samples.at(-1);
  if (oldest === undefined || newest === undefined || newest.atMs - oldest.atMs < leastSpanMs) return null;
  return Math.max(0, ((newest.bytes - oldest.bytes) / (newest.atMs - oldest.atMs)) * dayMs);
}
