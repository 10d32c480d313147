/**
 * The format of a day's file: a header, then blocks, each written once and never changed. A block holds chunks, sorted
 * by series and time, in pages of about 8 KiB; then a directory of its pages; then a trailer that says all of it is
 * there. What follows the last whole trailer was not finished and counts for nothing, so a copy of the file that was
 * made at any moment is a whole file.
 */
import { crc32 } from 'node:zlib';
import { ByteReader, type ByteWriter, DamagedError } from './bytes.ts';
import type { ChunkSpan } from './chunk-codec.ts';
import { dayMs } from './day.ts';

export const headerBytes = 32;
export const trailerBytes = 96;
/**
 * Drawn at random for each file and repeated in its trailers: no value that a device sends can pass for a trailer when
 * the end of a file is looked for after a crash.
 */
export const fileIdBytes = 8;
export const directoryEntryBytes = 20;
export const trailerMagic = Buffer.from('GPR\u0007BLK1', 'latin1');
const headerMagic = Buffer.from('GAPURA\u001aD', 'latin1');
const version = 1;

/** What stands in the trailer of a block. */
export interface BlockInfo {
  /** Of the whole block, with its trailer. */
  readonly sizeBytes: number;
  /** The newest segment of which the block holds everything of this day. */
  readonly uptoSegment: number;
  /** Blocks of a file are counted; one that was merged of others stands in their place: theirs from first to last. */
  readonly firstNumber: number;
  readonly lastNumber: number;
  readonly points: number;
  readonly chunks: number;
  readonly maxSeries: number;
  readonly firstMs: number;
  readonly lastMs: number;
  readonly directoryBytes: number;
  readonly directoryChecksum: number;
}

/** A chunk as the header of its page tells it. */
export interface ChunkEntry extends ChunkSpan {
  readonly series: number;
  /** Where its bytes are in the page. */
  readonly from: number;
  readonly to: number;
}

export function encodeHeader(day: number, fileId: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(headerBytes);
  bytes.set(headerMagic);
  const view = new DataView(bytes.buffer);
  view.setUint32(8, version, true);
  view.setInt32(12, day, true);
  bytes.set(fileId, 16);
  view.setUint32(28, crc32(bytes.subarray(0, 28)), true);
  return bytes;
}

/** @returns what is wrong, or undefined */
export function faultOfHeader(bytes: Uint8Array, day: number): string | undefined {
  if (bytes.length < headerBytes || Buffer.compare(bytes.subarray(0, 8), headerMagic) !== 0) {
    return 'it is no file of Gapura';
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(28, true) !== crc32(bytes.subarray(0, 28))) return 'its header is damaged';
  if (view.getUint32(8, true) > version) return 'it was written by a newer Gapura';
  if (view.getInt32(12, true) !== day) return 'it is the file of another day';
  return undefined;
}

export function fileIdOf(header: Uint8Array): Uint8Array {
  return header.slice(16, 16 + fileIdBytes);
}

export function encodeTrailer(info: BlockInfo, fileId: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(trailerBytes);
  const view = new DataView(bytes.buffer);
  bytes.set(trailerMagic);
  view.setFloat64(8, info.sizeBytes, true);
  view.setFloat64(16, info.uptoSegment, true);
  view.setUint32(24, info.firstNumber, true);
  view.setUint32(28, info.lastNumber, true);
  view.setFloat64(32, info.points, true);
  view.setFloat64(40, info.chunks, true);
  view.setFloat64(48, info.maxSeries, true);
  view.setFloat64(56, info.firstMs, true);
  view.setFloat64(64, info.lastMs, true);
  view.setUint32(72, info.directoryBytes, true);
  view.setUint32(76, info.directoryChecksum, true);
  bytes.set(fileId, 80);
  view.setUint32(trailerBytes - 4, crc32(bytes.subarray(0, trailerBytes - 4)), true);
  return bytes;
}

/** @returns undefined when the bytes are no whole trailer of this file */
export function decodeTrailer(bytes: Uint8Array, fileId: Uint8Array): BlockInfo | undefined {
  if (bytes.length !== trailerBytes || Buffer.compare(bytes.subarray(0, 8), trailerMagic) !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(trailerBytes - 4, true) !== crc32(bytes.subarray(0, trailerBytes - 4))) return undefined;
  if (Buffer.compare(bytes.subarray(80, 80 + fileIdBytes), fileId) !== 0) return undefined;
  return {
    sizeBytes: view.getFloat64(8, true),
    uptoSegment: view.getFloat64(16, true),
    firstNumber: view.getUint32(24, true),
    lastNumber: view.getUint32(28, true),
    points: view.getFloat64(32, true),
    chunks: view.getFloat64(40, true),
    maxSeries: view.getFloat64(48, true),
    firstMs: view.getFloat64(56, true),
    lastMs: view.getFloat64(64, true),
    directoryBytes: view.getUint32(72, true),
    directoryChecksum: view.getUint32(76, true),
  };
}

/** Of each page: its first series, the first time of its first chunk (ms of the day), where it is, its checksum. */
export interface Directory {
  readonly length: number;
  series(page: number): number;
  firstMs(page: number): number;
  /** Where the page begins in the block; that of `length` is where the last one ends. */
  offset(page: number): number;
  checksum(page: number): number;
}

export function readDirectory(bytes: Uint8Array, day: number): Directory {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = bytes.length / directoryEntryBytes - 1;
  return {
    length,
    series: (page) => view.getUint32(page * directoryEntryBytes, true),
    firstMs: (page) => day * dayMs + view.getUint32(page * directoryEntryBytes + 4, true),
    offset: (page) => view.getFloat64(page * directoryEntryBytes + 8, true),
    checksum: (page) => view.getUint32(page * directoryEntryBytes + 16, true),
  };
}

export function writePageHeader(out: ByteWriter, day: number, entries: readonly ChunkEntry[]): void {
  out.varint(entries.length);
  let series = entries[0]?.series ?? 0;
  for (const entry of entries) {
    out.varint(entry.series - series);
    series = entry.series;
    out.varint(entry.firstMs - day * dayMs);
    out.varint(entry.lastMs - entry.firstMs);
    out.varint(entry.count);
    out.varint(entry.to - entry.from);
  }
}

/** A chunk of a page that has been read. */
export interface PageChunk<Block> extends ChunkEntry {
  readonly page: Uint8Array;
  readonly block: Block;
}

/**
 * The chunks of a page; with `only`, those of one series.
 * @param block to which the page belongs
 * @throws DamagedError
 */
export function readPageHeader<Block>(
  page: Uint8Array,
  day: number,
  firstSeries: number,
  block: Block,
  only?: number,
): PageChunk<Block>[] {
  const input = new ByteReader(page);
  const count = input.varint();
  // Made once and completed below, where it is known where the chunks begin: a merge reads millions of these.
  const chunks: { -readonly [Field in keyof PageChunk<Block>]: PageChunk<Block>[Field] }[] = [];
  let series = firstSeries;
  let from = 0;
  for (let i = 0; i < count; i++) {
    series += input.varint();
    const firstMs = day * dayMs + input.varint();
    const lastMs = firstMs + input.varint();
    const points = input.varint();
    const to = from + input.varint();
    if (only === undefined || only === series) {
      chunks.push({ series, firstMs, lastMs, count: points, from, to, page, block });
    }
    from = to;
  }
  const start = input.at;
  if (start + from !== page.length) throw new DamagedError('A page is not as long as it says.');
  for (const chunk of chunks) {
    chunk.from += start;
    chunk.to += start;
  }
  return chunks;
}
