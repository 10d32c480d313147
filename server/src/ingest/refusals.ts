import { faultOfName } from '../lib/text-rules.ts';
import type { Refusal } from './ingest.ts';

export const isRefusal = (result: object): result is Refusal => 'code' in result;

export function invalidPayload(detail: string): Refusal {
  return { code: 'invalid_payload', detail };
}

/** Longest piece of a device's own text in a message to it; more would make refusals larger than the payload. */
const maxQuotedChars = 40;

/** A JSON pointer (RFC 6901 §3) that is safe to show: long tokens are cut, control characters become `?`. */
export function pointerTo(tokens: readonly (string | number)[]): string {
  return tokens.map((token) => `/${showToken(String(token))}`).join('');
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const controlCharacters = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

function showToken(token: string): string {
  const cut = token.length > maxQuotedChars ? `${token.slice(0, maxQuotedChars)}…` : token;
  return cut.toWellFormed().replaceAll(controlCharacters, '?').replaceAll('~', '~0').replaceAll('/', '~1');
}

/** What a JSON value is, with its article, for sentences. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  switch (typeof value) {
    case 'object':
      return 'an object';
    case 'string':
      return 'a text';
    case 'boolean':
      return 'a boolean';
    default:
      return 'a number';
  }
}

/**
 * Keys of telemetry and attributes: 1 to 255 characters, not blank, no control characters, well-formed Unicode.
 * @returns the end of a sentence that starts with the place of the key, or undefined when all is well
 */
export function faultOfKey(key: string): string | undefined {
  // Nearly every key is short and of visible ASCII: that is seen without a regular expression.
  const { length } = key;
  if (length > 0 && length < 256) {
    let i = 0;
    while (i < length) {
      const code = key.charCodeAt(i);
      if (code <= 0x20 || code >= 0x7f) break;
      i++;
    }
    if (i === length) return undefined;
  }
  const fault = faultOfName(key);
  return fault === undefined ? undefined : `has a key that ${fault}`;
}
