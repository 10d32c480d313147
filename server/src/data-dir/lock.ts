/**
 * One process per data directory. The lock is an SQLite file held in an exclusive transaction: the operating system
 * gives it back when the process ends in whatever way, so no stale lock has to be cleaned up by hand.
 */
import { DatabaseSync } from 'node:sqlite';
import { StartupError } from '../errors.ts';
import type { DataDirLayout } from './layout.ts';
import { readProcessFile } from './process-file.ts';

export interface DataDirLock {
  release(): void;
}

/** SQLITE_BUSY: another connection holds the lock (sqlite.org/rescode.html). */
const busyCode = 5;

/** @returns undefined when another process holds the data directory */
export function tryLockDataDir(layout: DataDirLayout): DataDirLock | undefined {
  const database = new DatabaseSync(layout.lock, { timeout: 0 });
  try {
    // Nothing is ever written, so no journal has to lie beside the file.
    database.exec('PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE');
    return { release: () => database.close() };
  } catch (error) {
    database.close();
    if ((error as { errcode?: number }).errcode === busyCode) return undefined;
    throw new StartupError(
      `The data directory ${layout.root} cannot be locked (${error instanceof Error ? error.message : error}). It must lie on a local disk that this user may write.`,
      { cause: error },
    );
  }
}

/** @throws StartupError when another process holds the data directory */
export function lockDataDir(layout: DataDirLayout): DataDirLock {
  const lock = tryLockDataDir(layout);
  if (lock !== undefined) return lock;
  const pid = readProcessFile(layout)?.pid;
  throw new StartupError(
    `Another Gapura${pid === undefined ? '' : ` (process ${pid})`} uses the data directory ${layout.root}. Stop it first, or set GAPURA_DATA_DIR to another folder.`,
  );
}
