import type { TelemetryValue } from './store.ts';

/** What a spreadsheet takes for the start of a formula, or lets one slip in behind (OWASP, CSV injection). */
const formulaStart = /^[=+\-@\t\r]/;
const needsQuotes = /[",\r\n]/;

/** A text as a cell (RFC 4180 §2): quoted where it must be, and never a formula. */
export function textCell(text: string): string {
  const harmless = formulaStart.test(text) ? `'${text}` : text;
  return needsQuotes.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

/** Numbers stay as they are, -5 too: a number is no formula. Null is an empty cell. */
export function valueCell(value: TelemetryValue | null): string {
  if (value === null) return '';
  if (typeof value === 'string') return textCell(value);
  return typeof value === 'object' ? textCell(value.json) : String(value);
}
