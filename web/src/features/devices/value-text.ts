import type { Format } from '../../i18n/format.ts';

/** What a device sent, in one line: numbers as the reader writes them, all else as it is. Always text, never markup. */
export function valueText(value: unknown, format: Pick<Format, 'number'>): string {
  if (typeof value === 'number') return format.number(value, Math.abs(value) < 10 ? 3 : 2);
  if (typeof value === 'string') return value;
  return JSON.stringify(value) ?? '';
}
