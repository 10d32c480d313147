/** What devices prove themselves with: shown, set, rotated, revoked. Sealed at rest. */
import type { Credentials, CredentialsRequest, DeviceCredentials, JwtCredentials } from '#contract/credentials.ts';
import type { Bus } from '../bus/bus.ts';
import { subjects } from '../bus/subjects.ts';
import { isUniqueViolation } from '../db/open.ts';
import type { Db } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Sealer } from '../lib/seal.ts';
import { uuidv7 } from '../lib/uuid.ts';
import type { DeviceRef } from '../telemetry/store.ts';
import { groupKeyContext } from './group-key.ts';
import { lookupHash, lookupKey, supersededLookupHash } from './lookup.ts';
import {
  type CredentialsRow,
  deleteCredentials,
  deleteExpired,
  deviceExists,
  insertCredentials,
  retireCredentials,
  selectCredentials,
  selectJwtContext,
} from './queries.ts';
import {
  canonicalJson,
  completeCredentials,
  faultOfCredentials,
  generateCredentials,
  parseCredentials,
  rotatedCredentials,
} from './shape.ts';

export interface DeviceCredentialsStore {
  /**
   * @throws AppError `not_found` when the tenant has no such device, or the device has no credentials (they were
   *   revoked)
   */
  read(tenantId: string, deviceId: string): Promise<DeviceCredentials>;
  /**
   * Replaces the credentials of a device; those before end at once, and the sessions that used them. Setting what the
   * device has already changes nothing.
   * @throws AppError `not_found`, `invalid_payload`, `credentials_taken`
   */
  set(tenantId: string, deviceId: string, credentials: CredentialsRequest): Promise<DeviceCredentials>;
  /**
   * Gives the device new secrets. For `overlapSeconds` the credentials before work beside the new ones; of two
   * rotations in a row the second ends the first one's overlap. A device without credentials gets an access token.
   * A new JWT key also ends the one before it by being used.
   * @throws AppError `not_found`, `invalid_request` (a key that the device alone has)
   */
  rotate(tenantId: string, deviceId: string, options: { readonly overlapSeconds: number }): Promise<DeviceCredentials>;
  /**
   * Puts another key beside the one that the device has just used; that one ends when the new one is first used. Any
   * third key ends now.
   * @param usedId the credentials that were used
   * @throws AppError `not_found` (also when those have ended meanwhile), `credentials_taken`
   */
  addNext(device: DeviceRef, usedId: string, next: JwtCredentials): Promise<void>;
  /** Leaves the device without working credentials. @throws AppError `not_found` */
  revoke(tenantId: string, deviceId: string): Promise<void>;
  /** The credentials that work now; undefined when there are none, or no such device. */
  current(device: DeviceRef): Promise<Credentials | undefined>;
  /** Rotates without overlap. @throws AppError `not_found` */
  replace(device: DeviceRef): Promise<Credentials>;
  /** Begins to sweep out credentials whose overlap is over; their sessions close then. */
  start(): void;
  stop(): void;
}

export interface CredentialsDeps {
  readonly db: Db;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly bus: Bus;
  /** A sweep that failed; the next one tries again. */
  onFault(error: unknown): void;
}

/** The gate checks the expiry itself; the sweep is for open sessions, which end at most this much late. */
const sweepPeriodMs = 1000;

export function createCredentials(deps: CredentialsDeps): DeviceCredentialsStore {
  const { db, sealer, clock, bus } = deps;
  let cancelSweep: (() => void) | undefined;

  const open = (row: CredentialsRow): Credentials => parseCredentials(sealer.open(row.sealed, `credentials:${row.id}`));

  function show(deviceId: string, rows: readonly CredentialsRow[]): DeviceCredentials {
    const current = currentOf(rows);
    if (current === undefined) {
      throw new AppError('not_found', 'The device has no credentials; set or rotate them to let it in.');
    }
    const now = clock.now();
    const next = rows.find((row) => row.expires_at === null && row !== current);
    const retiring = rows.find((row) => row.expires_at !== null && row.expires_at > now);
    return {
      id: current.id,
      deviceId,
      credentials: open(current),
      createdAt: current.created_at,
      retiring:
        retiring === undefined
          ? null
          : { id: retiring.id, credentials: open(retiring), expiresAt: retiring.expires_at ?? 0 },
      next: next === undefined ? null : { id: next.id, credentials: open(next), createdAt: next.created_at },
    };
  }

  async function add(
    trx: Db,
    tenantId: string,
    deviceId: string,
    credentials: Credentials,
    replaces: string | null = null,
  ): Promise<CredentialsRow> {
    const id = uuidv7(clock.now());
    const row: CredentialsRow = {
      id,
      tenant_id: tenantId,
      device_id: deviceId,
      type: credentials.type,
      lookup_hash: lookupHash(sealer, lookupKey(credentials)),
      sealed: sealer.seal(canonicalJson(credentials), `credentials:${id}`),
      created_at: clock.now(),
      expires_at: null,
      replaces,
      replay_floor: 0,
    };
    await insertCredentials(trx, row);
    return row;
  }

  /**
   * Changes a device's credentials in one transaction and tells the bus.
   * @param work gets what the device has; returns what it has afterwards
   */
  async function change(
    tenantId: string,
    deviceId: string,
    work: (trx: Db, before: readonly CredentialsRow[]) => Promise<readonly CredentialsRow[]>,
  ): Promise<readonly CredentialsRow[]> {
    const { before, after } = await db
      .transaction()
      .execute(async (trx) => {
        if (!(await deviceExists(trx, tenantId, deviceId))) throw new AppError('not_found', 'There is no such device.');
        const before = await selectCredentials(trx, tenantId, deviceId);
        return { before, after: await work(trx, before) };
      })
      .catch((error: unknown) => {
        if (isUniqueViolation(error)) {
          throw new AppError('credentials_taken', 'Another device has these credentials; devices need their own.');
        }
        throw error;
      });
    const kept = new Set(after.map((row) => row.id));
    const credentialsIds = before.map((row) => row.id).filter((id) => !kept.has(id));
    const subject = subjects.device(tenantId, deviceId);
    bus.publish(subject, { kind: 'device.updated', tenantId, deviceId });
    if (credentialsIds.length > 0) {
      bus.publish(subject, { kind: 'credentials.revoked', tenantId, deviceId, credentialsIds });
    }
    return after;
  }

  const ids = (rows: readonly CredentialsRow[]): string[] => rows.map((row) => row.id);

  async function rotate(
    tenantId: string,
    deviceId: string,
    { overlapSeconds }: { readonly overlapSeconds: number },
  ): Promise<DeviceCredentials> {
    const rows = await change(tenantId, deviceId, async (trx, before) => {
      const current = currentOf(before);
      if (current === undefined) {
        await deleteCredentials(trx, ids(before));
        return [await add(trx, tenantId, deviceId, generateCredentials('ACCESS_TOKEN'))];
      }
      const old = open(current);
      if (old.type === 'JWT' && old.key === undefined) {
        throw new AppError('invalid_request', `The device keeps its ${old.alg} key: set its next public key instead.`);
      }
      const fresh = rotatedCredentials(old);
      if (overlapSeconds === 0) {
        await deleteCredentials(trx, ids(before));
        return [await add(trx, tenantId, deviceId, fresh)];
      }
      await deleteCredentials(trx, ids(before.filter((row) => row !== current)));
      const expiresAt = clock.now() + overlapSeconds * 1000;
      const oldHash =
        lookupKey(old) === lookupKey(fresh) ? supersededLookupHash(sealer, lookupKey(old)) : current.lookup_hash;
      await retireCredentials(trx, current.id, oldHash, expiresAt);
      const added = await add(trx, tenantId, deviceId, fresh, fresh.type === 'JWT' ? current.id : null);
      return [added, { ...current, lookup_hash: oldHash, expires_at: expiresAt }];
    });
    return show(deviceId, rows);
  }

  async function sweep(): Promise<void> {
    for (const row of await deleteExpired(db, clock.now())) {
      const { tenant_id: tenantId, device_id: deviceId } = row;
      const credentialsIds = [row.id];
      bus.publish(subjects.device(tenantId, deviceId), {
        kind: 'credentials.revoked',
        tenantId,
        deviceId,
        credentialsIds,
      });
    }
  }

  return {
    async read(tenantId, deviceId) {
      const rows = await selectCredentials(db, tenantId, deviceId);
      if (rows.length === 0 && !(await deviceExists(db, tenantId, deviceId))) {
        throw new AppError('not_found', 'There is no such device.');
      }
      return show(deviceId, rows);
    },

    async set(tenantId, deviceId, request) {
      const context = request.type === 'JWT' ? await selectJwtContext(db, tenantId, deviceId) : undefined;
      const sealed = context?.group_key_sealed;
      const groupKey = sealed == null ? undefined : sealer.open(sealed, groupKeyContext(context?.profile_id ?? ''));
      const credentials = completeCredentials(request, {
        deviceName: context?.name ?? '',
        groupKey: groupKey === undefined ? undefined : Buffer.from(groupKey, 'base64url'),
      });
      if (typeof credentials === 'string') throw new AppError('invalid_payload', credentials);
      const fault = faultOfCredentials(credentials);
      if (fault !== undefined) throw new AppError('invalid_payload', fault);
      const wanted = canonicalJson(credentials);
      const rows = await change(tenantId, deviceId, async (trx, before) => {
        const same = before.find((row) => row.expires_at === null && canonicalJson(open(row)) === wanted);
        await deleteCredentials(trx, ids(before.filter((row) => row !== same)));
        return [same ?? (await add(trx, tenantId, deviceId, credentials))];
      });
      return show(deviceId, rows);
    },

    rotate,

    async addNext({ tenantId, deviceId }, usedId, next) {
      const fault = faultOfCredentials(next);
      if (fault !== undefined) throw new AppError('invalid_payload', fault);
      await change(tenantId, deviceId, async (trx, before) => {
        const used = before.find((row) => row.id === usedId);
        if (used === undefined) throw new AppError('not_found', 'The key that asked for its next one has ended.');
        await deleteCredentials(trx, ids(before.filter((row) => row !== used)));
        return [used, await add(trx, tenantId, deviceId, next, usedId)];
      });
    },

    async revoke(tenantId, deviceId) {
      await change(tenantId, deviceId, async (trx, before) => {
        await deleteCredentials(trx, ids(before));
        return [];
      });
    },

    async current({ tenantId, deviceId }) {
      const row = currentOf(await selectCredentials(db, tenantId, deviceId));
      return row === undefined ? undefined : open(row);
    },

    async replace({ tenantId, deviceId }) {
      return (await rotate(tenantId, deviceId, { overlapSeconds: 0 })).credentials;
    },

    start() {
      cancelSweep ??= clock.every(sweepPeriodMs, () => void sweep().catch(deps.onFault));
    },

    stop() {
      cancelSweep?.();
      cancelSweep = undefined;
    },
  };
}

/** Of those without an end the one that is in use: a next key that was never used does not count yet. */
function currentOf(rows: readonly CredentialsRow[]): CredentialsRow | undefined {
  const standing = rows.filter((row) => row.expires_at === null);
  return standing.find(({ replaces }) => !standing.some(({ id }) => id === replaces));
}
