/** The span of time that charts show: one that moves with the clock, or a fixed one. */

export const movingRanges = {
  live: 5 * 60_000,
  '1h': 3_600_000,
  '24h': 86_400_000,
  '7d': 7 * 86_400_000,
  '30d': 30 * 86_400_000,
} as const;
export type MovingRange = keyof typeof movingRanges;

export type TimeRange =
  | { readonly kind: MovingRange }
  | { readonly kind: 'custom'; readonly fromMs: number; readonly toMs: number };

/** Start and end at this moment, ms. */
export function boundsOf(range: TimeRange, nowMs: number): { fromMs: number; toMs: number } {
  if (range.kind === 'custom') return { fromMs: range.fromMs, toMs: range.toMs };
  return { fromMs: nowMs - movingRanges[range.kind], toMs: nowMs };
}
