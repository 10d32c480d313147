/** Limits how often one address may show unknown tokens. */
import { addressBlock } from '../../lib/address-block.ts';
import type { Clock } from '../../lib/clock.ts';
import { LruMap } from '../../lib/lru.ts';
import { createRateLimiter, type RateLimits } from '../../lib/rate-limit.ts';

/** Addresses remembered, 200 bytes each. */
const maxAddresses = 10_000;
/** Tokens that were right lately, about 100 bytes each. */
const maxGoodTokens = 20_000;
/** Wrong tokens of the recent past, by address: at most 1 KB each. */
const maxWrongTokens = 5000;

/**
 * A site often has one address for all of its devices, so one with a wrong token must not shut out the others: a token
 * that was right before is never held up, and a wrong one that comes again and again counts once, for that is a device
 * that was forgotten and nobody who guesses.
 */
export function createFailedTokens(clock: Clock, limits: RateLimits) {
  const failures = createRateLimiter({ clock, limits, maxKeys: maxAddresses });
  const good = new Set<string>();
  const wrong = new LruMap<string, true>(maxWrongTokens);

  return {
    /** How long this address has to wait before its token is looked at, in ms; 0 when it may pass. */
    waitMs: (address: string, token: string): number => (good.has(token) ? 0 : failures.waitMs(addressBlock(address))),
    failed(address: string, token: string): void {
      good.delete(token);
      const block = addressBlock(address);
      const shown = `${block} ${token}`;
      if (wrong.get(shown) !== undefined) return;
      wrong.set(shown, true);
      failures.take(block);
    },
    succeeded(token: string): void {
      if (good.has(token)) return;
      if (good.size >= maxGoodTokens) {
        // The one that came in first: a device that still sends is back with its next request.
        for (const oldest of good) {
          good.delete(oldest);
          break;
        }
      }
      good.add(token);
    },
  };
}
