/** What the engine asks of the file system; tests put one in between that fails. */
import { closeSync, fdatasync, ftruncateSync, openSync, readSync, renameSync, rmSync, writeSync } from 'node:fs';
import { syncDirectory } from '../../lib/write-file-atomically.ts';

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
  rename(from: string, to: string): void;
  remove(path: string): void;
  syncDirectory(path: string): void;
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
  rename: renameSync,
  remove: (path) => rmSync(path, { force: true }),
  syncDirectory,
};
