/** Calls thousands of devices in their turn with one timer. */

export interface TimerWheel {
  /** Calls back every `periodMs`, first after a share of it, so that devices spread over the period. */
  every(periodMs: number, share: number, callback: () => void): () => void;
  stop(): void;
}

interface Entry {
  readonly periodMs: number;
  readonly callback: () => void;
  dueMs: number;
  isCancelled: boolean;
}

/** Fine enough for a hundred turns a second, coarse enough that the timer costs nothing. */
const tickMs = 10;
/** The slots of one turn of the wheel: 10.24 s. Longer periods pass their slot several times before they are due. */
const slotCount = 1024;

/** @param now milliseconds that only rise, e.g. performance.now */
export function createTimerWheel(now: () => number = () => performance.now()): TimerWheel {
  const slots: Entry[][] = Array.from({ length: slotCount }, () => []);
  const startMs = now();
  let tick = 0;

  function place(entry: Entry): void {
    const at = Math.max(tick + 1, Math.ceil((entry.dueMs - startMs) / tickMs));
    slots[at % slotCount]?.push(entry);
  }

  function turn(): void {
    const nowMs = now();
    const target = Math.floor((nowMs - startMs) / tickMs);
    while (tick < target) {
      tick++;
      const index = tick % slotCount;
      const entries = slots[index];
      if (entries === undefined || entries.length === 0) continue;
      slots[index] = [];
      for (const entry of entries) {
        if (entry.isCancelled) continue;
        if (entry.dueMs > startMs + tick * tickMs) {
          place(entry);
          continue;
        }
        entry.callback();
        // From when it was due, not from now: the rate holds and devices stay spread although single calls come late.
        // Turns that were missed in a stall are dropped, not made up for in a burst.
        const missed = Math.max(0, Math.floor((nowMs - entry.dueMs) / entry.periodMs));
        entry.dueMs += (missed + 1) * entry.periodMs;
        place(entry);
      }
    }
  }

  const timer = setInterval(turn, tickMs);
  return {
    every(periodMs, share, callback) {
      const entry: Entry = { periodMs, callback, dueMs: now() + periodMs * share, isCancelled: false };
      place(entry);
      return () => {
        entry.isCancelled = true;
      };
    },
    stop: () => clearInterval(timer),
  };
}
