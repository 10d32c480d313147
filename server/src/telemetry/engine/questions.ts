/** The questions of the seam, answered in steps. */
import { createBuckets } from '../buckets.ts';
import { type ValueColumns, valueKind } from '../columns.ts';
import type { Input, LatestRow, Output, SeriesColumns } from '../protocol.ts';
import { listedKeysLimit, type SeriesStats, type TelemetryValue } from '../store.ts';
import { createSampler } from './lttb.ts';
import { Points } from './points.ts';
import type { SeriesIds } from './series-ids.ts';
import type { SeriesReader } from './series-reader.ts';
import { noLatest, type SeriesState, unknownLatest } from './series-state.ts';
import type { Steps } from './steps.ts';

export interface Questions {
  latest(input: Input<'latest'>): Steps<Output<'latest'>>;
  range(input: Input<'range'>): Steps<Output<'range'>>;
  aggregate(input: Input<'aggregate'>): Steps<Output<'aggregate'>>;
  downsample(input: Input<'downsample'>): Steps<Output<'downsample'>>;
  stats(input: Input<'stats'>): Steps<Output<'stats'>>;
}

/** Series looked up between two turns of the others. */
const seriesPerStep = 1000;

export const allTime = { fromMs: Number.MIN_SAFE_INTEGER, toMs: Number.MAX_SAFE_INTEGER } as const;

export function createQuestions(series: SeriesIds, state: SeriesState, reader: SeriesReader): Questions {
  /** The latest point of a series was deleted: finds the one before it. */
  function* findLatest(id: number): Steps<void> {
    const last = new Points(1);
    for (let isSettled = false; !isSettled; ) {
      const search = state.search(id);
      last.clear();
      try {
        yield* reader.scan(id, allTime, 'desc', (points) => {
          last.append(points, points.length - 1);
          return false;
        });
      } catch (error) {
        state.giveUp(id);
        throw error;
      }
      isSettled = state.settle(id, search, last);
    }
  }

  return {
    *latest({ devices, keys }) {
      const rows: LatestRow[] = [];
      const points = new Points(Math.max(16, devices.length * (keys?.length ?? 4)));
      let looked = 0;
      for (const [device, ref] of devices.entries()) {
        for (const { id, key } of series.existing(ref, keys, listedKeysLimit)) {
          if (++looked % seriesPerStep === 0) yield;
          if (state.latestKind(id) === unknownLatest) yield* findLatest(id);
          if (state.latestKind(id) === noLatest) continue;
          rows.push({ device, key });
          state.addLatest(id, points);
        }
      }
      return { rows, columns: points.toColumns() };
    },

    *range({ keys, fromMs, toMs, order, limit, ...device }) {
      const found: SeriesColumns[] = [];
      for (const { id, key } of series.existing(device, keys)) {
        const taken = new Points();
        yield* reader.scan(id, { fromMs, toMs }, order, (points) => {
          const count = Math.min(points.length, limit - taken.length);
          if (order === 'asc') {
            taken.append(points, 0, count);
          } else {
            points.reverse();
            taken.append(points, 0, count);
          }
          return taken.length < limit;
        });
        if (taken.length > 0) found.push({ key, columns: taken.toColumns() });
      }
      return found;
    },

    *aggregate({ keys, fromMs, toMs, intervalMs, functions, ...device }) {
      const found: { key: string; buckets: ReturnType<ReturnType<typeof createBuckets>['finish']> }[] = [];
      for (const { id, key } of series.existing(device, keys)) {
        const buckets = createBuckets(fromMs, intervalMs, functions);
        yield* reader.scan(id, { fromMs, toMs }, 'asc', (points) => {
          const { ts, number, length } = points;
          for (let i = 0; i < length; i++) {
            buckets.add(ts[i] ?? 0, points.kind[i] === valueKind.number ? (number[i] ?? 0) : valueAt(points, i));
          }
          return true;
        });
        const finished = buckets.finish();
        if (finished.length > 0) found.push({ key, buckets: finished });
      }
      return found;
    },

    *downsample({ keys, fromMs, toMs, points: count, ...device }) {
      const found: SeriesColumns[] = [];
      for (const { id, key } of series.existing(device, keys)) {
        const sampler = createSampler(fromMs, toMs, count);
        yield* reader.scan(id, { fromMs, toMs }, 'asc', ({ ts, number, kind, length }) => {
          for (let i = 0; i < length; i++) {
            if (kind[i] === valueKind.number) sampler.add(ts[i] ?? 0, number[i] ?? 0);
          }
          return true;
        });
        const { ts, value } = sampler.finish();
        if (ts.length > 0) found.push({ key, columns: numberColumns(ts, value) });
      }
      return found;
    },

    *stats(device) {
      const all = series.existing(device, undefined, listedKeysLimit);
      const counts = yield* reader.count(
        all.map(({ id }) => id),
        allTime,
      );
      return counts.flatMap(({ points, bytes, firstMs, lastMs }, i): SeriesStats[] => {
        const key = all[i]?.key;
        return key === undefined || points === 0 ? [] : [{ key, points, bytes, firstMs, lastMs }];
      });
    },
  };
}

function valueAt({ kind, number, texts }: Points, i: number): TelemetryValue {
  const of = number[i] ?? 0;
  if (kind[i] === valueKind.boolean) return of !== 0;
  const text = texts[of] ?? '';
  return kind[i] === valueKind.json ? { json: text } : text;
}

function numberColumns(ts: readonly number[], value: readonly number[]): ValueColumns {
  const kind = new Uint8Array(ts.length).fill(valueKind.number);
  return { ts: Float64Array.from(ts), kind, number: Float64Array.from(value), texts: [] };
}
