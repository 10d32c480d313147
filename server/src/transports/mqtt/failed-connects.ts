import { hash } from 'node:crypto';
import { addressBlock } from '../../lib/address-block.ts';
import type { Clock } from '../../lib/clock.ts';
import { LruMap } from '../../lib/lru.ts';
import { createRateLimiter } from '../../lib/rate-limit.ts';
import type { ConnectPacket } from './codec/packets.ts';

/** Addresses whose failures are remembered: about 2 MB. */
const maxAddresses = 10_000;
/** Digests of credentials that were right lately, two for each: about 8 MB. */
const maxGoodDigests = 40_000;
/** Wrong credentials of the recent past, by address and digest, two for each: about 2 MB. */
const maxWrongCredentials = 10_000;
/** Longer client ids are remembered by a digest. */
const maxPlainClientIdLength = 64;
const periodMs = 60_000;

export type FailedConnects = ReturnType<typeof createFailedConnects>;

/**
 * Limits how often an address may show wrong credentials. Sites have one address for all of their devices, so what was
 * right before is never held up by the neighbour that keeps failing, and the neighbour that keeps failing with the same
 * credentials counts once: it is forgotten, and nobody who guesses. Many sketches make up a client id for every CONNECT,
 * so a user name and password that were wrong are the same with another one; only that pair waits when it comes too often.
 */
export function createFailedConnects(clock: Clock, perMinute: number) {
  const limits = [{ count: perMinute, periodMs }];
  const failures = createRateLimiter({ clock, limits, maxKeys: maxAddresses });
  const clientIds = createRateLimiter({ clock, limits, maxKeys: maxAddresses });
  /** When an address last failed, ms. After a quiet minute all of its limits are full again, and nothing is looked up. */
  const lastFailedMs = new LruMap<string, number>(maxAddresses);
  const good = new LruMap<string, true>(maxGoodDigests);
  const wrong = new LruMap<string, true>(maxWrongCredentials);

  return {
    /** Whether this CONNECT is refused without asking whose it is. */
    blocks(address: string, packet: ConnectPacket): boolean {
      const block = addressBlock(address);
      const failedMs = lastFailedMs.peek(block);
      if (failedMs === undefined || Math.abs(clock.now() - failedMs) > periodMs) return false;
      const pair = pairOf(packet);
      const isPairHeld = clientIds.waitMs(`${block} ${pair}`) > 0;
      if (!isPairHeld && failures.waitMs(block) === 0) return false;
      return !good.has(allOf(packet, pair)) && (isPairHeld || !good.has(pair));
    },
    failed(address: string, packet: ConnectPacket): void {
      const block = addressBlock(address);
      const pair = pairOf(packet);
      const all = allOf(packet, pair);
      lastFailedMs.set(block, clock.now());
      good.delete(all);
      good.delete(pair);
      const isPairKnown = remember(wrong, `${block} ${pair}`);
      const isKnown = remember(wrong, `${block} ${all}`);
      if (isKnown) return;
      if (isPairKnown) clientIds.take(`${block} ${pair}`);
      else failures.take(block);
    },
    succeeded(packet: ConnectPacket): void {
      const pair = pairOf(packet);
      good.set(pair, true);
      good.set(allOf(packet, pair), true);
    },
  };
}

/** @returns whether it was there */
function remember(shown: LruMap<string, true>, key: string): boolean {
  const wasThere = shown.get(key) !== undefined;
  if (!wasThere) shown.set(key, true);
  return wasThere;
}

/** User name and password, or the client id where that is all there is. Secrets do not stay in memory for this. */
function pairOf({ clientId, username = '', password }: ConnectPacket): string {
  const isClientIdAll = username === '';
  return digestOf([isClientIdAll ? clientId : null, isClientIdAll ? null : username, password]);
}

/** With the client id beside the pair, where it is no secret. Never the same text as a pair. */
function allOf({ clientId, username = '' }: ConnectPacket, pair: string): string {
  if (username === '') return `${pair} `;
  return `${pair} ${clientId.length <= maxPlainClientIdLength ? clientId : digestOf([clientId])}`;
}

function digestOf(shown: readonly (string | null | undefined)[]): string {
  return hash('sha256', JSON.stringify(shown), 'base64');
}
