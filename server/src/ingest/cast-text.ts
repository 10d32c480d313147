/** Texts that hold a number. */
import { readDecimal } from './decimal.ts';

/** Starts like a plain decimal number. Linear: no part of it can give back what another could take. */
const plainNumber = /^-?(?:\d+(?:\.\d+)?|\.\d+)$/;
/** A number of up to 15 characters fits a double without a second look. */
const safeChars = 15;

/** `"42"` is stored as 42 (reference §1.3, type cast); other texts stay as they are. */
export function castText(text: string): number | string {
  const first = text.charCodeAt(0);
  // Digits, `-` and `.` lie between 0x2d and 0x39; an empty text gives NaN.
  if (!(first >= 0x2d && first <= 0x39) || !plainNumber.test(text)) return text.toWellFormed();
  if (text.length > safeChars) return readDecimal(text) ?? text;
  const value = Number(text);
  return value === 0 ? 0 : value;
}
