/** What the engine asks of the file system; tests put one in between that fails. */
import { close, closeSync, fdatasync, ftruncateSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { open } from 'node:fs/promises';

export interface Files {
  /** @param flags as of fs.open */
  open(path: string, flags: 'r' | 'r+' | 'wx+'): number;
  /** Reads all of `bytes`. @returns how many were there */
  read(descriptor: number, bytes: Uint8Array, position: number): number;
  /** Writes all of `bytes`. */
  write(descriptor: number, bytes: Uint8Array, position: number): void;
  truncate(descriptor: number, length: number): void;
  /** The disk has what was written. Other work goes on meanwhile. */
  sync(descriptor: number): Promise<void>;
  close(descriptor: number): void;
  /** Takes the place of what is there. */
  rename(from: string, to: string): void;
  remove(path: string): void;
  /** Renames and new names in it survive a loss of power. Other work goes on meanwhile. */
  syncDirectory(path: string): Promise<void>;
}

export const nodeFiles: Files = {
  open: (path, flags) => openSync(path, flags, 0o600),
  read(descriptor, bytes, position) {
    let done = 0;
    while (done < bytes.length) {
      const count = readSync(descriptor, bytes, done, bytes.length - done, position + done);
      if (count === 0) break;
      done += count;
    }
    return done;
  },
  write(descriptor, bytes, position) {
    for (let done = 0; done < bytes.length; ) {
      done += writeSync(descriptor, bytes, done, bytes.length - done, position + done);
    }
  },
  truncate: ftruncateSync,
  sync: (descriptor) =>
    new Promise((resolve, reject) => {
      fdatasync(descriptor, (error) => (error === null ? resolve() : reject(error)));
    }),
  close: closeSync,
  rename: (from, to) => leaving(to, () => renameSync(from, to)),
  remove: (path) => leaving(path, () => rmSync(path, { force: true })),
  async syncDirectory(path) {
    // Windows opens no directories and needs none of this.
    if (process.platform === 'win32') return;
    const directory = await open(path, 'r');
    try {
      await directory.sync();
    } finally {
      await directory.close();
    }
  },
};

/**
 * Giving back the space of a large file takes tens of milliseconds. It is done when the last descriptor is closed, so
 * one is held and closed in another thread. (Windows gives the name of an open file to nobody.)
 */
function leaving(path: string, work: () => void): void {
  let descriptor: number | undefined;
  try {
    if (process.platform !== 'win32') descriptor = openSync(path, 'r');
  } catch {
    // It is not there, or cannot be read: then it goes as it goes.
  }
  try {
    work();
  } finally {
    if (descriptor !== undefined) close(descriptor);
  }
}
