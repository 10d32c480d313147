import type { TelemetryValue } from './store.ts';

/**
 * A value as JSON on one line. Objects and arrays are stored as their text and go out as that text, so that numbers in
 * them keep all their digits.
 */
export function valueToJson(value: TelemetryValue | null): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  // A line break can only stand between the tokens of a JSON text, where a space means the same.
  return /[\r\n]/.test(value.json) ? value.json.replace(/[\r\n]+/g, ' ') : value.json;
}

/** `{"ts":…,"value":…}` */
export function pointToJson(point: { readonly ts: number; readonly value: TelemetryValue }): string {
  return `{"ts":${point.ts},"value":${valueToJson(point.value)}}`;
}
