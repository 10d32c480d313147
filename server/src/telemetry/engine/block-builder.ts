/** Makes the bytes of a block from points that come series by series. */
import { crc32 } from 'node:zlib';
import {
  type BlockInfo,
  type ChunkEntry,
  directoryEntryBytes,
  encodeTrailer,
  trailerBytes,
  writePageHeader,
} from './block-format.ts';
import { ByteWriter } from './bytes.ts';
import { encodeChunk } from './chunk-codec.ts';
import { dayMs } from './day.ts';
import type { Points } from './points.ts';

/** Points in one chunk at most: a question about an hour of a busy day shall not decode all of the day. */
export const chunkPointsLimit = 4096;
/** A page is closed when its chunks take this much: one read of the disk, and one checksum to verify. */
const pageBytes = 8192;
const pageChunksLimit = 128;

export class BlockBuilder {
  readonly day: number;
  /** Finished bytes that nobody has taken. */
  #pieces: Uint8Array[] = [];
  #sizeBytes = 0;
  readonly #payload = new ByteWriter(2 * pageBytes);
  readonly #page = new ByteWriter(3 * pageBytes);
  readonly #directory = new ByteWriter(1024);
  #entries: ChunkEntry[] = [];
  points = 0;
  #chunks = 0;
  #maxSeries = 0;
  #firstMs = Infinity;
  #lastMs = -Infinity;

  constructor(day: number) {
    this.day = day;
  }

  /** Of the pages that are finished. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Adds points `from` to `to` (not included) of a series, settled and all of this day. Series come in their order. */
  add(series: number, points: Points, from: number, to: number): void {
    for (let start = from; start < to; start += chunkPointsLimit) {
      const end = Math.min(to, start + chunkPointsLimit);
      const at = this.#payload.length;
      encodeChunk(this.#payload, points, start, end);
      this.#entries.push({
        series,
        firstMs: points.ts[start] ?? 0,
        lastMs: points.ts[end - 1] ?? 0,
        count: end - start,
        from: at,
        to: this.#payload.length,
      });
      this.#noted(end - start, points.ts[start] ?? 0, points.ts[end - 1] ?? 0, series);
    }
  }

  /** Adds a chunk as it is. */
  addEncoded(entry: ChunkEntry, page: Uint8Array): void {
    const at = this.#payload.length;
    this.#payload.put(page.subarray(entry.from, entry.to));
    this.#entries.push({ ...entry, from: at, to: this.#payload.length });
    this.#noted(entry.count, entry.firstMs, entry.lastMs, entry.series);
  }

  /** The bytes that are finished, in order; each only once. */
  take(): Uint8Array[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  /** The last bytes of the block are ready to be taken. */
  finish(place: Pick<BlockInfo, 'uptoSegment' | 'firstNumber' | 'lastNumber'>, fileId: Uint8Array): BlockInfo {
    this.#closePage();
    this.#directoryEntry(0, 0, 0);
    const directory = this.#directory.copy();
    const info: BlockInfo = {
      ...place,
      sizeBytes: this.#sizeBytes + directory.length + trailerBytes,
      points: this.points,
      chunks: this.#chunks,
      maxSeries: this.#maxSeries,
      firstMs: this.#firstMs,
      lastMs: this.#lastMs,
      directoryBytes: directory.length,
      directoryChecksum: crc32(directory),
    };
    this.#pieces.push(directory, encodeTrailer(info, fileId));
    return info;
  }

  #noted(count: number, firstMs: number, lastMs: number, series: number): void {
    this.points += count;
    this.#chunks++;
    this.#maxSeries = series;
    if (firstMs < this.#firstMs) this.#firstMs = firstMs;
    if (lastMs > this.#lastMs) this.#lastMs = lastMs;
    if (this.#payload.length >= pageBytes || this.#entries.length >= pageChunksLimit) this.#closePage();
  }

  #closePage(): void {
    const [first] = this.#entries;
    if (first === undefined) return;
    this.#page.clear();
    writePageHeader(this.#page, this.day, this.#entries);
    this.#page.put(this.#payload.written());
    const bytes = this.#page.copy();
    this.#directoryEntry(first.series, first.firstMs - this.day * dayMs, crc32(bytes));
    this.#pieces.push(bytes);
    this.#sizeBytes += bytes.length;
    this.#payload.clear();
    this.#entries = [];
  }

  #directoryEntry(series: number, firstMs: number, checksum: number): void {
    const start = this.#directory.length;
    this.#directory.u32(series);
    this.#directory.u32(firstMs);
    this.#directory.f64(this.#sizeBytes);
    this.#directory.u32(checksum);
    if (this.#directory.length - start !== directoryEntryBytes) throw new Error('An entry has another size.');
  }
}
