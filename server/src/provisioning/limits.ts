/** How much provisioning one address and one profile may ask for. */
import { createHash } from 'node:crypto';
import { addressBlock } from '../lib/address-block.ts';
import type { Clock } from '../lib/clock.ts';
import { LruMap } from '../lib/lru.ts';
import { createRateLimiter, parseRateLimits, type RateLimits } from '../lib/rate-limit.ts';
import type { ProvisionProfile } from './deps.ts';
import type { ProvisionRequest } from './request.ts';

/** Each `count:seconds[,count:seconds]`. */
export interface ProvisioningLimitSettings {
  /** Different wrong pairs of key and secret per address: guesses. Beyond, the address waits. */
  readonly guesses: string;
  /** The same wrong pair again from one address: a device whose firmware is out of date. Only that pair waits. */
  readonly repeats: string;
  /** Requests per address that cannot be read. Only such requests wait. */
  readonly malformed: string;
  /** Refusals per address and profile although the secret was right. */
  readonly failures: string;
  /** Requests with the right secret per profile that has no limit of its own. */
  readonly profile: string;
}

export const defaultProvisioningLimits: ProvisioningLimitSettings = {
  guesses: '20:60',
  repeats: '20:60',
  malformed: '20:60',
  // A fleet behind one address that asks again at every start is refused as often as it has devices; whoever holds
  // the secret and tries names of pre-provisioned devices gets no further than 10,000 names an hour.
  failures: '2000:10,10000:3600',
  // 10,000 devices that are switched on at once pass in one burst.
  profile: '20000:10',
};

/** Keys that each limiter remembers: some megabytes at most, whoever asks. */
const maxKeys = 10_000;

/**
 * Nearly all devices of a site share one address (NAT), so a wrong device must not lock out its neighbours: only
 * *different* wrong secrets count as guesses. All methods return 0 or the milliseconds to wait.
 */
export function createProvisioningLimits(clock: Clock, settings: ProvisioningLimitSettings) {
  const limiter = (limits: string) => createRateLimiter({ clock, limits: parseRateLimits(limits), maxKeys });
  const guesses = limiter(settings.guesses);
  const repeats = limiter(settings.repeats);
  const malformed = limiter(settings.malformed);
  const failures = limiter(settings.failures);
  const profiles = limiter(settings.profile);
  /** Wrong pairs of the recent past. */
  const wrongPairs = new LruMap<string, true>(maxKeys);
  /** The limits of profiles, parsed: the limiter knows a key's limits by their identity. */
  const parsed = new LruMap<string, RateLimits>(1000);

  const limitsOf = (profile: ProvisionProfile): RateLimits | undefined => {
    if (profile.rateLimit === '') return undefined;
    let limits = parsed.get(profile.rateLimit);
    if (limits === undefined) {
      limits = parseRateLimits(profile.rateLimit);
      parsed.set(profile.rateLimit, limits);
    }
    return limits;
  };

  return {
    /** Asked before anything is read: an address that guesses costs as little as can be. */
    addressWaitMs: (address: string): number => guesses.waitMs(addressBlock(address)),
    /** Counts a request that could not be read. */
    takeMalformed: (address: string): number => malformed.take(addressBlock(address)),
    /** Asked before the key is looked up: this very pair was wrong too often of late. */
    pairWaitMs(address: string, request: ProvisionRequest): number {
      return repeats.waitMs(pairOf(address, request));
    },
    /** Counts a wrong pair of key and secret. */
    takeWrongPair(address: string, request: ProvisionRequest): number {
      const pair = pairOf(address, request);
      if (wrongPairs.get(pair) === undefined) {
        wrongPairs.set(pair, true);
        const wait = guesses.take(addressBlock(address));
        if (wait > 0) return wait;
      }
      return repeats.take(pair);
    },
    /** Counts a request whose secret was right. */
    takeProfile: (profile: ProvisionProfile): number => profiles.take(profile.id, 1, limitsOf(profile)),
    failureWaitMs: (address: string, profile: ProvisionProfile): number =>
      failures.waitMs(`${addressBlock(address)} ${profile.id}`),
    /** Counts a refusal although the secret was right. */
    takeFailure: (address: string, profile: ProvisionProfile): number =>
      failures.take(`${addressBlock(address)} ${profile.id}`),
  };
}

export type ProvisioningLimits = ReturnType<typeof createProvisioningLimits>;

/** A fingerprint, so that no secret stays in memory; JSON keeps its parts apart. */
function pairOf(address: string, { key, secret }: ProvisionRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([addressBlock(address), key, secret]))
    .digest('base64url');
}
