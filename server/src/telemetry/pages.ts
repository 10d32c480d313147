/** Long ranges in pages, so that reading a year takes as much memory as reading a minute. */
import type { AggregateFunction } from '#contract/telemetry.ts';
import type { BucketRead, TelemetryRead } from './query.ts';
import type { DeviceRef, TelemetryStore, TelemetryValue } from './store.ts';

/** Points of one question to the store: about half a megabyte. */
const pointsPerPage = 5000;
/** Buckets of one question to the store. */
const bucketsPerPage = 1000;

/** One line of an answer: a point has one value, a bucket one of each function. */
export interface Row {
  readonly ts: number;
  readonly values: readonly (TelemetryValue | null)[];
}

export interface SeriesPage {
  readonly key: string;
  readonly rows: readonly Row[];
}

export type PagedRead = Omit<TelemetryRead, 'keys' | 'format'> & { readonly keys: readonly string[] };

/** One series, from the row after the one at `afterMs` on when that is given (but lttb, which is always read whole). */
export type SeriesRead = Omit<PagedRead, 'keys'> & { readonly afterMs?: number | undefined };

/** The names of what stands in `Row.values`. */
export function columnsOf(read: Pick<TelemetryRead, 'buckets'>): readonly ('value' | AggregateFunction)[] {
  return read.buckets?.functions ?? ['value'];
}

/** Key after key, each in the order asked; a key has any number of pages, also none. */
export async function* readPages(
  store: Pick<TelemetryStore, 'range' | 'aggregate' | 'downsample'>,
  device: DeviceRef,
  read: PagedRead,
): AsyncGenerator<SeriesPage> {
  for (const key of read.keys) {
    for await (const rows of readSeries(store, device, key, read)) yield { key, rows };
  }
}

/** The rows of one series in pages, none of them empty. */
export function readSeries(
  store: Pick<TelemetryStore, 'range' | 'aggregate' | 'downsample'>,
  device: DeviceRef,
  key: string,
  read: SeriesRead,
): AsyncGenerator<Row[]> {
  const { buckets, downsampleTo } = read;
  if (downsampleTo !== undefined) return sampledPage(store, device, key, { ...read, downsampleTo });
  return buckets === undefined
    ? rawPages(store, device, key, read)
    : bucketPages(store, device, key, { ...read, buckets });
}

async function* sampledPage(
  store: Pick<TelemetryStore, 'downsample'>,
  device: DeviceRef,
  key: string,
  { fromMs, toMs, order, limit, downsampleTo }: SeriesRead & { readonly downsampleTo: number },
): AsyncGenerator<Row[]> {
  const found = await store.downsample({ ...device, keys: [key], fromMs, toMs, points: downsampleTo });
  const rows = (found.get(key) ?? []).map(({ ts, value }) => ({ ts, values: [value] }));
  if (order === 'desc') rows.reverse();
  if (rows.length > 0) yield rows.slice(0, limit);
}

/** The intervals of a question, counted from the first. */
function gridOf({ fromMs, toMs, buckets: { intervalMs } }: SeriesRead & { readonly buckets: BucketRead }): {
  indexOf(ts: number): number;
  startOf(index: number): number;
  /** What the store is asked for the intervals from `first` on. */
  intervals(first: number, last: number): BucketRead['intervalMs'];
} {
  if (typeof intervalMs === 'number') {
    return {
      indexOf: (ts) => Math.floor((ts - fromMs) / intervalMs),
      startOf: (index) => fromMs + index * intervalMs,
      intervals: () => intervalMs,
    };
  }
  return {
    indexOf(ts) {
      const after = intervalMs.findIndex((start) => start > ts);
      return (after === -1 ? intervalMs.length : after) - 1;
    },
    startOf: (index) => intervalMs[index] ?? toMs,
    intervals: (first, last) => intervalMs.slice(first, last),
  };
}

async function* rawPages(
  store: Pick<TelemetryStore, 'range'>,
  device: DeviceRef,
  key: string,
  read: SeriesRead,
): AsyncGenerator<Row[]> {
  const { afterMs } = read;
  let { fromMs, toMs, limit: left } = read;
  if (afterMs !== undefined && read.order === 'asc') fromMs = Math.max(fromMs, afterMs + 1);
  if (afterMs !== undefined && read.order === 'desc') toMs = afterMs;
  while (left > 0 && fromMs < toMs) {
    const asked = Math.min(left, pointsPerPage);
    const found = await store.range({ ...device, keys: [key], fromMs, toMs, order: read.order, limit: asked });
    const points = found.values().next().value ?? [];
    const last = points.at(-1);
    if (last === undefined) return;
    yield points.map(({ ts, value }) => ({ ts, values: [value] }));
    if (points.length < asked) return;
    left -= points.length;
    if (read.order === 'asc') fromMs = last.ts + 1;
    else toMs = last.ts;
  }
}

/** Goes from one stretch that has points to the next, so that a narrow interval in a sparse year is quick. */
async function* bucketPages(
  store: Pick<TelemetryStore, 'range' | 'aggregate'>,
  device: DeviceRef,
  key: string,
  read: SeriesRead & { readonly buckets: BucketRead },
): AsyncGenerator<Row[]> {
  const { order, buckets } = read;
  const { functions } = buckets;
  const grid = gridOf(read);
  const { afterMs } = read;
  let { fromMs, toMs, limit: left } = read;
  if (afterMs !== undefined && order === 'asc') fromMs = Math.max(fromMs, grid.startOf(grid.indexOf(afterMs) + 1));
  if (afterMs !== undefined && order === 'desc') toMs = Math.max(fromMs, afterMs);
  while (left > 0 && fromMs < toMs) {
    const nearest = await store.range({ ...device, keys: [key], fromMs, toMs, order, limit: 1 });
    const point = nearest.values().next().value?.[0];
    if (point === undefined) return;
    // Buckets are counted from the start of the whole range, whichever way it is read.
    const index = grid.indexOf(point.ts);
    const [first, last] =
      order === 'asc' ? [index, index + bucketsPerPage] : [Math.max(0, index - bucketsPerPage + 1), index + 1];
    const start = Math.max(read.fromMs, grid.startOf(first));
    const stop = Math.min(read.toMs, grid.startOf(last));
    const intervalMs = grid.intervals(first, last);
    const found = await store.aggregate({ ...device, keys: [key], fromMs: start, toMs: stop, intervalMs, functions });
    const rows = (found.values().next().value ?? []).map(({ ts, values }) => ({
      ts,
      values: functions.map((name) => values[name] ?? null),
    }));
    if (order === 'desc') rows.reverse();
    const page = rows.slice(0, left);
    if (page.length > 0) yield page;
    left -= page.length;
    if (order === 'asc') fromMs = stop;
    else toMs = start;
  }
}
