import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from './random.ts';

const firstMs = 500;
const longestMs = 30_000;

/** Doubles up to 30 s; half of it is random, so that a fleet that lost its server does not come back in one wave. */
export function backOffMs(attempt: number, random: Random): number {
  return Math.min(longestMs, firstMs * 2 ** Math.min(attempt, 10)) * random.between(0.5, 1);
}

/** @returns false when the signal ended the wait */
export async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal });
    return true;
  } catch {
    return false;
  }
}
