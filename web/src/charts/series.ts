/** Numbers over time, and how they become what the chart library draws. */

/** Of one key: times in ascending order and what was measured then; null is a gap. */
export interface Series {
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
}

/** What can be drawn: numbers, and flags as 0 and 1. Null for texts and objects. */
export function toNumber(value: unknown): number | null {
  if (typeof value === 'number') return value;
  if (typeof value === 'boolean') return value ? 1 : 0;
  return null;
}

/**
 * All series over one axis of times in seconds, as uPlot wants them: where a series has no point at a time, it is
 * undefined, which draws on; null would be a gap.
 */
export function alignSeries(series: readonly Series[]): [number[], ...(number | null | undefined)[][]] {
  const [only] = series;
  if (series.length === 1 && only !== undefined) return [only.times.map((time) => time / 1000), [...only.values]];
  const all = new Set<number>();
  for (const { times } of series) for (const time of times) all.add(time);
  const times = [...all].sort((a, b) => a - b);
  const position = new Map(times.map((time, i) => [time, i]));
  const columns = series.map((one) => {
    const column: (number | null | undefined)[] = new Array(times.length).fill(undefined);
    one.times.forEach((time, i) => {
      const at = position.get(time);
      if (at !== undefined) column[at] = one.values[i] ?? null;
    });
    return column;
  });
  return [times.map((time) => time / 1000), ...columns];
}

/** Of each line: more than a screen has pixels, and still drawn within a frame. */
export const linePointsLimit = 10_000;

/** Adds newer points and lets go of what left the window. Older ones than the last known come too late to be drawn. */
export function appendPoints(
  series: Series,
  points: readonly { ts: number; value: unknown }[],
  fromMs: number,
): Series {
  const times = [...series.times];
  const values = [...series.values];
  for (const { ts, value } of points) {
    const number = toNumber(value);
    const last = times.at(-1);
    if (number === null || (last !== undefined && ts < last)) continue;
    if (ts === last) values[values.length - 1] = number;
    else {
      times.push(ts);
      values.push(number);
    }
  }
  // One point before the window stays, so that the line comes in from its edge.
  let first = Math.max(0, times.length - linePointsLimit);
  while (first + 1 < times.length && (times[first + 1] ?? 0) < fromMs) first++;
  return { times: times.slice(first), values: values.slice(first) };
}
