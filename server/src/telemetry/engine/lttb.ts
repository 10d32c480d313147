/**
 * Largest triangle three buckets (S. Steinarsson, 2013): of each stretch of time the point that makes the largest
 * triangle with the one chosen before and the average of the next stretch. The stretches are of equal time here, not of
 * equal count, so that it works while points pass by and only two stretches are in memory.
 */

export interface Sampled {
  readonly ts: readonly number[];
  readonly value: readonly number[];
}

interface Stretch {
  readonly index: number;
  readonly ts: number[];
  readonly value: number[];
}

export interface Sampler {
  /** Numbers come in the order of their time. */
  add(ts: number, value: number): void;
  finish(): Sampled;
}

/** @param count points that are left, at most (2 or more): the first, the last, and one of each stretch between */
export function createSampler(fromMs: number, toMs: number, count: number): Sampler {
  const ts: number[] = [];
  const value: number[] = [];
  const widthMs = Math.max(1, (toMs - fromMs) / Math.max(1, count - 2));
  let last: { ts: number; value: number } | undefined;
  let before: Stretch | undefined;
  let open: Stretch | undefined;

  const choose = (at: number, of: number): void => {
    ts.push(at);
    value.push(of);
  };

  /** Chooses the point of `before`, with what comes after it. */
  const close = (next: { ts: number; value: number }): void => {
    if (before === undefined) return;
    const [atMs = 0, of = 0] = [ts.at(-1), value.at(-1)];
    let best = 0;
    let largest = -1;
    for (let i = 0; i < before.ts.length; i++) {
      const [pointMs = 0, pointValue = 0] = [before.ts[i], before.value[i]];
      const area = Math.abs((atMs - next.ts) * (pointValue - of) - (atMs - pointMs) * (next.value - of));
      if (area > largest) [largest, best] = [area, i];
    }
    choose(before.ts[best] ?? 0, before.value[best] ?? 0);
  };

  const average = (of: Stretch): { ts: number; value: number } => {
    const mean = (numbers: readonly number[]): number => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
    return { ts: mean(of.ts), value: mean(of.value) };
  };

  return {
    add(at, of) {
      if (ts.length === 0) {
        choose(at, of);
        return;
      }
      // The very last point is kept in any case, so each is taken in when the next one is there.
      if (last !== undefined) {
        const index = Math.floor((last.ts - fromMs) / widthMs);
        if (open?.index !== index) {
          if (open !== undefined) close(average(open));
          before = open;
          open = { index, ts: [], value: [] };
        }
        open.ts.push(last.ts);
        open.value.push(last.value);
      }
      last = { ts: at, value: of };
    },

    finish() {
      if (open !== undefined) close(average(open));
      before = open;
      if (last !== undefined) {
        close(last);
        choose(last.ts, last.value);
      }
      return { ts, value };
    },
  };
}
