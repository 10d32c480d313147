/** Profiles as provisioning finds them: by key, from memory. */
import type { ProvisionStrategy, ReprovisionPolicy } from '#contract/profiles.ts';
import type { Bus } from '../bus/bus.ts';
import { groupKeyContext } from '../credentials/group-key.ts';
import type { Db } from '../db/schema.ts';
import type { Clock } from '../lib/clock.ts';
import { createLookupCache } from '../lib/lookup-cache.ts';
import type { Sealer } from '../lib/seal.ts';
import { selectProfileByKey } from './queries.ts';

/** A profile as seen through its provisioning key. Frozen and shared between requests. */
export interface ProvisioningProfile {
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly strategy: ProvisionStrategy;
  readonly reprovision: ReprovisionPolicy;
  /** In the clear: it is compared with what the device shows, in constant time. */
  readonly secret: string;
  /** `count:seconds[,count:seconds]`; '' is the server's default. */
  readonly rateLimit: string;
  readonly tlsOnly: boolean;
  /** The secret itself is refused: the request must prove that it knows it. */
  readonly requireProof: boolean;
  /** From which keys of devices are derived; undefined when the profile has none. */
  readonly groupKey: Uint8Array | undefined;
}

/** The contract's limit for a key. */
const maxKeyLength = 255;
/** Profiles are few: this is all of them on nearly every server, in about 1 MB. */
const rememberedProfiles = 2000;
/** Keys that belong to nobody, shown again and again by a device that is set up wrongly. */
const rememberedUnknownKeys = 5000;
const unknownKeyTtlMs = 30_000;

export interface ProvisioningProfilesDeps {
  readonly db: Db;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly bus: Bus;
}

/** @returns finds the profile with a provisioning key, whatever its strategy */
export function createProvisioningProfiles(
  deps: ProvisioningProfilesDeps,
): (key: string) => Promise<ProvisioningProfile | undefined> {
  const { db, sealer, clock, bus } = deps;
  const cache = createLookupCache<ProvisioningProfile>({
    clock,
    ownerOf: (profile) => profile.id,
    foundLimit: rememberedProfiles,
    missingLimit: rememberedUnknownKeys,
    missingTtlMs: unknownKeyTtlMs,
    async load(key) {
      const row = await selectProfileByKey(db, key);
      if (row === undefined) return undefined;
      return Object.freeze({
        id: row.id,
        tenantId: row.tenant_id,
        name: row.name,
        strategy: row.strategy,
        reprovision: row.reprovision,
        secret: sealer.open(row.provision_secret_sealed, provisionSecretContext(row.id)),
        rateLimit: row.provision_rate_limit,
        tlsOnly: row.tls_only === 1,
        requireProof: row.require_proof === 1,
        groupKey:
          row.group_key_sealed === null
            ? undefined
            : Buffer.from(sealer.open(row.group_key_sealed, groupKeyContext(row.id)), 'base64url'),
      });
    },
  });
  bus.subscribe('profiles.*.*', (message) => {
    if (message.kind === 'profile.created') cache.forgetMissing();
    if (message.kind === 'profile.updated' || message.kind === 'profile.deleted') cache.forget(message.profileId);
  });
  // Twice, because the limit counts code points and a text's length its UTF-16 units.
  return async (key) => (key.length > 2 * maxKeyLength ? undefined : cache.get(key));
}

/** What the sealed secret of a profile is bound to. */
export function provisionSecretContext(profileId: string): string {
  return `profile:${profileId}`;
}
