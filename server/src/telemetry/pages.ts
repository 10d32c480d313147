/** Long ranges in pages, so that reading a year takes as much memory as reading a minute. */
import type { AggregateFunction } from '#contract/telemetry.ts';
import type { TelemetryRead } from './query.ts';
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

/** The names of what stands in `Row.values`. */
export function columnsOf(read: Pick<TelemetryRead, 'buckets'>): readonly ('value' | AggregateFunction)[] {
  return read.buckets?.functions ?? ['value'];
}

/** Key after key, each in the order asked; a key has any number of pages, also none. */
export async function* readPages(
  store: Pick<TelemetryStore, 'range' | 'aggregate'>,
  device: DeviceRef,
  read: PagedRead,
): AsyncGenerator<SeriesPage> {
  for (const key of read.keys) {
    for await (const rows of read.buckets === undefined
      ? rawPages(store, device, key, read)
      : bucketPages(store, device, key, { ...read, buckets: read.buckets })) {
      yield { key, rows };
    }
  }
}

async function* rawPages(
  store: Pick<TelemetryStore, 'range'>,
  device: DeviceRef,
  key: string,
  read: PagedRead,
): AsyncGenerator<Row[]> {
  let { fromMs, toMs, limit: left } = read;
  while (left > 0) {
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
  read: PagedRead & { readonly buckets: NonNullable<TelemetryRead['buckets']> },
): AsyncGenerator<Row[]> {
  const { order, buckets } = read;
  const { intervalMs, functions } = buckets;
  let { fromMs, toMs, limit: left } = read;
  while (left > 0 && fromMs < toMs) {
    const nearest = await store.range({ ...device, keys: [key], fromMs, toMs, order, limit: 1 });
    const point = nearest.values().next().value?.[0];
    if (point === undefined) return;
    // Buckets are counted from the start of the whole range, whichever way it is read.
    const index = Math.floor((point.ts - read.fromMs) / intervalMs);
    const [first, last] =
      order === 'asc' ? [index, index + bucketsPerPage] : [Math.max(0, index - bucketsPerPage + 1), index + 1];
    const start = read.fromMs + first * intervalMs;
    const stop = Math.min(read.toMs, read.fromMs + last * intervalMs);
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
