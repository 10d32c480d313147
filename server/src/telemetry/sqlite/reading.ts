/**
 * Questions to the tables. Each is a generator that stops after about a millisecond's work (`yield`), so that appends
 * and other questions get their turn.
 */
import { createBuckets } from '../buckets.ts';
import { createValueColumns, toValue } from '../columns.ts';
import { listedKeysLimit, type SeriesStats } from '../store.ts';
import type { TelemetryDatabase } from './database.ts';
import { type Input, type LatestRow, type Output, rowsPerStep, type SeriesColumns } from './protocol.ts';
import type { SeriesIds } from './series-ids.ts';

/** Work in steps. */
export type Steps<T> = Generator<undefined, T, undefined>;

/** ts, kind, number, text */
type Row = readonly [number, number, number | null, string | null];

export interface Reading {
  latest(input: Input<'latest'>): Steps<Output<'latest'>>;
  range(input: Input<'range'>): Steps<Output<'range'>>;
  aggregate(input: Input<'aggregate'>): Steps<Output<'aggregate'>>;
  stats(input: Input<'stats'>): Steps<Output<'stats'>>;
}

export function createReading(database: TelemetryDatabase, series: SeriesIds): Reading {
  const select = (sql: string, ...parameters: (number | string)[]): Row[] =>
    database.prepare(sql).all(...parameters) as unknown as Row[];

  /** Hands the rows of [fromMs, toMs) to `take`, a page per step. */
  function* scan(
    id: number,
    span: { fromMs: number; toMs: number; order: 'asc' | 'desc'; limit: number },
    take: (row: Row) => void,
  ): Steps<void> {
    let { fromMs, toMs, limit: left } = span;
    const sql = `select ts, kind, number, text from point where series = ? and ts >= ? and ts < ? order by ts ${span.order} limit ?`;
    while (left > 0) {
      const asked = Math.min(left, rowsPerStep);
      const rows = select(sql, id, fromMs, toMs, asked);
      for (const row of rows) take(row);
      yield;
      const last = rows.at(-1);
      if (last === undefined || rows.length < asked) return;
      left -= rows.length;
      if (span.order === 'asc') fromMs = last[0] + 1;
      else toMs = last[0];
    }
  }

  return {
    *latest({ devices, keys }) {
      const found: LatestRow[] = [];
      const rows: Row[] = [];
      let looked = 0;
      for (const [device, ref] of devices.entries()) {
        for (const { id, key } of series.existing(ref, keys, listedKeysLimit)) {
          // A lookup walks the whole tree down, which costs as much as ten rows in a row.
          if (++looked % (rowsPerStep / 10) === 0) yield;
          const [row] = select(
            'select ts, kind, number, text from point where series = ? order by ts desc limit 1',
            id,
          );
          if (row === undefined) continue;
          found.push({ device, key });
          rows.push(row);
        }
      }
      return { rows: found, columns: toValueColumns(rows) };
    },

    *range({ keys, fromMs, toMs, order, limit, ...device }) {
      const found: SeriesColumns[] = [];
      for (const { id, key } of series.existing(device, keys)) {
        const rows: Row[] = [];
        yield* scan(id, { fromMs, toMs, order, limit }, (row) => rows.push(row));
        if (rows.length > 0) found.push({ key, columns: toValueColumns(rows) });
      }
      return found;
    },

    *aggregate({ keys, fromMs, toMs, intervalMs, functions, ...device }) {
      const found: { key: string; buckets: ReturnType<ReturnType<typeof createBuckets>['finish']> }[] = [];
      for (const { id, key } of series.existing(device, keys)) {
        const buckets = createBuckets(fromMs, intervalMs, functions);
        yield* scan(id, { fromMs, toMs, order: 'asc', limit: Infinity }, ([ts, kind, number, text]) =>
          buckets.add(ts, toValue({ kind, number, text })),
        );
        const finished = buckets.finish();
        if (finished.length > 0) found.push({ key, buckets: finished });
      }
      return found;
    },

    *stats(device) {
      const found: SeriesStats[] = [];
      for (const { id, key } of series.existing(device, undefined, listedKeysLimit)) {
        let points = 0;
        let firstMs: number | undefined;
        let lastMs = Number.MIN_SAFE_INTEGER;
        for (let more = true; more; ) {
          const [count, min, max] = database
            .prepare(
              'select count(*), min(ts), max(ts) from (select ts from point where series = ? and ts > ? order by ts limit ?)',
            )
            .get(id, lastMs, countedPerStep) as unknown as [number, number | null, number | null];
          points += count;
          firstMs ??= min ?? undefined;
          lastMs = max ?? lastMs;
          more = count === countedPerStep;
          yield;
        }
        if (firstMs !== undefined) found.push({ key, points, firstMs, lastMs });
      }
      return found;
    },
  };
}

/** Counting a row costs a tenth of fetching it. */
const countedPerStep = 10 * rowsPerStep;

function toValueColumns(rows: readonly Row[]): ReturnType<typeof createValueColumns>['columns'] {
  const { columns, add } = createValueColumns(rows.length);
  for (const [ts, kind, number, text] of rows) add(ts, toValue({ kind, number, text }));
  return columns;
}
