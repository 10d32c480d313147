/**
 * The times of a chunk. All lie in one day, so every number here fits into 32 bits. Three forms: one constant step;
 * steps with how often each comes in a row; or the change from step to step (delta of delta).
 */
import { type ByteReader, type ByteWriter, DamagedError } from './bytes.ts';

const form = { constant: 0, runs: 1, changes: 2 } as const;

/**
 * @param ts strictly ascending; the first, the last and the count stand in the header of the chunk
 * @param from index of the first of `count` times
 */
export function encodeTimes(out: ByteWriter, ts: Float64Array, from: number, count: number): void {
  if (count < 2) return;
  let runs = 1;
  let step = (ts[from + 1] ?? 0) - (ts[from] ?? 0);
  const firstStep = step;
  for (let i = from + 2; i < from + count; i++) {
    const next = (ts[i] ?? 0) - (ts[i - 1] ?? 0);
    if (next !== step) runs++;
    step = next;
  }
  if (runs === 1) {
    out.byte(form.constant);
    return;
  }
  out.reserve(count * 5 + 16);
  // A run takes about three bytes, a change of step at least one.
  if (runs * 3 < count) {
    out.byte(form.runs);
    let length = 1;
    step = firstStep;
    for (let i = from + 2; i < from + count; i++) {
      const next = (ts[i] ?? 0) - (ts[i - 1] ?? 0);
      if (next === step) {
        length++;
        continue;
      }
      out.varint(step);
      out.varint(length);
      step = next;
      length = 1;
    }
    out.varint(step);
    out.varint(length);
    return;
  }
  out.byte(form.changes);
  out.varint(firstStep);
  step = firstStep;
  const bytes = out.bytes;
  let at = out.length;
  for (let i = from + 2; i < from + count; i++) {
    const next = (ts[i] ?? 0) - (ts[i - 1] ?? 0);
    const change = (next - step) | 0;
    step = next;
    let rest = (change << 1) ^ (change >> 31);
    while (rest >>> 0 >= 0x80) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
  }
  out.length = at;
}

/** Writes `count` times to `ts` from index `to` on. */
export function decodeTimes(
  input: ByteReader,
  ts: Float64Array,
  to: number,
  { firstMs, lastMs, count }: { readonly firstMs: number; readonly lastMs: number; readonly count: number },
): void {
  ts[to] = firstMs;
  if (count < 2) return;
  const end = to + count;
  let time = firstMs;
  switch (input.byte()) {
    case form.constant: {
      const step = (lastMs - firstMs) / (count - 1);
      for (let i = to + 1; i < end; i++) ts[i] = time += step;
      return;
    }
    case form.runs: {
      for (let i = to + 1; i < end; ) {
        const step = input.varint();
        const stop = Math.min(end, i + Math.max(1, input.varint()));
        for (; i < stop; i++) ts[i] = time += step;
      }
      return;
    }
    case form.changes: {
      let step = input.varint();
      ts[to + 1] = time += step;
      for (let i = to + 2; i < end; i++) {
        const coded = input.varint();
        step += (coded >>> 1) ^ -(coded & 1);
        ts[i] = time += step;
      }
      return;
    }
    default:
      throw new DamagedError('The times of a chunk have no known form.');
  }
}
