/** The body of a question over several devices into what the store is asked, and the cursor between its pages. */
import { createHash } from 'node:crypto';
import { jsonPointsLimit, queriedSeriesLimit, type TelemetrySeriesQuery } from '#contract/telemetry.ts';
import { AppError } from '../errors.ts';
import { decodeCursor, encodeCursor } from '../lib/cursor.ts';
import { dayMs, defaultJsonPoints, isTime, readIntervals, type TelemetryRead } from './query.ts';
import type { SeriesPosition, SeriesQuestion } from './series-page.ts';

/**
 * @param nowMs for the default range: the 24 hours up to and with this millisecond
 * @throws AppError `invalid_request`, `invalid_cursor`
 */
export function readSeriesQuestion({ cursor, ...query }: TelemetrySeriesQuery, nowMs: number): SeriesQuestion {
  const deviceIds = [...new Set(query.deviceIds)];
  const keys = [...new Set(query.keys)];
  const seriesCount = deviceIds.length * keys.length;
  if (seriesCount > queriedSeriesLimit) {
    throw invalid('keys', `make ${seriesCount} series with the devices; at most ${queriedSeriesLimit} are answered`);
  }
  const limit = query.limit ?? defaultJsonPoints;
  const fingerprint = fingerprintOf(query);
  // A range that ends now ends on every page where it ended on the first.
  const from = cursor === undefined ? undefined : readCursor(cursor, fingerprint, { seriesCount, limit });
  const toMs = from?.toMs ?? query.toTs ?? nowMs + 1;
  const fromMs = from?.fromMs ?? query.fromTs ?? toMs - dayMs;
  for (const [name, ms] of Object.entries({ fromTs: fromMs, toTs: toMs })) {
    if (!isTime(ms)) throw invalid(name, 'must be a time between the years 0 and 9999');
  }
  if (fromMs >= toMs) throw invalid('fromTs', 'must be before `toTs`');
  const { interval, aggregate, ...others } = query;
  const intervals = {
    ...others,
    ...(interval !== undefined && { interval: String(interval) }),
    ...(aggregate !== undefined && { aggregate: aggregate.join(',') }),
  };
  const read: Omit<TelemetryRead, 'keys' | 'format'> = {
    fromMs,
    toMs,
    order: query.order ?? 'asc',
    limit,
    ...readIntervals(intervals, fromMs, toMs, invalid),
  };
  return {
    deviceIds,
    keys,
    read,
    position: from?.position ?? { index: 0, taken: 0, afterMs: 0 },
    cursorAt: ({ index, taken, afterMs }) => encodeCursor([fingerprint, fromMs, toMs, index, taken, afterMs]),
  };
}

/** Of everything but the cursor, however its members are ordered. */
function fingerprintOf(query: Omit<TelemetrySeriesQuery, 'cursor'>): string {
  const members = Object.entries(query).sort(([a], [b]) => (a < b ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url').slice(0, 22);
}

/** A cursor comes from outside, but lets nobody ask what the body could not: it is held to the same limits. */
function readCursor(
  cursor: string,
  fingerprint: string,
  { seriesCount, limit }: { readonly seriesCount: number; readonly limit: number },
): { readonly fromMs: number; readonly toMs: number; readonly position: SeriesPosition } {
  const parts = decodeCursor(cursor, ['string', 'number', 'number', 'number', 'number', 'number']);
  if (parts === undefined) throw new AppError('invalid_cursor');
  const [writtenFor, fromMs, toMs, index, taken, afterMs] = [parts[0], ...parts.slice(1).map(Number)];
  if (writtenFor !== fingerprint) {
    throw new AppError(
      'invalid_cursor',
      'The cursor belongs to another question: all but `cursor` must stay the same.',
    );
  }
  if (fromMs === undefined || toMs === undefined) throw new AppError('invalid_cursor');
  if (!isWithin(index, 0, seriesCount - 1) || !isWithin(taken, 0, Math.min(limit, jsonPointsLimit) - 1)) {
    throw new AppError('invalid_cursor');
  }
  if (![fromMs, toMs].every((ms) => Number.isSafeInteger(ms) && isTime(ms)) || fromMs >= toMs) {
    throw new AppError('invalid_cursor');
  }
  // An interval may begin before the range does, as the day of the first point.
  if (!isWithin(afterMs, Number.MIN_SAFE_INTEGER, toMs)) throw new AppError('invalid_cursor');
  return { fromMs, toMs, position: { index, taken, afterMs } };
}

function isWithin(value: number | undefined, min: number, max: number): value is number {
  return Number.isSafeInteger(value) && value !== undefined && value >= min && value <= max;
}

function invalid(name: string, message: string): AppError {
  const path = `/body/${name}`;
  return new AppError('invalid_request', `${path} ${message}.`, { errors: [{ path, message }] });
}
