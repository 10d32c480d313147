/**
 * Texts and flags of a chunk. Few different texts become a dictionary and runs of its entries; texts that are all
 * different stand in a row. Either is deflated where that makes it smaller.
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { ByteReader, ByteWriter, DamagedError } from './bytes.ts';

const form = { dictionary: 0, plain: 1, deflated: 2 } as const;
const flagForm = { runs: 0, bits: 1 } as const;

/** Below this, deflating costs more than it saves. */
const deflateFromBytes = 200;
/** A chunk holds a few thousand texts of at most a megabyte or so in all: more is no work of ours. */
const inflatedLimit = 2 ** 30;

const scratch = new ByteWriter(64 * 1024);

export function encodeTexts(out: ByteWriter, texts: readonly string[]): void {
  const [first = ''] = texts;
  if (texts.length > 1 && first.length < deflateFromBytes / 4 && texts.every((text) => text === first)) {
    // A state that did not change: the same bytes as below, sooner.
    out.byte(form.dictionary);
    out.varint(1);
    out.text(first);
    out.varint(0);
    out.varint(texts.length);
    return;
  }
  const numbers = new Map<string, number>();
  for (const text of texts) {
    if (!numbers.has(text)) numbers.set(text, numbers.size);
  }
  const isDictionary = numbers.size <= texts.length / 2;
  scratch.clear();
  if (isDictionary) {
    scratch.varint(numbers.size);
    writeTexts(scratch, [...numbers.keys()]);
    writeRuns(
      scratch,
      texts.map((text) => numbers.get(text) ?? 0),
    );
  } else {
    writeTexts(scratch, texts);
  }
  const inner = isDictionary ? form.dictionary : form.plain;
  if (scratch.length >= deflateFromBytes) {
    const deflated = deflateRawSync(scratch.written(), { level: 1 });
    if (deflated.length + 5 < scratch.length) {
      out.byte(form.deflated);
      out.byte(inner);
      out.varint(scratch.length);
      out.varint(deflated.length);
      out.put(deflated);
      return;
    }
  }
  out.byte(inner);
  out.put(scratch.written());
}

/** @returns `count` texts */
export function decodeTexts(input: ByteReader, count: number): string[] {
  const outer = input.byte();
  if (outer !== form.deflated) return readInner(input, outer, count);
  const inner = input.byte();
  const length = input.varint();
  const deflated = input.take(input.varint());
  if (length > inflatedLimit) throw new DamagedError('The texts of a chunk are too long.');
  let inflated: Uint8Array;
  try {
    inflated = inflateRawSync(deflated, { maxOutputLength: Math.max(1, length) });
  } catch (error) {
    throw new DamagedError('The texts of a chunk cannot be inflated.', { cause: error });
  }
  return readInner(new ByteReader(inflated), inner, count);
}

function readInner(input: ByteReader, inner: number, count: number): string[] {
  if (inner === form.plain) return readTexts(input, count);
  if (inner !== form.dictionary) throw new DamagedError('The texts of a chunk have no known form.');
  const dictionary = readTexts(input, input.varint());
  return readRuns(input, count).map((number) => dictionary[number] ?? '');
}

/** Flags as 0 and 1: in runs, or a bit each when they change often. */
export function encodeFlags(out: ByteWriter, flags: readonly number[]): void {
  const runs = flags.reduce((sum, flag, i) => sum + (i === 0 || flag !== flags[i - 1] ? 1 : 0), 0);
  if (runs <= flags.length / 8 + 1) {
    out.byte(flagForm.runs);
    writeRuns(out, flags);
    return;
  }
  out.byte(flagForm.bits);
  for (let i = 0; i < flags.length; i += 8) {
    let bits = 0;
    for (let bit = 0; bit < 8; bit++) bits |= (flags[i + bit] ?? 0) << bit;
    out.byte(bits);
  }
}

export function decodeFlags(input: ByteReader, count: number): number[] {
  switch (input.byte()) {
    case flagForm.runs:
      return readRuns(input, count);
    case flagForm.bits: {
      const bits = input.take(Math.ceil(count / 8));
      return Array.from({ length: count }, (_, i) => ((bits[i >> 3] ?? 0) >> (i & 7)) & 1);
    }
    default:
      throw new DamagedError('The flags of a chunk have no known form.');
  }
}

/** Small numbers with how often each comes in a row. */
export function writeRuns(out: ByteWriter, numbers: readonly number[]): void {
  for (let i = 0; i < numbers.length; ) {
    const number = numbers[i] ?? 0;
    let length = 1;
    while (numbers[i + length] === number) length++;
    out.varint(number);
    out.varint(length);
    i += length;
  }
}

export function readRuns(input: ByteReader, count: number): number[] {
  const numbers: number[] = [];
  while (numbers.length < count) {
    const number = input.varint();
    const length = input.varint();
    if (length === 0 || length > count - numbers.length) throw new DamagedError('The runs of a chunk are too long.');
    for (let i = 0; i < length; i++) numbers.push(number);
  }
  return numbers;
}

function writeTexts(out: ByteWriter, texts: readonly string[]): void {
  for (const text of texts) out.text(text);
}

function readTexts(input: ByteReader, count: number): string[] {
  // A text takes a byte at least: no count can make this run on.
  if (count > input.left) throw new DamagedError('A chunk has fewer texts than it says.');
  const texts: string[] = [];
  for (let i = 0; i < count; i++) {
    const bytes = input.take(input.varint());
    texts.push(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8'));
  }
  return texts;
}
