/** Aggregation of one series into intervals; any engine may use it. */
import type { AggregateFunction } from '#contract/telemetry.ts';
import type { AggregateBucket, TelemetryValue } from './store.ts';

interface Totals {
  readonly index: number;
  count: number;
  numbers: number;
  min: number;
  max: number;
  sum: number;
  first: TelemetryValue;
  last: TelemetryValue;
}

export interface Buckets {
  /** Points come in the order of their time. */
  add(ts: number, value: TelemetryValue): void;
  /** The buckets that have points. */
  finish(): AggregateBucket[];
}

/**
 * min, max, avg and sum are over numbers alone (null in a bucket without any; a flag is no number); count, first and
 * last are over everything.
 * @param fromMs start of the first bucket
 * @param interval width of a bucket in ms, or the starts of all buckets in their order
 */
export function createBuckets(
  fromMs: number,
  interval: number | readonly number[],
  functions: readonly AggregateFunction[],
): Buckets {
  const starts = typeof interval === 'number' ? undefined : interval;
  const intervalMs = typeof interval === 'number' ? interval : 0;
  const done: AggregateBucket[] = [];
  let open: Totals | undefined;

  const close = (): void => {
    if (open === undefined) return;
    const values: { [F in AggregateFunction]?: TelemetryValue | null } = {};
    for (const name of functions) values[name] = result(name, open);
    done.push({ ts: starts?.[open.index] ?? fromMs + open.index * intervalMs, values });
    open = undefined;
  };

  /** The bucket of the point before. */
  let current = 0;
  const indexOf = (ts: number): number => {
    if (starts === undefined) return Math.floor((ts - fromMs) / intervalMs);
    while (ts >= (starts[current + 1] ?? Infinity)) current++;
    return current;
  };

  return {
    add(ts, value) {
      const index = indexOf(ts);
      if (open?.index !== index) {
        close();
        open = { index, count: 0, numbers: 0, min: Infinity, max: -Infinity, sum: 0, first: value, last: value };
      }
      open.count++;
      open.last = value;
      if (typeof value !== 'number') return;
      open.numbers++;
      open.sum += value;
      if (value < open.min) open.min = value;
      if (value > open.max) open.max = value;
    },
    finish() {
      close();
      return done;
    },
  };
}

function result(name: AggregateFunction, totals: Totals): TelemetryValue | null {
  if (name === 'count') return totals.count;
  if (name === 'first' || name === 'last') return totals[name];
  if (totals.numbers === 0) return null;
  const value = name === 'avg' ? totals.sum / totals.numbers : totals[name];
  // A sum may leave the range of numbers, for which JSON has no word.
  return Number.isFinite(value) ? value : null;
}
