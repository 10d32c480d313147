/** The files of all days in the directory of the store. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ByteCache } from './byte-cache.ts';
import { DamagedError } from './bytes.ts';
import { dayName, dayOfName, daySuffix } from './day.ts';
import { DayFile, type DayFileDeps } from './day-file.ts';
import type { Files } from './files.ts';
import type { Steps } from './steps.ts';

const temporarySuffix = '.day.tmp';
/** Names that the store itself uses in its directory. */
const ownNames = /^hot\.sqlite(-wal|-shm|-journal)?$/;

/** Files held open at most: far below what systems allow a process. */
const openFilesLimit = 200;

export interface DayFilesDeps {
  readonly directory: string;
  readonly files: Files;
  readonly cacheBytes: number;
  damaged(path: string, what: string): void;
  /** Something lies in the directory that is not the store's. */
  foreign(what: string): void;
}

export class DayFiles {
  readonly #deps: DayFilesDeps;
  readonly #fileDeps: DayFileDeps;
  readonly #byDay = new Map<number, DayFile>();
  /** Days whose name is taken by what is no file of theirs, and why. */
  readonly #blocked = new Map<number, string>();
  #days: readonly number[] | undefined;
  readonly #open = new Set<DayFile>();

  constructor(deps: DayFilesDeps) {
    this.#deps = deps;
    this.#fileDeps = {
      files: deps.files,
      cache: new ByteCache(deps.cacheBytes),
      damaged: (file, what) => deps.damaged(file.path, what),
      opened: (file) => this.#opened(file),
    };
  }

  /** In ascending order. */
  get days(): readonly number[] {
    this.#days ??= [...this.#byDay.keys()].sort((a, b) => a - b);
    return this.#days;
  }

  get(day: number): DayFile | undefined {
    return this.#byDay.get(day);
  }

  *all(): Generator<DayFile> {
    for (const day of this.days) {
      const file = this.#byDay.get(day);
      if (file !== undefined) yield file;
    }
  }

  get blocked(): readonly string[] {
    return [...this.#blocked.values()];
  }

  get damagedParts(): number {
    let parts = 0;
    for (const file of this.#byDay.values()) parts += file.damagedParts;
    return parts;
  }

  /**
   * Looks through the directory.
   * @param owns whether this process is the one that writes: it cuts off and removes what a crash left unfinished
   */
  open(owns: boolean): void {
    for (const name of readdirSync(this.#deps.directory)) {
      const path = join(this.#deps.directory, name);
      if (name.endsWith(temporarySuffix)) {
        if (owns) this.#deps.files.remove(path);
        continue;
      }
      if (ownNames.test(name)) continue;
      const day = name.endsWith(daySuffix) ? dayOfName(name.slice(0, -daySuffix.length)) : undefined;
      if (day !== undefined && owns && this.#discardUnfinished(day)) continue;
      if (day === undefined) {
        this.#deps.foreign(`${path}: it is nothing that Gapura made.`);
        continue;
      }
      try {
        this.#adopt(day, owns);
      } catch (error) {
        this.#block(day, error);
      }
    }
  }

  /** The file of a day, made if need be. @throws when what has its name is no such file */
  *forAppend(day: number): Steps<DayFile> {
    const known = this.#byDay.get(day);
    if (known !== undefined) return known;
    if (existsSync(this.#pathOf(day)) && !this.#discardUnfinished(day)) {
      try {
        return this.#adopt(day, true);
      } catch (error) {
        this.#block(day, error);
        throw error;
      }
    }
    this.#blocked.delete(day);
    const file = new DayFile(this.#pathOf(day), day, this.#fileDeps);
    file.create();
    try {
      yield this.#deps.files.syncDirectory(this.#deps.directory);
    } catch (error) {
      file.close();
      throw error;
    }
    this.#add(file);
    return file;
  }

  /** A file that will take the place of the day's file. */
  temporary(day: number, fileId: Uint8Array): DayFile {
    const path = join(this.#deps.directory, `${dayName(day)}${temporarySuffix}`);
    this.#deps.files.remove(path);
    const file = new DayFile(path, day, this.#fileDeps);
    file.create(fileId);
    return file;
  }

  /** Puts a file, which the disk has, in the place of the day's. Readers that are at work go on with what they read. */
  *replace(old: DayFile, made: DayFile): Steps<void> {
    made.close();
    old.close();
    this.#open.delete(made);
    this.#open.delete(old);
    this.#deps.files.rename(made.path, old.path);
    const file = new DayFile(old.path, old.day, this.#fileDeps);
    file.open(statSync(old.path).size);
    file.changedAt = old.changedAt;
    this.#add(file);
    // Nobody adds to it before its name is durable: after a loss of power the old file would be there without the block.
    const synced = this.#deps.files.syncDirectory(this.#deps.directory);
    const done = Promise.withResolvers<void>();
    file.appending = done.promise;
    try {
      yield synced;
    } finally {
      file.appending = undefined;
      done.resolve();
    }
  }

  /** A temporary file is not needed. */
  discard(made: DayFile): void {
    made.close();
    this.#open.delete(made);
    this.#deps.files.remove(made.path);
  }

  /** Nothing is left in it. */
  remove(file: DayFile): void {
    file.close();
    this.#deps.files.remove(file.path);
    this.#byDay.delete(file.day);
    this.#open.delete(file);
    this.#days = undefined;
  }

  /** Reads a file anew, which may have become another. @returns undefined when it cannot be read */
  reopen(file: DayFile): DayFile | undefined {
    file.close();
    this.#open.delete(file);
    try {
      return this.#adopt(file.day, true);
    } catch (error) {
      this.#block(file.day, error);
      return undefined;
    }
  }

  /** Looks whether what was in the way has gone. */
  retryBlocked(): void {
    for (const day of [...this.#blocked.keys()]) {
      if (!existsSync(this.#pathOf(day))) {
        this.#blocked.delete(day);
        continue;
      }
      try {
        this.#adopt(day, true);
      } catch (error) {
        this.#block(day, error);
      }
    }
  }

  close(): void {
    for (const file of this.#byDay.values()) file.close();
  }

  /** Waits until nobody adds to a file. */
  *settled(file: DayFile): Steps<void> {
    while (file.appending !== undefined) yield file.appending;
  }

  /** @returns whether it was one that never held anything, which is gone now */
  #discardUnfinished(day: number): boolean {
    const file = new DayFile(this.#pathOf(day), day, this.#fileDeps);
    try {
      if (!file.isUnfinished()) return false;
    } finally {
      file.close();
      this.#open.delete(file);
    }
    this.#deps.files.remove(file.path);
    return true;
  }

  #adopt(day: number, owns: boolean): DayFile {
    const path = this.#pathOf(day);
    const file = new DayFile(path, day, this.#fileDeps);
    const { size } = statSync(path);
    try {
      file.open(size);
      if (owns) file.trim(size);
    } finally {
      file.close();
      this.#open.delete(file);
    }
    this.#blocked.delete(day);
    this.#add(file);
    return file;
  }

  #add(file: DayFile): void {
    this.#byDay.set(file.day, file);
    this.#days = undefined;
  }

  #block(day: number, error: unknown): void {
    const path = this.#pathOf(day);
    const what = error instanceof DamagedError ? error.message : `${path}: ${(error as Error).message}.`;
    if (this.#blocked.get(day) !== what) this.#deps.foreign(what);
    this.#blocked.set(day, what);
  }

  #opened(file: DayFile): void {
    this.#open.delete(file);
    this.#open.add(file);
    if (this.#open.size <= openFilesLimit) return;
    for (const oldest of this.#open) {
      if (oldest.appending !== undefined || oldest === file) continue;
      oldest.close();
      this.#open.delete(oldest);
      return;
    }
  }

  #pathOf(day: number): string {
    return join(this.#deps.directory, `${dayName(day)}${daySuffix}`);
  }
}
