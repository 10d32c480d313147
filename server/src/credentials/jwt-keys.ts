/** From the `kid` of a token to the key and the device that owns it, from memory when it can be. */
import { createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { type DeviceScope, deviceScopes } from '#contract/credentials.ts';
import type { Bus } from '../bus/bus.ts';
import { subjects } from '../bus/subjects.ts';
import type { Db } from '../db/schema.ts';
import type { Clock } from '../lib/clock.ts';
import { HmacKey } from '../lib/hmac-sha256.ts';
import { createLookupCache } from '../lib/lookup-cache.ts';
import type { Sealer } from '../lib/seal.ts';
import { toShortId } from '../lib/short-id.ts';
import type { DeviceIdentity } from './gate.ts';
import { toIdentity } from './key-holders.ts';
import { jwtKey, lookupHash } from './lookup.ts';
import { type GateRow, raiseReplayFloors, retireReplaced, selectForGate } from './queries.ts';
import { parseCredentials } from './shape.ts';

/** A key as the verifier sees it. */
export type JwtKey = JwtKeyFacts &
  (
    | { readonly alg: 'HS256'; readonly key: KeyObject /** The same, for the hot path. */; readonly hmac: HmacKey }
    | { readonly alg: 'ES256' | 'EdDSA' /** The public one. */; readonly key: KeyObject }
  );

interface JwtKeyFacts {
  readonly kid: string;
  readonly identity: DeviceIdentity;
  /** What its tokens call the device: the short form of its id. */
  readonly subject: string;
  readonly enabled: boolean;
  readonly rights: ReadonlySet<DeviceScope>;
  /** Whether an older key retires as soon as this one has been used. */
  readonly isUnused: boolean;
  /** `jti` up to here may have been used before this process started, ms. */
  readonly replayFloor: number;
}

export interface JwtKeys {
  /** At once what memory says: null for "nobody", undefined for "unknown: use `find`". */
  peek(kid: string): JwtKey | null | undefined;
  find(kid: string): Promise<JwtKey | undefined>;
  /** The keys of a device that is named by its id (OAuth 2.0 `client_id`). */
  ofDevice(deviceId: string): Promise<readonly JwtKey[]>;
  /** Grows whenever something that was remembered may no longer be true. */
  readonly changes: number;
  /** An unused key was used: the one before it retires. */
  used(key: JwtKey): void;
  /** Resolves when it is on the disk that this key's `jti` up to there have been used. */
  raiseFloor(key: JwtKey, jti: number): Promise<void>;
}

/** About 1 KB each; a device beyond it costs one indexed read. */
const rememberedKeys = 100_000;
/** Whoever tries key names at random fills only this. */
const rememberedUnknown = 10_000;
const unknownTtlMs = 10_000;
/** Requests that are on their way with the key before are still answered. */
const retirementMs = 1000;

export interface JwtKeysDeps {
  readonly db: Db;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly bus: Bus;
  onFault(error: unknown): void;
}

export function createJwtKeys(deps: JwtKeysDeps): JwtKeys {
  const { db, sealer, clock, bus } = deps;
  let changes = 0;
  const retiring = new Set<string>();
  let floors = new Map<string, number>();
  let floorsWritten: Promise<void> | undefined;

  function toKey(row: GateRow): JwtKey | undefined {
    const credentials = parseCredentials(sealer.open(row.sealed, `credentials:${row.id}`));
    if (credentials.type !== 'JWT') return undefined;
    const { alg, kid, key = '', publicKey = '', scope } = credentials;
    const facts = {
      kid,
      identity: toIdentity(row),
      subject: toShortId(row.device_id),
      enabled: row.enabled === 1,
      rights: new Set(scope === undefined ? deviceScopes : (scope.split(' ') as DeviceScope[])),
      isUnused: row.replaces !== null,
      replayFloor: row.replay_floor,
    };
    if (alg !== 'HS256') return Object.freeze({ alg, key: createPublicKey(publicKey), ...facts });
    const bytes = Buffer.from(key, 'base64url');
    return Object.freeze({ alg, key: createSecretKey(bytes), hmac: new HmacKey(bytes), ...facts });
  }

  const cache = createLookupCache<JwtKey>({
    clock,
    ownerOf: (key) => key.identity.deviceId,
    foundLimit: rememberedKeys,
    missingLimit: rememberedUnknown,
    missingTtlMs: unknownTtlMs,
    async load(kid) {
      const [row] = await selectForGate(db, { lookupHashes: [lookupHash(sealer, jwtKey(kid))] }, clock.now());
      return row === undefined ? undefined : toKey(row);
    },
  });

  bus.subscribe('devices.*.*', (message) => {
    if (message.kind === 'device.created') cache.forgetMissing();
    if (
      message.kind === 'device.updated' ||
      message.kind === 'device.deleted' ||
      message.kind === 'credentials.revoked'
    ) {
      changes++;
      cache.forget(message.deviceId);
    }
  });
  bus.subscribe('profiles.*.*', (message) => {
    if (message.kind !== 'profile.updated') return;
    changes++;
    cache.forgetAll();
  });

  async function writeFloors(): Promise<void> {
    // All that came in this turn goes in one commit.
    await new Promise((resolve) => setImmediate(resolve));
    const batch = floors;
    floors = new Map();
    floorsWritten = undefined;
    await raiseReplayFloors(db, batch);
  }

  return {
    peek: cache.peek,
    find: (kid) => cache.get(kid),
    async ofDevice(deviceId) {
      const rows = await selectForGate(db, { deviceId }, clock.now());
      return rows.flatMap((row) => toKey(row) ?? []);
    },
    get changes() {
      return changes;
    },
    used({ identity: { credentialsId, tenantId, deviceId } }) {
      if (retiring.has(credentialsId)) return;
      retiring.add(credentialsId);
      retireReplaced(db, credentialsId, clock.now() + retirementMs)
        .then(() => bus.publish(subjects.device(tenantId, deviceId), { kind: 'device.updated', tenantId, deviceId }))
        .catch(deps.onFault)
        .finally(() => retiring.delete(credentialsId));
    },
    raiseFloor({ identity }, jti) {
      floors.set(identity.credentialsId, Math.max(jti, floors.get(identity.credentialsId) ?? 0));
      floorsWritten ??= writeFloors();
      return floorsWritten;
    },
  };
}
