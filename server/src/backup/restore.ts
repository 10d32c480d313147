/** Puts a backup in place: directly where no Gapura runs, else by the running process itself. */

import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeDirectory } from '../data-dir/data-dir.ts';
import type { DataDirLayout } from '../data-dir/layout.ts';
import { tryLockDataDir } from '../data-dir/lock.ts';
import { readProcessFile } from '../data-dir/process-file.ts';
import { finishRestore, isRestorePending } from '../data-dir/restore-pending.ts';
import { StartupError } from '../errors.ts';
import { type StageRequest, stageRestore } from './stage-restore.ts';

export interface RestoreResult {
  /** Name in the data directory under which the old state lies, or undefined when there was none. */
  readonly keptOldIn: string | undefined;
  /** Whether a running Gapura took the backup over and serves it now. */
  readonly isServing: boolean;
}

/** Ten seconds for a graceful stop, and ample time for the migrations of an old backup. */
const takeOverMs = 120_000;
const pollMs = 100;

/** @throws StartupError when the backup is not right, or the running Gapura does not take it over */
export async function restoreBackup(
  layout: DataDirLayout,
  request: StageRequest,
  warn: (message: string) => void,
): Promise<RestoreResult> {
  makeDirectory(layout.root, warn);
  const lock = tryLockDataDir(layout);
  if (lock !== undefined) {
    try {
      await stageRestore(layout, request);
      return { keptOldIn: finishRestore(layout), isServing: false };
    } finally {
      lock.release();
    }
  }
  const { keepOldIn } = await handOver(layout, request);
  return { keptOldIn: keepOldIn, isServing: true };
}

async function handOver(layout: DataDirLayout, request: StageRequest): Promise<{ keepOldIn: string }> {
  const running = readProcessFile(layout);
  // Windows has no SIGHUP: the signal would end the process at once.
  if (running === undefined || process.platform === 'win32') {
    throw new StartupError(`A Gapura runs on ${layout.root}. Stop it, then restore again.`);
  }
  const plan = await stageRestore(layout, request);
  const askedAt = Date.now();
  try {
    process.kill(running.pid, 'SIGHUP');
  } catch (error) {
    await rm(layout.restorePending, { recursive: true, force: true });
    throw new StartupError(
      `The Gapura on ${layout.root} (process ${running.pid}) cannot be told to restore (${(error as NodeJS.ErrnoException).code}). Run this as the same user on the same machine, or stop it first.`,
    );
  }
  for (;;) {
    await sleep(pollMs);
    const now = readProcessFile(layout);
    if (now?.state === 'ready' && now.since >= askedAt && !isRestorePending(layout)) return plan;
    if (!isAlive(running.pid)) {
      throw new StartupError(
        `Gapura (process ${running.pid}) ended while it restored; its log says why. ${
          isRestorePending(layout)
            ? 'The next start puts the backup in place.'
            : `The data from before is in ${plan.keepOldIn}.`
        }`,
      );
    }
    if (Date.now() - askedAt > takeOverMs) {
      throw new StartupError(
        `Gapura (process ${running.pid}) has not restored within ${takeOverMs / 1000} s; its log says why.`,
      );
    }
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
