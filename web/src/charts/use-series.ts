import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { startTransition, useEffect, useRef, useState } from 'react';
import type { AggregateFunction, TelemetryAggregate, TelemetryRange } from '#contract/telemetry.ts';
import type { LiveChange } from '#sdk/live.ts';
import { gapura } from '../api.ts';
import { useLive } from '../live/use-live.ts';
import { onBeat } from './beat.ts';
import { appendPoints, linePointsLimit, type Series, toNumber } from './series.ts';
import { boundsOf, type TimeRange } from './time-range.ts';

export interface SeriesRequest {
  readonly deviceId: string;
  readonly keys: readonly string[];
  readonly range: TimeRange;
  /** How the points of an interval become one. The live range shows every point. */
  readonly aggregate: AggregateFunction;
}

export interface SeriesResult {
  /** In the order of the keys. */
  readonly series: readonly Series[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly isPending: boolean;
  readonly isFetching: boolean;
  readonly error: unknown;
  refetch(): void;
}

/** About one for every second or third pixel: more cannot be seen. */
const buckets = 500;

/** What these keys were over the range: from the history, in as many points as fit, and live where the range moves. */
export function useSeries({ deviceId, keys, range, aggregate }: SeriesRequest): SeriesResult {
  const isLive = range.kind === 'live';
  const query = useQuery({
    queryKey: ['devices', 'one', deviceId, 'series', keys, range, isLive ? 'raw' : aggregate],
    queryFn: async ({ signal }) => {
      const { fromMs, toMs } = boundsOf(range, Date.now());
      const window = { keys, from: fromMs, to: toMs + 1 };
      const answer: TelemetryRange | TelemetryAggregate = isLive
        ? await gapura.telemetry.range(deviceId, { ...window, order: 'desc', limit: linePointsLimit }, signal)
        : await gapura.telemetry.aggregate(
            deviceId,
            { ...window, buckets, limit: buckets, functions: [aggregate] },
            signal,
          );
      const series = keys.map((key): Series => toSeries(answer[key] ?? [], isLive ? 'value' : aggregate, isLive));
      return { series, fromMs, toMs };
    },
    enabled: keys.length > 0,
    refetchInterval: range.kind === 'custom' || isLive ? false : Math.max(10_000, spanOf(range) / buckets),
    placeholderData: keepPreviousData,
    staleTime: isLive ? 0 : 5_000,
  });
  const live = useLivePoints(deviceId, keys, isLive, query.data?.series, () => void query.refetch());
  const bounds = isLive ? boundsOf(range, live.nowMs) : (query.data ?? boundsOf(range, Date.now()));
  return {
    series: (isLive ? live.series : query.data?.series) ?? [],
    fromMs: bounds.fromMs,
    toMs: bounds.toMs,
    isPending: query.isPending && keys.length > 0,
    isFetching: query.isFetching,
    error: query.error,
    refetch: () => void query.refetch(),
  };
}

function useLivePoints(
  deviceId: string,
  keys: readonly string[],
  enabled: boolean,
  history: readonly Series[] | undefined,
  onGap: () => void,
) {
  const [shown, setShown] = useState<{ series: readonly Series[] | undefined; nowMs: number }>({
    series: undefined,
    nowMs: Date.now(),
  });
  const current = useRef<readonly Series[] | undefined>(undefined);

  useEffect(() => {
    current.current = history;
    setShown({ series: history, nowMs: Date.now() });
  }, [history]);
  useEffect(() => {
    if (!enabled) return undefined;
    // The window moves also while nothing comes.
    return onBeat((nowMs) => startTransition(() => setShown({ series: current.current, nowMs })));
  }, [enabled]);

  const onChanges = (changes: readonly LiveChange[]): void => {
    const { fromMs } = boundsOf({ kind: 'live' }, Date.now());
    const points = changes.flatMap((change) =>
      change.type === 'telemetry' && change.deviceId === deviceId ? change.points : [],
    );
    current.current = current.current?.map((one, i) => {
      const own = points.filter(({ key }) => key === keys[i]);
      return own.length === 0 ? one : appendPoints(one, own, fromMs);
    });
  };
  useLive({
    deviceIds: [deviceId],
    keys,
    topics: ['telemetry'],
    enabled: enabled && keys.length > 0,
    onChanges,
    onGap,
  });
  return shown;
}

function toSeries(points: readonly object[], field: string, isReversed: boolean): Series {
  const times: number[] = [];
  const values: (number | null)[] = [];
  for (const point of isReversed ? [...points].reverse() : points) {
    const { ts, [field]: value } = point as Record<string, unknown>;
    const number = toNumber(value);
    if (typeof ts !== 'number' || number === null) continue;
    times.push(ts);
    values.push(number);
  }
  return { times, values };
}

function spanOf(range: TimeRange): number {
  const { fromMs, toMs } = boundsOf(range, 0);
  return toMs - fromMs;
}
