/** Query strings of the telemetry routes into what the store is asked. */
import {
  type AggregateFunction,
  aggregateFunctions,
  type DeleteTelemetryQuery,
  jsonPointsLimit,
  latestDevicesInAddressLimit,
  type TelemetryFormat,
  type TelemetryQuery,
} from '#contract/telemetry.ts';
import { AppError } from '../errors.ts';
import { type CalendarUnit, calendarStarts, calendarUnits, isTimeZone } from './calendar.ts';

export const dayMs = 24 * 3600 * 1000;
export const defaultJsonPoints = 1000;
/** The years 0 to 9999 of ISO 8601; far from where whole milliseconds end. */
const minTimeMs = Date.UTC(0, 0, 1) - dayMs;
const maxTimeMs = Date.UTC(10_000, 0, 1) + dayMs;

const unitsMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: dayMs,
  w: 7 * dayMs,
};

export interface TelemetryRead {
  /** Undefined for all keys of the device. */
  readonly keys: readonly string[] | undefined;
  readonly fromMs: number;
  readonly toMs: number;
  readonly order: 'asc' | 'desc';
  /** Points or buckets per key. */
  readonly limit: number;
  readonly format: TelemetryFormat;
  readonly buckets: BucketRead | undefined;
  /** So many points of each key, chosen to show how it runs; undefined for all. */
  readonly downsampleTo: number | undefined;
}

export interface BucketRead {
  /** A width in ms, or the starts of all intervals in their order. */
  readonly intervalMs: number | readonly number[];
  readonly functions: readonly AggregateFunction[];
}

/** Calendar intervals of one question: a century of days. */
const calendarLimit = 40_000;

/**
 * @param nowMs for the default range: the 24 hours up to and with this millisecond
 * @throws AppError `invalid_request`
 */
export function readTelemetryQuery(query: TelemetryQuery, nowMs: number): TelemetryRead {
  const toMs = query.to === undefined ? nowMs + 1 : readTime('to', query.to);
  const fromMs = query.from === undefined ? toMs - dayMs : readTime('from', query.from);
  if (fromMs >= toMs) throw invalid('from', 'must be before `to`');
  const format = query.format ?? 'json';
  if (format === 'json' && (query.limit ?? 0) > jsonPointsLimit) {
    throw invalid('limit', `must be at most ${jsonPointsLimit} for JSON; csv and ndjson have no limit`);
  }
  return {
    keys: readKeys(query.keys),
    fromMs,
    toMs,
    order: query.order ?? 'asc',
    limit: query.limit ?? (format === 'json' ? defaultJsonPoints : Infinity),
    format,
    ...readIntervals(query, fromMs, toMs, invalid),
  };
}

/** @returns all of time unless the query says otherwise */
export function readDeleteQuery(query: DeleteTelemetryQuery): {
  keys: readonly string[] | undefined;
  fromMs: number;
  toMs: number;
} {
  const fromMs = query.from === undefined ? Number.MIN_SAFE_INTEGER : readTime('from', query.from);
  const toMs = query.to === undefined ? Number.MAX_SAFE_INTEGER : readTime('to', query.to);
  if (fromMs >= toMs) throw invalid('from', 'must be before `to`');
  return { keys: readKeys(query.keys), fromMs, toMs };
}

/** `a,b\,c` → `a` and `b,c`; each key once. */
export function readKeys(text: string | undefined): string[] | undefined {
  if (text === undefined) return undefined;
  const keys: string[] = [];
  let key = '';
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    const next = text[i + 1];
    if (char === '\\' && (next === ',' || next === '\\')) {
      key += next;
      i++;
    } else if (char === ',') {
      keys.push(key);
      key = '';
    } else {
      key += char;
    }
  }
  keys.push(key);
  const named = [...new Set(keys.filter((one) => one !== ''))];
  if (named.length === 0) throw invalid('keys', 'must name a key');
  return named;
}

/** @throws AppError `invalid_request` on none or on more than the limit */
export function readDeviceIds(text: string): string[] {
  const ids = [...new Set(text.split(',').filter((id) => id !== ''))];
  if (ids.length === 0 || ids.length > latestDevicesInAddressLimit) {
    throw invalid('deviceIds', `must name 1 to ${latestDevicesInAddressLimit} devices; POST takes more`);
  }
  return ids;
}

type Refuse = (name: string, message: string) => AppError;

/** @param refuse makes the error that names the member in the address or the body */
export function readIntervals(
  query: Pick<TelemetryQuery, 'interval' | 'timeZone' | 'buckets' | 'aggregate'>,
  fromMs: number,
  toMs: number,
  refuse: Refuse,
): Pick<TelemetryRead, 'buckets' | 'downsampleTo'> {
  if (query.aggregate?.trim().toLowerCase() !== 'lttb') {
    return { buckets: readBuckets(query, fromMs, toMs, refuse), downsampleTo: undefined };
  }
  if (query.buckets === undefined || query.buckets < 3) throw refuse('buckets', 'must be 3 or more for lttb');
  if (query.interval !== undefined) throw refuse('interval', 'must not stand beside lttb');
  return { buckets: undefined, downsampleTo: query.buckets };
}

function readBuckets(
  { interval, buckets, aggregate, timeZone }: Parameters<typeof readIntervals>[0],
  fromMs: number,
  toMs: number,
  refuse: Refuse,
): TelemetryRead['buckets'] {
  const unit = calendarUnits.find((one) => one === interval);
  if (timeZone !== undefined && unit === undefined) {
    throw refuse('timeZone', 'is for the intervals day, week and month');
  }
  if (interval === undefined && buckets === undefined && aggregate === undefined) return undefined;
  if (interval !== undefined && buckets !== undefined) throw refuse('buckets', 'must not stand beside `interval`');
  const functions = readFunctions(aggregate ?? 'avg', refuse);
  if (unit !== undefined) {
    return { intervalMs: readCalendar(unit, timeZone ?? 'UTC', { fromMs, toMs }, refuse), functions };
  }
  if (interval !== undefined) return { intervalMs: readInterval(interval, refuse), functions };
  return { intervalMs: Math.max(1, Math.ceil((toMs - fromMs) / (buckets ?? 1))), functions };
}

function readCalendar(
  unit: CalendarUnit,
  timeZone: string,
  range: { readonly fromMs: number; readonly toMs: number },
  refuse: Refuse,
): readonly number[] {
  // A `+` that was not percent-encoded arrives as a space.
  const zone = timeZone.replace(' ', '+');
  if (!isTimeZone(zone)) throw refuse('timeZone', 'must be a time zone, such as Asia/Jakarta or +07:00');
  const starts = calendarStarts(unit, zone, range, calendarLimit);
  if (starts === undefined) throw refuse('interval', `must not make more than ${calendarLimit} intervals`);
  return starts;
}

function readFunctions(text: string, refuse: Refuse): AggregateFunction[] {
  const names = [...new Set(text.split(',').map((name) => name.trim().toLowerCase()))];
  return names.map((name) => {
    const known = aggregateFunctions.find((candidate) => candidate === name);
    if (known === undefined) {
      throw refuse('aggregate', `must be of ${aggregateFunctions.join(', ')}, separated by commas, or lttb alone`);
    }
    return known;
  });
}

function readInterval(text: string, refuse: Refuse): number {
  const [, digits = '', unit = 'ms'] = /^(\d+)([a-z]*)$/.exec(text) ?? [];
  const intervalMs = Number(digits) * (unitsMs[unit === '' ? 'ms' : unit] ?? Number.NaN);
  // A wider interval than all of time is the same as all of time.
  if (!(intervalMs >= 1)) throw refuse('interval', 'must be milliseconds, or a number with ms, s, m, h, d or w');
  return Math.min(intervalMs, maxTimeMs - minTimeMs);
}

/** A date alone is midnight UTC; a time needs its zone, or two readers would understand two times. */
const iso = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2}))?$/i;

/** @throws AppError `invalid_request` */
export function readTime(name: 'from' | 'to', text: string): number {
  // A `+` that was not percent-encoded arrives as a space.
  const written = text.replace(' ', '+');
  const ms = /^-?\d{1,16}$/.test(text) ? Number(text) : iso.test(written) ? Date.parse(written) : Number.NaN;
  if (!isTime(ms)) {
    throw invalid(
      name,
      'must be milliseconds since the Unix epoch or an ISO 8601 time with its zone, as 2026-01-31T08:00:00Z',
    );
  }
  return ms;
}

/** Whether it is a time that the platform API takes. */
export function isTime(ms: number): boolean {
  return ms >= minTimeMs && ms <= maxTimeMs;
}

function invalid(name: string, message: string): AppError {
  const path = `/querystring/${name}`;
  return new AppError('invalid_request', `${path} ${message}.`, { errors: [{ path, message }] });
}
