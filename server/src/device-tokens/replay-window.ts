/** Which `jti` of a key have been used: the highest, and a window of the 32 below it (as in IPsec, RFC 4303 §3.4.3). */
import { LruMap } from '../lib/lru.ts';

interface Used {
  highest: number;
  /** Bit n: `highest - 1 - n` was used. */
  below: number;
}

const windowSize = 32;
/** About 150 bytes each. A key is remembered anew with its next request. */
const rememberedKeys = 200_000;

export interface ReplayWindow {
  /**
   * Uses a `jti`, unless it was used or is too old to know.
   * @param id of the key
   * @param floor for a key of which nothing is remembered: up to there everything counts as used
   */
  use(id: string, jti: number, floor: number): boolean;
  /** The highest `jti` that any forgotten key had used: no key of which nothing is remembered may go below it. */
  readonly forgottenUpTo: number;
}

/** @param maxKeys fewer in tests */
export function createReplayWindow(maxKeys: number = rememberedKeys): ReplayWindow {
  let forgottenUpTo = 0;
  const keys = new LruMap<string, Used>(maxKeys, (_id, { highest }) => {
    forgottenUpTo = Math.max(forgottenUpTo, highest);
  });

  return {
    use(id, jti, floor) {
      const used = keys.get(id);
      if (used === undefined) {
        if (jti <= Math.max(floor, forgottenUpTo)) return false;
        // What lies below was never used by this process, but may have been by the one before.
        keys.set(id, { highest: jti, below: usedUpTo(jti, Math.max(floor, forgottenUpTo)) });
        return true;
      }
      const ahead = jti - used.highest;
      if (ahead > 0) {
        used.below = ahead > windowSize ? 0 : shift(used.below, ahead) | (1 << (ahead - 1));
        used.highest = jti;
        return true;
      }
      if (ahead === 0 || ahead < -windowSize) return false;
      const bit = 1 << (-ahead - 1);
      if ((used.below & bit) !== 0) return false;
      used.below |= bit;
      return true;
    },
    get forgottenUpTo() {
      return forgottenUpTo;
    },
  };
}

/** JavaScript shifts by `n mod 32`, so 32 is its own case. */
function shift(bits: number, n: number): number {
  return n >= windowSize ? 0 : bits << n;
}

/** The window below `highest` with everything up to `floor` marked as used. */
function usedUpTo(highest: number, floor: number): number {
  const free = highest - 1 - floor;
  return free >= windowSize ? 0 : -1 << free;
}
