import type {
  AggregateFunction,
  DeletedTelemetry,
  LatestTelemetry,
  LatestTelemetryOfDevices,
  TelemetryAggregate,
  TelemetryKeyStats,
  TelemetryKeys,
  TelemetryRange,
  TelemetrySeriesPage,
  TelemetrySeriesQuery,
  WriteTelemetry,
} from '#contract/telemetry.ts';
import type { Query, Requester } from './requester.ts';

/** Milliseconds since the Unix epoch, a Date, or ISO 8601 with a time zone. */
export type Time = number | Date | string;

export interface TelemetryWindow {
  /** All keys when absent. */
  readonly keys?: readonly string[];
  /** Inclusive; 24 hours ago when absent. */
  readonly from?: Time;
  /** Exclusive; now when absent. */
  readonly to?: Time;
}

export interface RangeOptions extends TelemetryWindow {
  /** Points per key at most; 1000 when absent. */
  readonly limit?: number;
  readonly order?: 'asc' | 'desc';
}

export interface AggregateOptions extends RangeOptions {
  /** Width of an interval: milliseconds, or `10s`, `1m`, `1h`, `1d`, `1w`. */
  readonly interval?: number | string;
  /** Instead: how many intervals of equal width. With neither, the whole range is one interval. */
  readonly buckets?: number;
  readonly functions?: readonly AggregateFunction[];
}

export interface TelemetryClient {
  /** The latest point of each key. */
  latest(deviceId: string, keys?: readonly string[], signal?: AbortSignal): Promise<LatestTelemetry>;
  /** The same of up to 1000 devices in one request, by device id. */
  latestOf(
    deviceIds: readonly string[],
    keys?: readonly string[],
    signal?: AbortSignal,
  ): Promise<LatestTelemetryOfDevices>;
  /** Which keys a device has, how many points, since when. */
  keys(deviceId: string, signal?: AbortSignal): Promise<TelemetryKeyStats[]>;
  /** Raw points by key. */
  range(deviceId: string, options?: RangeOptions, signal?: AbortSignal): Promise<TelemetryRange>;
  /** Points summed up into intervals, by key. */
  aggregate(deviceId: string, options: AggregateOptions, signal?: AbortSignal): Promise<TelemetryAggregate>;
  /** A page of many series, raw or aggregated, in one request; `nextCursor` goes into the next question as `cursor`. */
  query(question: TelemetrySeriesQuery, signal?: AbortSignal): Promise<TelemetrySeriesPage>;
  /** Everything in the window as a stream of CSV or NDJSON, in bounded memory on both sides. */
  export(
    deviceId: string,
    options: RangeOptions & { readonly format: 'csv' | 'ndjson' },
    signal?: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>>;
  /** Where a browser can download the same from: for a link. */
  exportUrl(deviceId: string, options: RangeOptions & { readonly format: 'csv' | 'ndjson' }): string;
  /** Writes as the device itself would; resolves when it is durable. */
  write(deviceId: string, telemetry: WriteTelemetry, signal?: AbortSignal): Promise<void>;
  /** Deletes the window (everything when it names nothing). */
  delete(deviceId: string, window: TelemetryWindow, signal?: AbortSignal): Promise<DeletedTelemetry>;
}

export function createTelemetryClient({ json, raw, url }: Requester): TelemetryClient {
  const path = (deviceId: string): string => `/v1/devices/${deviceId}/telemetry`;
  return {
    latest: (deviceId, keys, signal) =>
      json('GET', `${path(deviceId)}/latest`, { query: { keys: keyList(keys) }, signal }),
    latestOf: (deviceIds, keys, signal) =>
      json('POST', '/v1/telemetry/latest', { json: { deviceIds, keys }, isRead: true, signal }),
    async keys(deviceId, signal) {
      return (await json<TelemetryKeys>('GET', `${path(deviceId)}/keys`, { signal })).keys;
    },
    range: (deviceId, options, signal) => json('GET', path(deviceId), { query: rangeQuery(options), signal }),
    aggregate(deviceId, { interval, buckets, functions, ...options }, signal) {
      const query = { ...rangeQuery(options), interval, buckets, aggregate: (functions ?? ['avg']).join(',') };
      return json('GET', path(deviceId), { query, signal });
    },
    query: (question, signal) => json('POST', '/v1/telemetry/query', { json: question, isRead: true, signal }),
    async export(deviceId, { format, ...options }, signal) {
      const answer = await raw('GET', path(deviceId), { query: { ...rangeQuery(options), format }, signal });
      return answer.body ?? new Blob([]).stream();
    },
    exportUrl: (deviceId, { format, ...options }) => url(path(deviceId), { ...rangeQuery(options), format }).href,
    write: (deviceId, telemetry, signal) => json('POST', path(deviceId), { json: telemetry, signal }),
    delete: (deviceId, window, signal) => json('DELETE', path(deviceId), { query: rangeQuery(window), signal }),
  };
}

function rangeQuery({ keys, from, to, limit, order }: RangeOptions = {}): Query {
  return { keys: keyList(keys), from: timeText(from), to: timeText(to), limit, order };
}

/** Keys are separated by commas, so a comma within one is escaped. */
function keyList(keys: readonly string[] | undefined): string | undefined {
  return keys?.map((key) => key.replaceAll('\\', '\\\\').replaceAll(',', '\\,')).join(',');
}

function timeText(time: Time | undefined): string | undefined {
  if (time === undefined) return undefined;
  return time instanceof Date ? String(time.getTime()) : String(time);
}
