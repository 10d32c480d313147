/** Failed attempts per key (an account, an address) and the growing delay that follows them. In memory, bounded. */
import type { Clock } from '../lib/clock.ts';
import { LruMap } from '../lib/lru.ts';

export interface LockOutRule {
  /** As many attempts may fail without a delay. */
  readonly freeAttempts: number;
  /** After the next failure; doubles with each that follows. */
  readonly firstDelayMs: number;
  readonly longestDelayMs: number;
  /** A key that was quiet for so long starts anew. */
  readonly forgetMs: number;
  /** Beyond, the key that was quiet for longest is forgotten. About 150 bytes each. */
  readonly maxKeys: number;
}

export interface LockOut {
  /** For how many milliseconds the key is locked; 0 when it may try. */
  waitMs(key: string): number;
  /**
   * Counts an attempt as failed. Called before its outcome is known, so that attempts at the same time count too;
   * a good one is taken back.
   */
  count(key: string): void;
  /** Takes one counted attempt back and lifts the lock that it caused. */
  takeBack(key: string): void;
  /** Forgets every attempt of the key. */
  clear(key: string): void;
}

interface Entry {
  readonly attempts: number;
  readonly lockedUntilMs: number;
  readonly lastMs: number;
}

export function createLockOut(clock: Clock, rule: LockOutRule): LockOut {
  const entries = new LruMap<string, Entry>(rule.maxKeys);

  const lockedUntil = (attempts: number, nowMs: number): number => {
    const beyond = attempts - rule.freeAttempts;
    return beyond < 0 ? 0 : nowMs + Math.min(rule.longestDelayMs, rule.firstDelayMs * 2 ** beyond);
  };
  const current = (key: string): Entry | undefined => {
    const entry = entries.get(key);
    if (entry === undefined || clock.now() - entry.lastMs < rule.forgetMs) return entry;
    entries.delete(key);
    return undefined;
  };

  return {
    waitMs: (key) => Math.max(0, (current(key)?.lockedUntilMs ?? 0) - clock.now()),
    count(key) {
      const attempts = (current(key)?.attempts ?? 0) + 1;
      const nowMs = clock.now();
      entries.set(key, { attempts, lockedUntilMs: lockedUntil(attempts, nowMs), lastMs: nowMs });
    },
    takeBack(key) {
      const entry = current(key);
      if (entry === undefined) return;
      const attempts = entry.attempts - 1;
      if (attempts <= 0) entries.delete(key);
      else entries.set(key, { attempts, lockedUntilMs: lockedUntil(attempts, entry.lastMs), lastMs: entry.lastMs });
    },
    clear: (key) => void entries.delete(key),
  };
}
