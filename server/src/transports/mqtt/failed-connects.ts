import { hash } from 'node:crypto';
import { addressBlock } from '../../lib/address-block.ts';
import type { Clock } from '../../lib/clock.ts';
import { LruMap } from '../../lib/lru.ts';
import { createRateLimiter } from '../../lib/rate-limit.ts';
import type { ConnectPacket } from './codec/packets.ts';

/** Addresses whose failures are remembered: about 2 MB. */
const maxAddresses = 10_000;
/** Credentials that were right lately, by their digest: about 2 MB. */
const maxGoodCredentials = 20_000;
/** Wrong credentials of the recent past, by address and digest: about 1 MB. */
const maxWrongCredentials = 5000;

export type FailedConnects = ReturnType<typeof createFailedConnects>;

/**
 * Limits how often an address may show wrong credentials. Sites have one address for all of their devices, so what was
 * right before is never held up by the neighbour that keeps failing, and the neighbour that keeps failing with the same
 * credentials counts once: it is forgotten, and nobody who guesses.
 */
export function createFailedConnects(clock: Clock, perMinute: number) {
  const failures = createRateLimiter({
    clock,
    limits: [{ count: perMinute, periodMs: 60_000 }],
    maxKeys: maxAddresses,
  });
  const good = new Set<string>();
  const wrong = new LruMap<string, true>(maxWrongCredentials);

  return {
    /** Whether this CONNECT is refused without asking whose it is. */
    blocks(address: string, packet: ConnectPacket): boolean {
      return failures.waitMs(addressBlock(address)) > 0 && !good.has(digestOf(packet));
    },
    failed(address: string, packet: ConnectPacket): void {
      const digest = digestOf(packet);
      good.delete(digest);
      const block = addressBlock(address);
      const shown = `${block} ${digest}`;
      if (wrong.get(shown) !== undefined) return;
      wrong.set(shown, true);
      failures.take(block);
    },
    succeeded(packet: ConnectPacket): void {
      const digest = digestOf(packet);
      good.delete(digest);
      good.add(digest);
      if (good.size <= maxGoodCredentials) return;
      for (const oldest of good) {
        good.delete(oldest);
        break;
      }
    },
  };
}

/** Secrets do not stay in memory for this. */
function digestOf({ clientId, username, password }: ConnectPacket): string {
  return hash('sha256', JSON.stringify([clientId, username ?? null, password ?? null]), 'base64');
}
