/**
 * A segment: the points of one commit as they came, in plain columns, because it is written for every commit and read
 * only after a restart. All platforms of Node are little endian, so columns are their memory.
 */
import { crc32 } from 'node:zlib';
import { DamagedError } from './bytes.ts';

export interface SegmentColumns {
  readonly series: Uint32Array;
  readonly ts: Float64Array;
  readonly kind: Uint8Array;
  /** The number, 0 or 1 for a flag, or for text and JSON the index into `texts`. */
  readonly number: Float64Array;
  readonly texts: readonly string[];
}

const headerBytes = 32;
const version = 1;
const flag = { onlyNumbers: 1, shortTimes: 2 } as const;

/** checksum u32, version u8, flags u8, 2 empty, count u32, bytes of texts u32, first time f64, 8 empty; the columns */
export function encodeSegment({ series, ts, kind, number, texts }: SegmentColumns): Uint8Array {
  const count = ts.length;
  let baseMs = Infinity;
  let lastMs = -Infinity;
  let anyKind = 0;
  for (let i = 0; i < count; i++) {
    const time = ts[i] ?? 0;
    if (time < baseMs) baseMs = time;
    if (time > lastMs) lastMs = time;
    anyKind |= kind[i] ?? 0;
  }
  const shortTimes = lastMs - baseMs < 2 ** 32;
  const onlyNumbers = anyKind === 0;
  const text = texts.length === 0 ? '' : JSON.stringify(texts);
  const textBytes = Buffer.byteLength(text);
  const timeBytes = shortTimes ? 4 : 8;
  const columnBytes = count * (8 + timeBytes + 4 + (onlyNumbers ? 0 : 1));
  const bytes = new Uint8Array(headerBytes + columnBytes + textBytes);
  const view = new DataView(bytes.buffer);
  view.setUint8(4, version);
  view.setUint8(5, (onlyNumbers ? flag.onlyNumbers : 0) | (shortTimes ? flag.shortTimes : 0));
  view.setUint32(8, count, true);
  view.setUint32(12, textBytes, true);
  view.setFloat64(16, baseMs, true);
  let at = headerBytes;
  new Float64Array(bytes.buffer, at, count).set(number);
  at += 8 * count;
  if (shortTimes) {
    const times = new Uint32Array(bytes.buffer, at, count);
    for (let i = 0; i < count; i++) times[i] = (ts[i] ?? 0) - baseMs;
  } else {
    new Float64Array(bytes.buffer, at, count).set(ts);
  }
  at += timeBytes * count;
  new Uint32Array(bytes.buffer, at, count).set(series);
  at += 4 * count;
  if (!onlyNumbers) {
    bytes.set(kind, at);
    at += count;
  }
  if (textBytes > 0) Buffer.from(bytes.buffer, at, textBytes).write(text, 'utf8');
  view.setUint32(0, crc32(bytes.subarray(4)), true);
  return bytes;
}

/** @throws DamagedError */
export function decodeSegment(stored: Uint8Array): SegmentColumns {
  // Columns have to begin at multiples of eight.
  const bytes = stored.byteOffset % 8 === 0 ? stored : stored.slice();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < headerBytes || view.getUint32(0, true) !== crc32(bytes.subarray(4))) {
    throw new DamagedError('The checksum of a segment is wrong.');
  }
  if (view.getUint8(4) !== version) throw new DamagedError('A segment has an unknown version.');
  const flags = view.getUint8(5);
  const count = view.getUint32(8, true);
  const textBytes = view.getUint32(12, true);
  const baseMs = view.getFloat64(16, true);
  let at = bytes.byteOffset + headerBytes;
  const number = new Float64Array(bytes.buffer, at, count);
  at += 8 * count;
  let ts: Float64Array;
  if (flags & flag.shortTimes) {
    ts = Float64Array.from(new Uint32Array(bytes.buffer, at, count), (time) => baseMs + time);
    at += 4 * count;
  } else {
    ts = new Float64Array(bytes.buffer, at, count);
    at += 8 * count;
  }
  const series = new Uint32Array(bytes.buffer, at, count);
  at += 4 * count;
  let kind = new Uint8Array(count);
  if (!(flags & flag.onlyNumbers)) {
    kind = new Uint8Array(bytes.buffer as ArrayBuffer, at, count);
    at += count;
  }
  const texts: string[] = textBytes === 0 ? [] : JSON.parse(Buffer.from(bytes.buffer, at, textBytes).toString('utf8'));
  return { series, ts, kind, number, texts };
}
