/**
 * The numbers of a chunk, exactly. What sensors send are decimals of a few digits: `21.37` becomes 2137 and then the
 * difference to its neighbour, mostly one byte or two. What is none is kept as it is, in 4 bytes where that loses
 * nothing (numbers that were 32-bit floats), else in 8.
 */
import { type ByteReader, type ByteWriter, DamagedError } from './bytes.ts';

const form = { constant: 0, scaled: 1, float32: 2, float64: 3 } as const;

const powers = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9] as const;
/** More digits after the point than this are no reading but a calculation, which uses them all. */
const maxDigits = powers.length - 1;
/** The difference of two scaled numbers, doubled for its sign, still has to be exact. */
const maxScaled = 2 ** 50;

export function encodeNumbers(out: ByteWriter, values: Float64Array, count: number): void {
  const first = values[0] ?? 0;
  if (isConstant(values, count)) {
    out.byte(form.constant);
    out.f64(first);
    return;
  }
  const start = out.length;
  out.byte(form.scaled);
  const digits = digitsOf(values, count);
  if (digits >= 0) {
    out.byte(digits);
    if (encodeScaled(out, values, count, powers[digits] ?? 1, start + 8 * count)) return;
  }
  out.length = start;
  if (values.subarray(0, count).every((value) => Object.is(Math.fround(value), value))) {
    out.byte(form.float32);
    out.reserve(4 * count);
    for (let i = 0; i < count; i++) out.f32(values[i] ?? 0);
    return;
  }
  out.byte(form.float64);
  out.reserve(8 * count);
  for (let i = 0; i < count; i++) out.f64(values[i] ?? 0);
}

export function decodeNumbers(input: ByteReader, values: Float64Array, count: number): void {
  switch (input.byte()) {
    case form.constant:
      values.fill(input.f64(), 0, count);
      return;
    case form.scaled: {
      const power = powers[input.byte()];
      if (power === undefined) throw new DamagedError('The numbers of a chunk have no known scale.');
      let scaled = 0;
      for (let i = 0; i < count; i++) {
        scaled += input.signed();
        values[i] = scaled / power;
      }
      return;
    }
    case form.float32:
      for (let i = 0; i < count; i++) values[i] = input.f32();
      return;
    case form.float64:
      for (let i = 0; i < count; i++) values[i] = input.f64();
      return;
    default:
      throw new DamagedError('The numbers of a chunk have no known form.');
  }
}

function isConstant(values: Float64Array, count: number): boolean {
  const first = values[0] ?? 0;
  for (let i = 1; i < count; i++) {
    if (!Object.is(values[i], first)) return false;
  }
  return true;
}

/** The digits after the point with which every value is a whole number; -1 when there is no such number of digits. */
function digitsOf(values: Float64Array, count: number): number {
  let digits = 0;
  let power = 1;
  for (let i = 0; i < count; i++) {
    const value = values[i] ?? 0;
    // Whole numbers divided by powers of ten are rounded correctly, so the way back is exact (IEEE 754 §4.3). -0 is not.
    while (Math.round(value * power) / power !== value) {
      if (digits === maxDigits) return -1;
      power = powers[++digits] ?? 1;
    }
    if (value === 0 && Object.is(value, -0)) return -1;
  }
  return digits;
}

/** @returns false when a number is too large, or the whole would take more than up to `limit` */
function encodeScaled(out: ByteWriter, values: Float64Array, count: number, power: number, limit: number): boolean {
  out.reserve(9 * count);
  let previous = 0;
  const bytes = out.bytes;
  for (let i = 0; i < count; i++) {
    const value = values[i] ?? 0;
    const scaled = Math.round(value * power);
    if (!(Math.abs(scaled) <= maxScaled) || scaled / power !== value) return false;
    const step = scaled - previous;
    previous = scaled;
    if (step >= -0x3fff_ffff && step <= 0x3fff_ffff) {
      let rest = (step << 1) ^ (step >> 31);
      let at = out.length;
      while (rest >= 0x80) {
        bytes[at++] = (rest & 0x7f) | 0x80;
        rest >>>= 7;
      }
      bytes[at++] = rest;
      out.length = at;
    } else {
      out.signed(step);
    }
  }
  return out.length <= limit;
}
