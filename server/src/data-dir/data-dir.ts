import { accessSync, constants, existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { StartupError } from '../errors.ts';
import { type DataDirLayout, layoutOf } from './layout.ts';
import { lockDataDir } from './lock.ts';
import { openMasterKey } from './master-key.ts';
import { removeProcessFile, writeProcessFile } from './process-file.ts';
import { finishRestore } from './restore-pending.ts';

export interface DataDir {
  readonly layout: DataDirLayout;
  /** 32 bytes. */
  readonly masterKey: Buffer;
  /** Where the state from before a restore was put, when this opening finished one. */
  readonly keptBeforeRestore: string | undefined;
  /** Tells other processes (`gapura restore`) that this one serves now. @param url of the platform API */
  ready(url: string): void;
  /** Gives the directory back. Everything in it must be closed by then. */
  release(): void;
}

/**
 * Opens the data directory, and makes it at first start: checks the rights, takes the lock, finishes a staged restore,
 * reads or makes the master key.
 * @param root absolute path
 * @param warn called with a sentence for what is not right and does not stop the start
 * @throws StartupError one line that says what to do
 */
export function openDataDir(root: string, warn: (message: string) => void): DataDir {
  const layout = layoutOf(root);
  makeDirectory(root, warn);
  const lock = lockDataDir(layout);
  try {
    writeProcessFile(layout, 'starting');
    removeLeftovers(layout);
    const keptBeforeRestore = finishRestore(layout);
    const masterKey = openMasterKey(layout, warn);
    return {
      layout,
      masterKey,
      keptBeforeRestore,
      ready: (url) => writeProcessFile(layout, 'ready', url),
      release() {
        removeProcessFile(layout);
        lock.release();
      },
    };
  } catch (error) {
    removeProcessFile(layout);
    lock.release();
    throw error;
  }
}

/** @throws StartupError when the directory cannot be made or written */
export function makeDirectory(root: string, warn: (message: string) => void): void {
  const advice = 'Give the user that runs Gapura the right to write there, or set GAPURA_DATA_DIR to another folder.';
  try {
    if (!existsSync(root)) mkdirSync(root, { recursive: true, mode: 0o700 });
    else if (!statSync(root).isDirectory()) throw new StartupError(`${root} is a file, not a folder. ${advice}`);
    accessSync(root, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    if (error instanceof StartupError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new StartupError(`The data directory ${root} cannot be written (${code}). ${advice}`);
  }
  // Files are made for this user alone, so an open folder shows names only; it may be open for a reason.
  const mode = statSync(root).mode & 0o777;
  if (process.platform !== 'win32' && (mode & 0o022) !== 0) {
    warn(`Other users may write to the data directory (mode ${mode.toString(8)}). Run: chmod 700 ${root}`);
  }
}

/** What a backup or restore that was killed has left. */
function removeLeftovers(layout: DataDirLayout): void {
  for (const name of readdirSync(layout.root)) {
    if (name.startsWith('restore-staging-')) rmSync(join(layout.root, name), { recursive: true, force: true });
  }
}
