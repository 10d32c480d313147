/** Days in UTC, counted from 1970-01-01: each has a file of its own. */
export const dayMs = 86_400_000;

/** The furthest time from 1970 that a Date can hold, in ms (ECMA-262 §21.4.1.1). */
export const maxTimeMs = 8.64e15;

export function dayOf(ts: number): number {
  return Math.floor(ts / dayMs);
}

/** `2026-01-31`; years before 0 and after 9999 have a sign and six digits (ISO 8601). */
export function dayName(day: number): string {
  return new Date(day * dayMs).toISOString().replace(/T.*$/, '');
}

export const daySuffix = '.day';

/** Whether a file of this name in the directory of the store holds a day. */
export function isDayFileName(name: string): boolean {
  return name.endsWith(daySuffix) && dayOfName(name.slice(0, -daySuffix.length)) !== undefined;
}

/** @returns undefined when it is no name of a day */
export function dayOfName(name: string): number | undefined {
  const ms = /^([+-]\d{2})?\d{4}-\d{2}-\d{2}$/.test(name) ? Date.parse(`${name}T00:00:00Z`) : Number.NaN;
  return Number.isNaN(ms) || dayName(ms / dayMs) !== name ? undefined : ms / dayMs;
}
