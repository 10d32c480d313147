/** One limit: `count` in `periodMs`, with a burst of at most `count`. */
export interface RateLimitRule {
  readonly count: number;
  readonly periodMs: number;
}

/**
 * A bucket that holds `count` tokens and fills evenly over `periodMs`. It keeps two numbers, whatever the traffic.
 * Times are given by the caller, so one clock reading serves many buckets.
 */
export class TokenBucket {
  readonly #rule: RateLimitRule;
  #tokens: number;
  #filledAtMs: number;

  /** Starts full. */
  constructor(rule: RateLimitRule, nowMs: number) {
    this.#rule = rule;
    this.#tokens = rule.count;
    this.#filledAtMs = nowMs;
  }

  /**
   * How long until `cost` tokens can be taken, in whole milliseconds; 0 when they can be taken now.
   * A cost above the bucket's size counts as the whole bucket: something large passes when nothing else did.
   */
  waitMs(nowMs: number, cost: number): number {
    this.#fill(nowMs);
    const missing = this.#price(cost) - this.#tokens;
    if (missing <= 0) return 0;
    if (this.#rule.count === 0) return this.#rule.periodMs;
    return Math.max(1, Math.ceil((missing * this.#rule.periodMs) / this.#rule.count));
  }

  /** Takes tokens; ask `waitMs` first. */
  take(nowMs: number, cost: number): void {
    this.#fill(nowMs);
    this.#tokens -= this.#price(cost);
  }

  #price(cost: number): number {
    // The small reduction outweighs rounding: after the time that waitMs named, the tokens must be there.
    return Math.min(cost, Math.max(this.#rule.count, 1)) * (1 - 1e-9);
  }

  #fill(nowMs: number): void {
    const elapsedMs = nowMs - this.#filledAtMs;
    this.#filledAtMs = nowMs;
    // A clock that was set back gives nothing, and does not freeze the bucket until it has caught up.
    if (elapsedMs <= 0) return;
    this.#tokens = Math.min(this.#rule.count, this.#tokens + (elapsedMs * this.#rule.count) / this.#rule.periodMs);
  }
}
