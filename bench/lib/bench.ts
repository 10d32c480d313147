/** What a benchmark takes and gives. Each file `bench/<name>.ts` exports `run(options): Promise<BenchResult>`. */

export interface BenchOptions {
  /** More runs and longer ones; without it a benchmark takes well under two minutes. */
  readonly full: boolean;
  /** Only the cases whose titles hold this text, where a benchmark has cases. */
  readonly only?: string | undefined;
  /** A line of progress for whoever watches; never part of the result. */
  log(line: string): void;
}

export interface Figure {
  readonly name: string;
  readonly value: number;
  /** `ms`, `MB`, `/s`, `µs`, '' for a plain count or ratio. */
  readonly unit: string;
  /** What it is measured against, e.g. `≤ 1500`. Printed, never asserted: machines differ. */
  readonly goal?: string;
}

export interface BenchResult {
  readonly name: string;
  /** What was measured and how, in one sentence. */
  readonly summary: string;
  readonly figures: readonly Figure[];
  /** What came out wrong (lost, duplicated, miscounted). Any makes the run fail: a fast wrong answer is no result. */
  readonly failures: readonly string[];
}

/** The middle one, or the mean of the middle two. */
export function median(values: readonly number[]): number {
  return percentile(values, 0.5);
}

/** Linear between neighbours. @param share 0 to 1 */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = sorted[Math.floor(at)] ?? Number.NaN;
  const high = sorted[Math.ceil(at)] ?? low;
  return low + (high - low) * (at - Math.floor(at));
}
