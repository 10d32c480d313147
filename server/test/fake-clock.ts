import type { Clock } from '../src/lib/clock.ts';

interface Timer {
  at: number;
  periodMs: number | undefined;
  callback: () => void;
}

/** A clock that stands still until `advance` moves it; timers that come due fire in order. */
export class FakeClock implements Clock {
  #now: number;
  #stepped = 0;
  readonly #timers = new Set<Timer>();

  constructor(startMs: number = Date.UTC(2026, 0, 1)) {
    this.#now = startMs;
  }

  now = (): number => this.#now;
  uptime = (): number => this.#now - this.#stepped;

  /** Puts the time of day right by so much; no time passes, and no timer fires. */
  step(ms: number): void {
    this.#now += ms;
    this.#stepped += ms;
    for (const timer of this.#timers) timer.at += ms;
  }

  after(delayMs: number, callback: () => void): () => void {
    return this.#add({ at: this.#now + delayMs, periodMs: undefined, callback });
  }

  every(periodMs: number, callback: () => void): () => void {
    return this.#add({ at: this.#now + periodMs, periodMs, callback });
  }

  #add(timer: Timer): () => void {
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves time by `ms`, firing each timer that comes due at its own time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      let next: Timer | undefined;
      for (const timer of this.#timers) {
        if (timer.at <= end && (next === undefined || timer.at < next.at)) next = timer;
      }
      if (next === undefined) break;
      this.#now = Math.max(this.#now, next.at);
      if (next.periodMs === undefined) this.#timers.delete(next);
      else next.at += next.periodMs;
      next.callback();
    }
    this.#now = end;
  }
}
