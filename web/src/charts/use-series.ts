import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { startTransition, useEffect, useMemo, useRef, useState } from 'react';
import type { AggregateFunction, TelemetrySeriesQuery } from '#contract/telemetry.ts';
import type { LiveChange } from '#sdk/live.ts';
import { gapura } from '../api.ts';
import { useLive } from '../live/use-live.ts';
import { onBeat } from './beat.ts';
import { appendPoints, linePointsLimit, type Series, toNumber } from './series.ts';
import { boundsOf, type TimeRange } from './time-range.ts';

export interface SeriesRequest {
  /** With the keys at most `queriedSeriesLimit` series; a chart has eight lines. */
  readonly deviceIds: readonly string[];
  readonly keys: readonly string[];
  readonly range: TimeRange;
  /** How the points of an interval become one. The live range shows every point. */
  readonly aggregate: AggregateFunction;
}

export interface SeriesResult {
  /** The keys of the first device, then of the next. */
  readonly series: readonly Series[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly isPending: boolean;
  readonly isFetching: boolean;
  /** There is nothing to show because of the error; else it is of a question that will be repeated. */
  readonly isFailed: boolean;
  readonly error: unknown;
  refetch(): void;
}

/** About one for every second or third pixel: more cannot be seen. */
const buckets = 500;
/** An answer holds 100,000 points: eight lines come in one, and no chart asks more often than this. */
const pagesLimit = 4;

/** What these series were over the range: from the history, in as many points as fit, and live where the range moves. */
export function useSeries({ deviceIds, keys, range, aggregate }: SeriesRequest): SeriesResult {
  const isLive = range.kind === 'live';
  const isAsked = deviceIds.length > 0 && keys.length > 0;
  const query = useQuery({
    queryKey: ['devices', 'series', deviceIds, keys, range, isLive ? 'raw' : aggregate],
    queryFn: async ({ signal }) => {
      const { fromMs, toMs } = boundsOf(range, Date.now());
      const points = await askSeries(
        {
          ...{ deviceIds: [...deviceIds], keys: [...keys], fromTs: Math.floor(fromMs), toTs: Math.ceil(toMs) + 1 },
          ...(isLive ? { order: 'desc', limit: linePointsLimit } : { buckets, limit: buckets, aggregate: [aggregate] }),
        },
        signal,
      );
      const lines: Lines = new Map(
        [...points].map(([name, own]) => [name, toSeries(own, isLive ? 'value' : aggregate, isLive)]),
      );
      return { lines, fromMs, toMs };
    },
    enabled: isAsked,
    refetchInterval: range.kind === 'custom' || isLive ? false : Math.max(10_000, spanOf(range) / buckets),
    placeholderData: keepPreviousData,
    staleTime: isLive ? 0 : 5_000,
  });
  const live = useLivePoints({ deviceIds, keys }, isLive && isAsked, query.data?.lines, () => void query.refetch());
  const bounds = isLive ? boundsOf(range, live.nowMs) : (query.data ?? boundsOf(range, Date.now()));
  const lines = isLive ? live.lines : query.data?.lines;
  // By content: a chart is drawn anew when its series are other objects.
  const namesText = JSON.stringify(deviceIds.flatMap((deviceId) => keys.map((key) => nameOf(deviceId, key))));
  const series = useMemo(() => {
    const names: string[] = JSON.parse(namesText);
    return names.map((name) => lines?.get(name) ?? noSeries);
  }, [lines, namesText]);
  return {
    series,
    fromMs: bounds.fromMs,
    toMs: bounds.toMs,
    isPending: query.isPending && isAsked,
    isFetching: query.isFetching,
    isFailed: query.isError && query.data === undefined,
    error: query.error,
    refetch: () => void query.refetch(),
  };
}

/** By name: while another set of lines is asked for, those that stay are still the right ones. */
type Lines = ReadonlyMap<string, Series>;
const noSeries: Series = { times: [], values: [] };
/** An id has no blanks. */
const nameOf = (deviceId: string, key: string): string => `${deviceId} ${key}`;

/** All series in one request; more only where an answer is full. */
async function askSeries(question: TelemetrySeriesQuery, signal: AbortSignal): Promise<Map<string, object[]>> {
  const found = new Map<string, object[]>();
  let cursor: string | null = null;
  for (let page = 0; page < pagesLimit; page++) {
    const answer = await gapura.telemetry.query({ ...question, ...(cursor !== null && { cursor }) }, signal);
    for (const { deviceId, key, points } of answer.series) {
      const name = nameOf(deviceId, key);
      found.set(name, [...(found.get(name) ?? []), ...points]);
    }
    cursor = answer.nextCursor;
    if (cursor === null) break;
  }
  return found;
}

function useLivePoints(
  { deviceIds, keys }: Pick<SeriesRequest, 'deviceIds' | 'keys'>,
  enabled: boolean,
  history: Lines | undefined,
  onGap: () => void,
): { readonly lines: Lines | undefined; readonly nowMs: number } {
  const [shown, setShown] = useState<{ lines: Lines | undefined; nowMs: number }>({
    lines: undefined,
    nowMs: Date.now(),
  });
  const current = useRef<Lines | undefined>(undefined);

  useEffect(() => {
    current.current = history;
    setShown({ lines: history, nowMs: Date.now() });
  }, [history]);
  useEffect(() => {
    if (!enabled) return undefined;
    // The window moves also while nothing comes.
    return onBeat((nowMs) => startTransition(() => setShown({ lines: current.current, nowMs })));
  }, [enabled]);

  const onChanges = (changes: readonly LiveChange[]): void => {
    if (current.current === undefined) return;
    const { fromMs } = boundsOf({ kind: 'live' }, Date.now());
    const lines = new Map(current.current);
    for (const change of changes) {
      if (change.type !== 'telemetry') continue;
      for (const key of keys) {
        const own = change.points.filter((point) => point.key === key);
        const name = nameOf(change.deviceId, key);
        if (own.length > 0) lines.set(name, appendPoints(lines.get(name) ?? noSeries, own, fromMs));
      }
    }
    current.current = lines;
  };
  useLive({ deviceIds, keys, topics: ['telemetry'], enabled, onChanges, onGap });
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
