/** Numbers, times and sizes as the reader's language and time zone write them. */
import { useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import { readStored, writeStored } from '../theme.ts';

const storageKey = 'gapura.timeZone';
const listeners = new Set<() => void>();

/** Those of Indonesia by their names; `system` is the browser's own. */
export const timeZones = ['system', 'Asia/Jakarta', 'Asia/Makassar', 'Asia/Jayapura', 'UTC'] as const;
export type TimeZone = (typeof timeZones)[number];

let timeZone: TimeZone = timeZones.find((known) => known === readStored(storageKey)) ?? 'system';

export function setTimeZone(next: TimeZone): void {
  timeZone = next;
  writeStored(storageKey, next);
  for (const listener of listeners) listener();
}

export function useTimeZone(): TimeZone {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => timeZone,
  );
}

/** The IANA name of the zone in which times are shown. */
export function ianaOf(zone: TimeZone): string {
  return zone === 'system' ? Intl.DateTimeFormat().resolvedOptions().timeZone : zone;
}

export interface Format {
  /** 1,234.5 */
  number(value: number, maximumFractionDigits?: number): string;
  /** 12K, 3.4M */
  compact(value: number): string;
  /** 3.2 MB (decimal units, as disks are sold) */
  bytes(value: number): string;
  /** 21 Nov 2026, 10:45:12 */
  dateTime(ms: number): string;
  /** 21 Nov 2026 */
  date(ms: number): string;
  /** 10:45:12 */
  time(ms: number): string;
  /** 5 s ago, 3 hours ago, now */
  ago(ms: number, nowMs: number): string;
  /** 42 s, 3 min */
  duration(ms: number): string;
  percent(share: number): string;
}

export function createFormat(language: string, zone: TimeZone): Format {
  const locale = language === 'id' ? 'id-ID' : 'en-GB';
  const timeZone = ianaOf(zone);
  const numbers = new Map<number, Intl.NumberFormat>();
  const compact = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 1 });
  const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
  const dateTime = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'medium', timeZone });
  const date = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeZone });
  const time = new Intl.DateTimeFormat(locale, { timeStyle: 'medium', timeZone });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'always', style: 'short' });
  const units: readonly (readonly [limit: number, size: number, unit: Intl.RelativeTimeFormatUnit])[] = [
    [60_000, 1000, 'second'],
    [3_600_000, 60_000, 'minute'],
    [86_400_000, 3_600_000, 'hour'],
    [30 * 86_400_000, 86_400_000, 'day'],
    [365 * 86_400_000, 30 * 86_400_000, 'month'],
    [Number.POSITIVE_INFINITY, 365 * 86_400_000, 'year'],
  ];
  const sized = (value: number, unit: string): string =>
    new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'short', maximumFractionDigits: 1 }).format(
      value,
    );

  return {
    number(value, digits = 2) {
      let format = numbers.get(digits);
      if (format === undefined) {
        format = new Intl.NumberFormat(locale, { maximumFractionDigits: digits });
        numbers.set(digits, format);
      }
      return format.format(value);
    },
    compact: (value) => compact.format(value),
    bytes(value) {
      const steps = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'];
      const step = value < 1000 ? 0 : Math.min(steps.length - 1, Math.floor(Math.log10(value) / 3));
      return sized(value / 1000 ** step, steps[step] ?? 'byte');
    },
    dateTime: (ms) => dateTime.format(ms),
    date: (ms) => date.format(ms),
    time: (ms) => time.format(ms),
    ago(ms, nowMs) {
      const passed = nowMs - ms;
      const distance = Math.abs(passed);
      const [, size, unit] = units.find(([limit]) => distance < limit) ?? [0, 1000, 'second' as const];
      return relative.format(-Math.trunc(passed / size), unit);
    },
    duration(ms) {
      if (ms < 60_000) return sized(Math.max(0, Math.round(ms / 1000)), 'second');
      if (ms < 3_600_000) return sized(Math.round(ms / 60_000), 'minute');
      if (ms < 86_400_000) return sized(ms / 3_600_000, 'hour');
      return sized(ms / 86_400_000, 'day');
    },
    percent: (share) => percent.format(share),
  };
}

/** Made once for each language and zone: hundreds of cells write with it, and Intl takes its time to begin. */
const formats = new Map<string, Format>();

/** Writes in the current language and time zone. */
export function useFormat(): Format {
  const { i18n } = useTranslation();
  const zone = useTimeZone();
  const key = `${i18n.language} ${zone}`;
  let format = formats.get(key);
  if (format === undefined) {
    format = createFormat(i18n.language, zone);
    formats.set(key, format);
  }
  return format;
}
