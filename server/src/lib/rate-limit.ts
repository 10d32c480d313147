/** Rate limits per key (an address, a profile, a device), written as ThingsBoard writes them: `100:1,2000:60`. */
import type { Clock } from './clock.ts';
import { LruMap } from './lru.ts';
import { type RateLimitRule, TokenBucket } from './token-bucket.ts';

/** All of them hold at once; an empty list limits nothing. */
export type RateLimits = readonly RateLimitRule[];

/**
 * Reads `count:seconds[,count:seconds]`; '' is no limit.
 * @throws RangeError when the text is something else, or a period is 0
 */
export function parseRateLimits(text: string): RateLimits {
  if (text === '') return [];
  return text.split(',').map((part) => {
    const [, count, seconds] = /^(\d{1,9}):(\d{1,6})$/.exec(part) ?? [];
    if (count === undefined || seconds === undefined || Number(seconds) === 0) {
      throw new RangeError(`The rate limit "${text}" is not of the form count:seconds[,count:seconds].`);
    }
    return { count: Number(count), periodMs: Number(seconds) * 1000 };
  });
}

export interface RateLimiter {
  /**
   * Takes `cost` from every limit of the key if all of them have it, and otherwise nothing.
   * @param limits of this key, when it has its own; hand in the same array each time: another one starts anew
   * @returns 0 when it may pass, otherwise in how many milliseconds to try again
   */
  take(key: string, cost?: number, limits?: RateLimits): number;
  /** As `take`, but takes nothing: to refuse early what only pays when it fails. */
  waitMs(key: string, cost?: number, limits?: RateLimits): number;
  /** How many keys it remembers now. */
  readonly size: number;
}

interface Entry {
  readonly limits: RateLimits;
  readonly buckets: readonly TokenBucket[];
}

/**
 * @param options.limits for keys without their own
 * @param options.maxKeys how many keys are remembered; beyond, the key that was quiet for longest is forgotten, which
 *   is as if its buckets had filled. About 200 bytes each.
 */
export function createRateLimiter(options: {
  readonly clock: Clock;
  readonly limits: RateLimits;
  readonly maxKeys: number;
}): RateLimiter {
  const { clock } = options;
  const entries = new LruMap<string, Entry>(options.maxKeys);

  const entryOf = (key: string, limits: RateLimits, nowMs: number): Entry => {
    let entry = entries.get(key);
    if (entry === undefined || entry.limits !== limits) {
      entry = { limits, buckets: limits.map((rule) => new TokenBucket(rule, nowMs)) };
      entries.set(key, entry);
    }
    return entry;
  };
  const longestWait = (entry: Entry, nowMs: number, cost: number): number => {
    let wait = 0;
    for (const bucket of entry.buckets) wait = Math.max(wait, bucket.waitMs(nowMs, cost));
    return wait;
  };

  return {
    take(key, cost = 1, limits = options.limits) {
      if (limits.length === 0) return 0;
      const nowMs = clock.now();
      const entry = entryOf(key, limits, nowMs);
      const wait = longestWait(entry, nowMs, cost);
      if (wait === 0) for (const bucket of entry.buckets) bucket.take(nowMs, cost);
      return wait;
    },
    waitMs(key, cost = 1, limits = options.limits) {
      if (limits.length === 0) return 0;
      // A key that nobody has charged yet has full buckets: no reason to remember it.
      const entry = entries.peek(key);
      if (entry === undefined || entry.limits !== limits) {
        return limits.reduce((wait, rule) => (rule.count === 0 ? Math.max(wait, rule.periodMs) : wait), 0);
      }
      return longestWait(entry, clock.now(), cost);
    },
    get size() {
      return entries.size;
    },
  };
}
