/** The JSON in a token: small, flat enough, and with no member twice. */
import { isUtf8 } from 'node:buffer';

export type Claims = { readonly [name: string]: unknown };

/** `{"aud":["…"]}` is the deepest that a token needs. */
const maxDepth = 4;

/**
 * @param part base64url, as `readForm` left it
 * @returns undefined when it is not a JSON object in UTF-8, too deep, or names a member twice: parsers differ in which of
 *   the two they take, and what one checks another would use (RFC 8725 §2.4)
 */
export function parseClaims(part: string): Claims | undefined {
  const bytes = Buffer.from(part, 'base64url');
  // A parser that throws captures a stack, which costs more than the whole check: most rubbish ends here.
  if (bytes[0] !== 0x7b || !isUtf8(bytes)) return undefined;
  const text = bytes.toString('utf8');
  const written = countMembers(text);
  if (written === undefined) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isObject(value) && countKept(value) === written ? value : undefined;
}

/** Colons outside of texts: as many as members were written. Undefined when it is too deep. */
function countMembers(text: string): number | undefined {
  let members = 0;
  let depth = 0;
  for (let i = 0; i < text.length; i++) {
    switch (text.charCodeAt(i)) {
      case 0x22: // "
        for (i++; i < text.length && text.charCodeAt(i) !== 0x22; i++) if (text.charCodeAt(i) === 0x5c) i++;
        break;
      case 0x3a: // :
        members++;
        break;
      case 0x5b: // [
      case 0x7b: // {
        if (++depth > maxDepth) return undefined;
        break;
      case 0x5d: // ]
      case 0x7d: // }
        depth--;
        break;
    }
  }
  return members;
}

function countKept(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let members = 0;
  for (const item of Object.values(value)) members += (Array.isArray(value) ? 0 : 1) + countKept(item);
  return members;
}

function isObject(value: unknown): value is Claims {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
