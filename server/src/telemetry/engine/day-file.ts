/** The file of one day: finds its blocks, reads their chunks, takes new blocks at its end. */
import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import type { BlockBuilder } from './block-builder.ts';
import {
  type BlockInfo,
  type Directory,
  decodeTrailer,
  encodeHeader,
  faultOfHeader,
  fileIdBytes,
  fileIdOf,
  headerBytes,
  type PageChunk,
  readDirectory,
  readPageHeader,
  trailerBytes,
  trailerMagic,
} from './block-format.ts';
import type { ByteCache } from './byte-cache.ts';
import { DamagedError } from './bytes.ts';
import type { Files } from './files.ts';
import type { Steps } from './steps.ts';

/** A block and where it is in the file. */
export interface Block extends BlockInfo {
  readonly start: number;
}

/** A chunk that has been read, not decoded. */
export type Chunk = PageChunk<Block>;

/** Of each block its directory and the page that was read last. */
export type ReadPages = Map<
  Block,
  { readonly directory: Directory; readonly page: number; readonly chunks: readonly Chunk[] }
>;

export interface DayFileDeps {
  readonly files: Files;
  readonly cache: ByteCache;
  /** A page or a part of a file is not readable: told once for each. */
  damaged(file: DayFile, what: string): void;
  /** It holds a descriptor now. */
  opened(file: DayFile): void;
}

/** How much is written, or searched for a trailer, in one step. */
const stepBytes = 256 * 1024;

/** Numbers files for the cache: one that takes the place of another has the same name and other pages. */
let opened = 0;

export class DayFile {
  readonly day: number;
  readonly path: string;
  /** Those that count, from the oldest to the newest. */
  blocks: readonly Block[] = [];
  /** Up to the end of the last whole block. */
  sizeBytes = headerBytes;
  /** The newest segment of which everything of this day is here. */
  watermark = 0;
  /** Resolves when the block that is being written at the end is there; nobody else may write so long. */
  appending: Promise<void> | undefined;
  /** Process time of the last new block, ms. */
  changedAt: number = Number.NEGATIVE_INFINITY;
  fileId: Uint8Array = randomBytes(fileIdBytes);
  readonly #deps: DayFileDeps;
  readonly #id = ++opened;
  #descriptor: number | undefined;
  #nextNumber = 1;
  readonly #damaged = new Set<string>();

  constructor(path: string, day: number, deps: DayFileDeps) {
    this.path = path;
    this.day = day;
    this.#deps = deps;
  }

  /** Bytes of blocks whose place others have taken. */
  get wasteBytes(): number {
    return this.sizeBytes - headerBytes - this.blocks.reduce((sum, block) => sum + block.sizeBytes, 0);
  }

  get damagedParts(): number {
    return this.#damaged.size;
  }

  /** A new file. @param fileId of the file whose blocks it will take over */
  create(fileId: Uint8Array = this.fileId): void {
    const { files } = this.#deps;
    this.fileId = fileId;
    this.#descriptor = files.open(this.path, 'wx+');
    try {
      files.write(this.#descriptor, encodeHeader(this.day, fileId), 0);
    } catch (error) {
      this.close();
      files.remove(this.path);
      throw error;
    }
  }

  /**
   * Whether a file was begun and never got as far as its first block: the process or the power went away. Nothing that
   * was promised is in it, because a block counts when the disk has all before it.
   */
  isUnfinished(): boolean {
    const header = new Uint8Array(headerBytes);
    const start = header.subarray(0, this.#read(header, 0));
    const whole = encodeHeader(this.day, this.fileId);
    return start.every((byte) => byte === 0) || (start.length < headerBytes && isPrefix(start.subarray(0, 16), whole));
  }

  /** Finds the blocks of a file that is there. @throws DamagedError when it is no file of this day */
  open(sizeBytes: number): void {
    const header = new Uint8Array(headerBytes);
    const count = this.#read(header, 0);
    const fault = faultOfHeader(header.subarray(0, count), this.day);
    if (fault !== undefined) throw new DamagedError(`${this.path}: ${fault}.`);
    this.fileId = fileIdOf(header);
    const found: Block[] = [];
    let end = sizeBytes;
    let isTail = true;
    while (end >= headerBytes + trailerBytes) {
      const info = this.#trailerBefore(end);
      if (info === undefined || info.start < headerBytes) {
        // The last block may not be finished: nothing that was promised is in it. Elsewhere it is damage.
        const earlier = this.#searchTrailer(end);
        if (!isTail) this.#tellDamage(`bytes ${earlier} to ${end}`);
        end = earlier;
        isTail = false;
        continue;
      }
      if (found.length === 0) this.sizeBytes = end;
      isTail = false;
      found.unshift(info);
      end = info.start;
    }
    for (const block of found) this.#place(block);
  }

  /** Cuts off what was not finished. Only for the process that writes the file. */
  trim(sizeBytes: number): void {
    if (sizeBytes <= this.sizeBytes) return;
    this.close();
    const descriptor = this.#deps.files.open(this.path, 'r+');
    try {
      this.#deps.files.truncate(descriptor, this.sizeBytes);
    } finally {
      this.#deps.files.close(descriptor);
    }
  }

  /**
   * The chunks of a series that reach into [fromMs, toMs), read from the disk, in the order of their time.
   * @param read when series are asked for that stand beside each other
   */
  chunksOf(block: Block, series: number, fromMs: number, toMs: number, read?: ReadPages): Chunk[] {
    if (block.firstMs >= toMs || block.lastMs < fromMs || series > block.maxSeries) return [];
    const directory = read?.get(block)?.directory ?? this.directory(block);
    if (directory === undefined) return [];
    // The last page that begins before the series may still hold its first chunks.
    let [low, high] = [0, directory.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (directory.series(middle) < series) low = middle + 1;
      else high = middle;
    }
    const chunks: Chunk[] = [];
    for (let page = Math.max(0, low - 1); page < directory.length && directory.series(page) <= series; page++) {
      const isInside = directory.series(page) === series;
      if (isInside && directory.firstMs(page) >= toMs) break;
      const next = page + 1;
      const isBefore =
        isInside && next < directory.length && directory.series(next) === series && directory.firstMs(next) <= fromMs;
      if (isBefore) continue;
      const found =
        read === undefined ? this.page(block, directory, page, series) : this.#readPage(block, directory, page, read);
      for (const chunk of found) {
        if (chunk.series !== series) continue;
        if (chunk.firstMs < toMs && chunk.lastMs >= fromMs) chunks.push(chunk);
      }
    }
    return chunks;
  }

  #readPage(block: Block, directory: Directory, page: number, read: ReadPages): readonly Chunk[] {
    const known = read.get(block);
    if (known?.page === page) return known.chunks;
    const chunks = this.page(block, directory, page, undefined, true);
    read.set(block, { directory, page, chunks });
    return chunks;
  }

  /** @returns undefined when it is damaged */
  directory(block: Block): Directory | undefined {
    const key = `${this.#id}:${block.start}`;
    let bytes = this.#deps.cache.get(key);
    if (bytes === undefined) {
      bytes = new Uint8Array(block.directoryBytes);
      this.#read(bytes, block.start + block.sizeBytes - trailerBytes - block.directoryBytes);
      if (crc32(bytes) !== block.directoryChecksum) {
        this.#tellDamage(`the directory of the block at ${block.start}`);
        return undefined;
      }
      this.#deps.cache.put(key, bytes);
    }
    return readDirectory(bytes, this.day);
  }

  /**
   * The chunks of a page, or of one series in it; none when it is damaged.
   * @param isKept whether its bytes stay in memory for the next question; whoever reads all of a file would fill it up
   */
  page(block: Block, directory: Directory, page: number, series?: number, isKept = series !== undefined): Chunk[] {
    const offset = directory.offset(page);
    const key = `${this.#id}:${block.start}:${offset}`;
    let bytes = this.#deps.cache.get(key);
    if (bytes === undefined) {
      bytes = new Uint8Array(directory.offset(page + 1) - offset);
      this.#read(bytes, block.start + offset);
      if (crc32(bytes) !== directory.checksum(page)) {
        this.#tellDamage(`the page at ${block.start + offset}`);
        return [];
      }
      if (isKept) this.#deps.cache.put(key, bytes);
    }
    try {
      return readPageHeader(bytes, this.day, directory.series(page), block, series);
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      this.#tellDamage(`the page at ${block.start + offset}`);
      return [];
    }
  }

  chunkDamaged(chunk: Chunk): void {
    this.#tellDamage(`a chunk of the block at ${chunk.block.start}`);
  }

  /**
   * Adds a block at the end; it counts when the disk has it.
   * @param replaces blocks, next to each other, in whose place it stands
   */
  *append(builder: BlockBuilder, uptoSegment: number, replaces: readonly Block[] = []): Steps<void> {
    while (this.appending !== undefined) yield this.appending;
    const done = Promise.withResolvers<void>();
    this.appending = done.promise;
    const { files } = this.#deps;
    try {
      const descriptor = this.#open();
      const number = this.#nextNumber;
      const first = replaces[0]?.firstNumber ?? number;
      const last = replaces.at(-1)?.lastNumber ?? number;
      const info = builder.finish({ uptoSegment, firstNumber: first, lastNumber: last }, this.fileId);
      const start = this.sizeBytes;
      let at = start;
      for (const bytes of joined(builder.take())) {
        files.write(descriptor, bytes, at);
        at += bytes.length;
        yield;
      }
      yield files.sync(descriptor);
      this.sizeBytes = at;
      this.#place({ ...info, start });
      this.changedAt = performance.now();
    } catch (error) {
      try {
        files.truncate(this.#open(), this.sizeBytes);
      } catch {
        // Whatever is there stays beyond the end, where the next block is written over it.
      }
      // Opened anew the next time: the file system may have become writable, or the file another.
      this.close();
      throw error;
    } finally {
      this.appending = undefined;
      done.resolve();
    }
  }

  /** Copies blocks of another file to the end of this one, as they are. Not durable before `sync`. */
  *copyBlocks(from: DayFile, blocks: readonly Block[]): Steps<void> {
    const descriptor = this.#open();
    for (const block of blocks) {
      const start = this.sizeBytes;
      for (let done = 0; done < block.sizeBytes; done += stepBytes) {
        const bytes = new Uint8Array(Math.min(stepBytes, block.sizeBytes - done));
        from.#read(bytes, block.start + done);
        this.#deps.files.write(descriptor, bytes, start + done);
        yield;
      }
      this.sizeBytes += block.sizeBytes;
      this.#place({ ...block, start });
    }
  }

  /** Writes a finished part of a block that is not complete. */
  writePart(position: number, pieces: readonly Uint8Array[]): number {
    let at = position;
    for (const bytes of joined(pieces)) {
      this.#deps.files.write(this.#open(), bytes, at);
      at += bytes.length;
    }
    return at;
  }

  /** The block that `writePart` wrote is whole. */
  placed(info: BlockInfo): void {
    this.#place({ ...info, start: this.sizeBytes });
    this.sizeBytes += info.sizeBytes;
  }

  sync(): Promise<void> {
    return this.#deps.files.sync(this.#open());
  }

  /** The number of the next block. */
  get nextNumber(): number {
    return this.#nextNumber;
  }

  close(): void {
    const descriptor = this.#descriptor;
    this.#descriptor = undefined;
    if (descriptor !== undefined) this.#deps.files.close(descriptor);
  }

  #place(block: Block): void {
    const isReplaced = (other: Block): boolean =>
      other.firstNumber >= block.firstNumber && other.lastNumber <= block.lastNumber;
    const left = this.blocks.filter((other) => !isReplaced(other));
    this.blocks = [...left, block].sort((a, b) => a.firstNumber - b.firstNumber);
    this.#nextNumber = Math.max(this.#nextNumber, block.lastNumber + 1);
    this.watermark = Math.max(this.watermark, block.uptoSegment);
  }

  #trailerBefore(end: number): Block | undefined {
    const bytes = new Uint8Array(trailerBytes);
    this.#read(bytes, end - trailerBytes);
    const info = decodeTrailer(bytes, this.fileId);
    return info && { ...info, start: end - info.sizeBytes };
  }

  /** @returns the end of the last whole trailer that ends before `end`, or the end of the header */
  #searchTrailer(end: number): number {
    // One byte less than before, or the same trailer would be found again.
    for (let to = end - 1; to > headerBytes; ) {
      const from = Math.max(headerBytes, to - stepBytes);
      const bytes = new Uint8Array(to - from);
      this.#read(bytes, from);
      const buffer = Buffer.from(bytes.buffer);
      for (let at = buffer.lastIndexOf(trailerMagic); at !== -1; ) {
        if (decodeTrailer(bytes.subarray(at, at + trailerBytes), this.fileId) !== undefined)
          return from + at + trailerBytes;
        at = at === 0 ? -1 : buffer.lastIndexOf(trailerMagic, at - 1);
      }
      // A trailer may lie across the two stretches.
      to = from === headerBytes ? headerBytes : from + trailerBytes;
    }
    return headerBytes;
  }

  #read(bytes: Uint8Array, position: number): number {
    return this.#deps.files.read(this.#open(), bytes, position);
  }

  #open(): number {
    if (this.#descriptor === undefined) {
      this.#descriptor = this.#openAny();
      this.#deps.opened(this);
    }
    return this.#descriptor;
  }

  #openAny(): number {
    try {
      return this.#deps.files.open(this.path, 'r+');
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EROFS' && code !== 'EACCES' && code !== 'EPERM') throw error;
      return this.#deps.files.open(this.path, 'r');
    }
  }

  #tellDamage(what: string): void {
    if (this.#damaged.has(what)) return;
    this.#damaged.add(what);
    this.#deps.damaged(this, what);
  }
}

function isPrefix(start: Uint8Array, whole: Uint8Array): boolean {
  return start.every((byte, i) => byte === whole[i]);
}

/** Pieces put together to about `stepBytes` each. */
function* joined(pieces: readonly Uint8Array[]): Generator<Uint8Array> {
  let batch: Uint8Array[] = [];
  let length = 0;
  for (const piece of pieces) {
    batch.push(piece);
    length += piece.length;
    if (length < stepBytes) continue;
    yield Buffer.concat(batch);
    batch = [];
    length = 0;
  }
  if (length > 0) yield Buffer.concat(batch);
}
