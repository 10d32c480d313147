/** The JSON of devices: strict UTF-8, relaxed syntax, and no digit of a number is lost. */
import { toStrictJson } from '../lib/relaxed-json.ts';
import { readDecimal } from './decimal.ts';
import type { Refusal } from './ingest.ts';
import { invalidPayload } from './refusals.ts';

/** A number that a JavaScript number cannot hold without loss. */
export class LongNumber {
  /** As it was written. */
  readonly source: string;
  /** Its plain decimal; undefined when its exponent is beyond all use. */
  readonly text: string | undefined;

  constructor(source: string, text: string | undefined) {
    this.source = source;
    this.text = text;
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The text of a payload; undefined when it is not UTF-8. A byte order mark is skipped (RFC 8259 §8.1). */
export function decodeText(payload: Uint8Array): string | undefined {
  try {
    return decoder.decode(payload);
  } catch {
    return undefined;
  }
}

/**
 * Parses JSON, also such as ThingsBoard's lenient parser takes; a refusal that says where it breaks off when it is none.
 * @returns the value and its strict JSON, which is the text itself unless it was relaxed
 */
export function parseJson(text: string): { readonly value: unknown; readonly json: string } | Refusal {
  try {
    return { value: JSON.parse(text), json: text };
  } catch (error) {
    const json = toStrictJson(text);
    if (json === undefined) return invalidPayload(`The payload is not valid JSON${placeOf(error)}.`);
    return { value: JSON.parse(json), json };
  }
}

/** V8 quotes the text around the fault; only the place is told, the text may be a secret sent to the wrong topic. */
function placeOf(error: unknown): string {
  if (!(error instanceof SyntaxError)) return '';
  if (error.message === 'Unexpected end of JSON input') return ': it ends too early';
  const position = /at position (\d+)/.exec(error.message)?.[1];
  if (position !== undefined) return `: it breaks off at character ${position}`;
  const token = /^Unexpected token '([!-~])'/.exec(error.message)?.[1];
  return token === undefined ? '' : `: there is a ${token} where none may be`;
}

/**
 * Parses valid JSON as JSON.parse does, except that numbers which would lose digits come as `LongNumber`.
 * About ten times slower, so only for texts in which `mayLoseDigits` saw something. Recursive: look at the depth first.
 */
export function parseLossless(text: string): unknown {
  // The third parameter carries the number as it was written (ECMAScript "JSON.parse source text access").
  return JSON.parse(text, (_key: string, value: unknown, ...[context]: { readonly source?: string }[]) => {
    const source = context?.source;
    if (typeof value !== 'number' || source === undefined) return value;
    const read = readDecimal(source);
    return typeof read === 'number' ? read : new LongNumber(source, read);
  });
}

/** Writes a value from `parseLossless` as JSON, long numbers as they came. */
export function stringifyLossless(value: unknown): string {
  return JSON.stringify(value, (_key, member: unknown) => (member instanceof LongNumber ? raw(member.source) : member));
}

const raw = (source: string): unknown => (JSON as unknown as RawJson).rawJSON(source);
/** In Node since 22; TypeScript's library does not know it yet. */
interface RawJson {
  rawJSON(text: string): unknown;
}

/** How a number with a negative exponent goes on behind its digits. */
const negativeExponent = /\d[eE]-/;

/** The shortest run of digits that may not fit a double: 2^53 has 16. */
const longRun = 16;

/**
 * Whether a number in this JSON may have more digits than JSON.parse keeps: a run of 16 digits or a negative exponent
 * is somewhere, if only in a text. Looks at every 16th byte, so it costs next to nothing.
 */
export function mayLoseDigits(payload: Uint8Array, text: string): boolean {
  for (let i = longRun - 1; i < payload.length; i += longRun) {
    if (!isDigit(payload[i])) continue;
    let first = i;
    while (isDigit(payload[first - 1])) first--;
    let last = i;
    while (isDigit(payload[last + 1])) last++;
    if (last - first + 1 >= longRun) return true;
    i = Math.max(i, last - longRun + 1);
  }
  return negativeExponent.test(text);
}

const isDigit = (byte: number | undefined): boolean => byte !== undefined && byte >= 0x30 && byte <= 0x39;

export type NestedFault = 'too_deep' | 'digits_lost';

/**
 * Walks into objects and arrays, at most `levels` deep.
 * @param isExact whether the value comes from `parseLossless`; otherwise a number beyond the safe integers is a fault
 */
export function faultOfNested(value: unknown, levels: number, isExact: boolean): NestedFault | undefined {
  if (typeof value === 'number') return isExact || isSafeNumber(value) ? undefined : 'digits_lost';
  if (typeof value !== 'object' || value === null || value instanceof LongNumber) return undefined;
  if (levels === 0) return 'too_deep';
  for (const member of Array.isArray(value) ? value : Object.values(value)) {
    const fault = faultOfNested(member, levels - 1, isExact);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

/** Beyond 2^53 JSON.parse rounds integers, and makes Infinity of the largest numbers. */
export const isSafeNumber = (value: number): boolean => Math.abs(value) <= Number.MAX_SAFE_INTEGER;
