/** A chunk: some points of one series within one day, compressed. */
import { valueKind } from '../columns.ts';
import { ByteReader, type ByteWriter, DamagedError } from './bytes.ts';
import { decodeNumbers, encodeNumbers } from './number-codec.ts';
import { isTextual, type Points } from './points.ts';
import { decodeFlags, decodeTexts, encodeFlags, encodeTexts, readRuns, writeRuns } from './text-codec.ts';
import { decodeTimes, encodeTimes } from './time-codec.ts';

/** What is known of a chunk without decoding it. Times are ms since the Unix epoch. */
export interface ChunkSpan {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly count: number;
}

/** Stands where the kind of all values stands when they are of several kinds. */
const mixed = 0xff;
/** The order in which the columns of a mixed chunk follow. */
const kinds = [valueKind.number, valueKind.text, valueKind.boolean, valueKind.json] as const;

let numbers = new Float64Array(4096);

/** Encodes points `from` to `to` (not included), which are settled and of one day. */
export function encodeChunk(out: ByteWriter, points: Points, from: number, to: number): void {
  const count = to - from;
  encodeTimes(out, points.ts, from, count);
  const { kind } = points;
  const first = kind[from] ?? 0;
  let single = true;
  for (let i = from + 1; i < to; i++) {
    if (kind[i] !== first) {
      single = false;
      break;
    }
  }
  if (single) {
    out.byte(first);
    encodeColumn(out, points, from, to, first);
    return;
  }
  out.byte(mixed);
  writeRuns(out, Array.from(kind.subarray(from, to)));
  for (const one of kinds) {
    if (kind.subarray(from, to).includes(one)) encodeColumn(out, points, from, to, one);
  }
}

function encodeColumn(out: ByteWriter, points: Points, from: number, to: number, one: number): void {
  const { kind, number, texts } = points;
  if (isTextual(one)) {
    const column: string[] = [];
    for (let i = from; i < to; i++) if (kind[i] === one) column.push(texts[number[i] ?? 0] ?? '');
    encodeTexts(out, column);
  } else if (one === valueKind.boolean) {
    const column: number[] = [];
    for (let i = from; i < to; i++) if (kind[i] === one) column.push(number[i] ?? 0);
    encodeFlags(out, column);
  } else {
    if (numbers.length < to - from) numbers = new Float64Array(to - from);
    let count = 0;
    for (let i = from; i < to; i++) if (kind[i] === one) numbers[count++] = number[i] ?? 0;
    encodeNumbers(out, numbers, count);
  }
}

/**
 * Adds the points of a chunk to `points`.
 * @throws DamagedError when the bytes are no chunk
 */
export function decodeChunk(bytes: Uint8Array, span: ChunkSpan, points: Points): void {
  const { count } = span;
  const input = new ByteReader(bytes);
  points.reserve(count);
  const from = points.length;
  decodeTimes(input, points.ts, from, span);
  const first = input.byte();
  if (first !== mixed) {
    points.kind.fill(first, from, from + count);
    decodeColumn(input, points, from, count, first, true);
  } else {
    points.kind.set(readRuns(input, count), from);
    const column = points.kind.subarray(from, from + count);
    for (const one of kinds) {
      let ofKind = 0;
      for (let i = 0; i < count; i++) if (column[i] === one) ofKind++;
      if (ofKind > 0) decodeColumn(input, points, from, ofKind, one, false);
    }
  }
  if (input.left !== 0) throw new DamagedError('A chunk is longer than its points.');
  points.length = from + count;
}

/** @param count of values of this kind */
function decodeColumn(
  input: ByteReader,
  points: Points,
  from: number,
  count: number,
  one: number,
  single: boolean,
): void {
  const { kind, number, texts } = points;
  if (one === valueKind.number && single) {
    decodeNumbers(input, number.subarray(from, from + count), count);
    return;
  }
  let at = from;
  const put = (value: number): void => {
    if (!single) while (kind[at] !== one) at++;
    number[at++] = value;
  };
  if (isTextual(one)) {
    for (const text of decodeTexts(input, count)) put(texts.push(text) - 1);
  } else if (one === valueKind.boolean) {
    for (const flag of decodeFlags(input, count)) put(flag);
  } else if (one === valueKind.number) {
    const column = new Float64Array(count);
    decodeNumbers(input, column, count);
    for (const value of column) put(value);
  } else {
    throw new DamagedError(`There is no kind of value ${one}.`);
  }
}
