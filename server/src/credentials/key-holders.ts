/** From the key that a device's credentials stand under to the device, from memory when it can be. */
import type { CredentialsType } from '#contract/credentials.ts';
import type { Bus } from '../bus/bus.ts';
import type { Db } from '../db/schema.ts';
import type { Clock } from '../lib/clock.ts';
import { createLookupCache } from '../lib/lookup-cache.ts';
import type { Sealer } from '../lib/seal.ts';
import type { DeviceIdentity } from './gate.ts';
import { createGateReader } from './gate-reader.ts';
import type { GateRow } from './queries.ts';
import { parseCredentials } from './shape.ts';

/** Credentials as the gate remembers them. */
export interface KeyHolder {
  readonly identity: DeviceIdentity;
  readonly enabled: boolean;
  readonly type: CredentialsType;
  /** What MQTT_BASIC asks for; undefined is not asked for. */
  readonly clientId: string | undefined;
  readonly userName: string | undefined;
  /** The password under a keyed hash: memory holds no password. */
  readonly passwordHash: string | undefined;
}

export interface KeyHolders {
  /** At once what memory says: null for "nobody", undefined for "unknown: use `find`". */
  peek(key: string): readonly KeyHolder[] | null | undefined;
  /** Whose credentials stand under this key: one, or two of one device whose password is being rotated. */
  find(key: string): Promise<readonly KeyHolder[]>;
  passwordHash(password: string): string;
}

/** About 50 MB when it is full; a device beyond it costs one indexed read per request. */
const rememberedHolders = 100_000;
/** Whoever tries tokens at random fills only this. */
const rememberedStrangers = 10_000;
/** Creation clears absences anyway; this bounds what another process's late message could leave. */
const strangerTtlMs = 10_000;

export interface KeyHoldersDeps {
  readonly db: Db;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly bus: Bus;
}

export function createKeyHolders({ db, sealer, clock, bus }: KeyHoldersDeps): KeyHolders {
  const passwordHash = (password: string): string => sealer.lookupHash('mqtt-password', password);
  const read = createGateReader({ db, sealer, clock });

  function toHolder(row: GateRow): KeyHolder {
    const credentials = parseCredentials(sealer.open(row.sealed, `credentials:${row.id}`));
    const basic = credentials.type === 'MQTT_BASIC' ? credentials : undefined;
    return {
      identity: toIdentity(row),
      enabled: row.enabled === 1,
      type: credentials.type,
      clientId: basic?.clientId,
      userName: basic?.userName,
      passwordHash: basic?.password === undefined ? undefined : passwordHash(basic.password),
    };
  }

  const cache = createLookupCache<readonly KeyHolder[]>({
    clock,
    ownerOf: (holders) => holders[0]?.identity.deviceId ?? '',
    foundLimit: rememberedHolders,
    missingLimit: rememberedStrangers,
    missingTtlMs: strangerTtlMs,
    async load(key) {
      const rows = await read(key);
      return rows.length === 0 ? undefined : rows.map(toHolder);
    },
  });

  // Every way in which a remembered holder, or the memory that there is none, can stop being true.
  bus.subscribe('devices.*.*', (message) => {
    if (message.kind === 'device.created') cache.forgetMissing();
    if (
      message.kind === 'device.updated' ||
      message.kind === 'device.deleted' ||
      message.kind === 'credentials.revoked'
    ) {
      cache.forget(message.deviceId);
    }
  });
  bus.subscribe('profiles.*.*', (message) => {
    // Rare, and a profile may hold every device: all are looked up again.
    if (message.kind === 'profile.updated') cache.forgetAll();
  });

  return {
    peek: cache.peek,
    async find(key) {
      return (await cache.get(key)) ?? [];
    },
    passwordHash,
  };
}

export function toIdentity(row: GateRow): DeviceIdentity {
  return Object.freeze({
    tenantId: row.tenant_id,
    deviceId: row.device_id,
    deviceName: row.device_name,
    isGateway: row.is_gateway === 1,
    credentialsId: row.id,
    credentialsExpireAt: row.expires_at,
    policy: Object.freeze({
      profileId: row.profile_id,
      tlsOnly: row.tls_only === 1,
      tokenInPath: row.token_in_path === 1,
      minAuth: row.min_auth,
      requireNonce: row.require_nonce === 1,
    }),
  });
}
