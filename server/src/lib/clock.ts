/** Time as a dependency, so that no test has to sleep. */
export interface Clock {
  /** Milliseconds since the Unix epoch. */
  now(): number;
  /** Milliseconds since some moment; goes on evenly when the time of day is put right. */
  uptime(): number;
  /** Calls back once after `delayMs`; returns a function that cancels. The timer never keeps the process alive. */
  after(delayMs: number, callback: () => void): () => void;
  /** Calls back every `periodMs` until cancelled. The timer never keeps the process alive. */
  every(periodMs: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: Date.now,
  uptime: () => performance.now(),
  after(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  every(periodMs, callback) {
    const timer = setInterval(callback, periodMs);
    timer.unref();
    return () => clearInterval(timer);
  },
};
