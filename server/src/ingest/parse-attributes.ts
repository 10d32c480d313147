/** Client attributes as devices write them (reference §1.4): one flat JSON object. */
import type { Json } from '#contract/common.ts';
import type { Refusal } from './ingest.ts';
import { decodeText, faultOfNested, LongNumber, mayLoseDigits, parseJson, parseLossless } from './json-payload.ts';
import type { PayloadLimits } from './payload-limits.ts';
import { faultOfKey, invalidPayload, isRefusal, kindOf, pointerTo } from './refusals.ts';

export interface ParsedAttributes {
  readonly values: { readonly [key: string]: Json };
}

/**
 * Reads `{"k":v,…}`. Values keep their JSON types (`"1.10"` stays a text: it may be a version); nulls are skipped, as
 * ThingsBoard does on the device path; integers and fractions too long for a number become the text of their decimal.
 * Never throws.
 */
export function parseAttributes(payload: Uint8Array, limits: PayloadLimits): ParsedAttributes | Refusal {
  const text = decodeText(payload);
  if (text === undefined) return invalidPayload('The payload is not UTF-8.');
  const parsed = parseJson(text);
  if (isRefusal(parsed)) return parsed;
  const { value: message, json } = parsed;
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    return invalidPayload(`The payload is ${kindOf(message)}; it must be an object.`);
  }
  // Before anything that takes longer: what is refused shall cost less than what is taken.
  if (countOf(message) > limits.maxAttributes) {
    return invalidPayload(`The payload has more than ${limits.maxAttributes} attributes; send several messages.`);
  }
  // One level is the message itself.
  if (faultOfNested(message, limits.maxDepth + 1, true) === 'too_deep') {
    return invalidPayload(`The payload has more than ${limits.maxDepth} objects and arrays within each other.`);
  }
  const losesDigits =
    json !== text || mayLoseDigits(payload, text) || faultOfNested(message, limits.maxDepth + 1, false) !== undefined;
  return collect(losesDigits ? (parseLossless(json) as object) : message);
}

/** Nulls do not count. */
function countOf(message: object): number {
  let count = 0;
  for (const member of Object.values(message)) if (member !== null) count++;
  return count;
}

function collect(message: object): ParsedAttributes | Refusal {
  const entries: [string, Json][] = [];
  for (const [key, member] of Object.entries(message)) {
    if (member === null) continue;
    const keyFault = faultOfKey(key);
    if (keyFault !== undefined) return invalidPayload(`${pointerTo([key])} ${keyFault}.`);
    const value = toJson(member);
    if (value === undefined) return invalidPayload(`${pointerTo([key])} holds a number out of range.`);
    entries.push([key, value]);
  }
  // Defines members instead of assigning them: a key `__proto__` is a key.
  return { values: Object.fromEntries(entries) };
}

/** A copy with long numbers as texts and texts well-formed; undefined when a number is beyond all use. */
function toJson(value: unknown): Json | undefined {
  if (value instanceof LongNumber) return value.text;
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value === 'number') return value === 0 ? 0 : value;
  if (typeof value === 'boolean' || value === null) return value;
  if (Array.isArray(value)) {
    const elements = value.map(toJson);
    return elements.some((element) => element === undefined) ? undefined : (elements as Json[]);
  }
  const members = Object.entries(value as object).map(([key, member]) => [key.toWellFormed(), toJson(member)] as const);
  return members.some(([, member]) => member === undefined)
    ? undefined
    : (Object.fromEntries(members) as { [key: string]: Json });
}
