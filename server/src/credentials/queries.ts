import type { Insertable, Selectable } from 'kysely';
import type { MinAuth } from '#contract/profiles.ts';
import type { CredentialsTable, Db } from '../db/schema.ts';

export type CredentialsRow = Selectable<CredentialsTable>;

/** All credentials of a device: the current ones (without expiry) first. */
export function selectCredentials(db: Db, tenantId: string, deviceId: string): Promise<CredentialsRow[]> {
  return db
    .selectFrom('credentials')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('device_id', '=', deviceId)
    .orderBy((eb) => eb.case().when('expires_at', 'is', null).then(0).else(1).end())
    .execute();
}

export async function deviceExists(db: Db, tenantId: string, deviceId: string): Promise<boolean> {
  const row = await db
    .selectFrom('devices')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', deviceId)
    .executeTakeFirst();
  return row !== undefined;
}

/** What the key of a device may be derived from. */
export function selectJwtContext(
  db: Db,
  tenantId: string,
  deviceId: string,
): Promise<{ name: string; profile_id: string; group_key_sealed: Uint8Array | null } | undefined> {
  return db
    .selectFrom('devices as d')
    .innerJoin('device_profiles as p', 'p.id', 'd.profile_id')
    .select(['d.name', 'd.profile_id', 'p.group_key_sealed'])
    .where('d.tenant_id', '=', tenantId)
    .where('d.id', '=', deviceId)
    .executeTakeFirst();
}

export async function insertCredentials(db: Db, row: Insertable<CredentialsTable>): Promise<void> {
  await db.insertInto('credentials').values(row).execute();
}

export async function deleteCredentials(db: Db, ids: readonly string[]): Promise<void> {
  if (ids.length > 0) await db.deleteFrom('credentials').where('id', 'in', ids).execute();
}

/** Gives credentials an end, and the lookup hash under which they stand until then. */
export async function retireCredentials(db: Db, id: string, lookupHash: string, expiresAt: number): Promise<void> {
  await db
    .updateTable('credentials')
    .set({ lookup_hash: lookupHash, expires_at: expiresAt })
    .where('id', '=', id)
    .execute();
}

export type ExpiredCredentials = Pick<CredentialsRow, 'id' | 'tenant_id' | 'device_id'>;

/** Deletes credentials whose time is over, of all tenants; returns them. */
export async function deleteExpired(db: Db, now: number): Promise<ExpiredCredentials[]> {
  // The look is a read that costs microseconds; the write lock is taken only when there is something to delete.
  const due = await db.selectFrom('credentials').select('id').where('expires_at', '<=', now).limit(500).execute();
  if (due.length === 0) return [];
  const ids = due.map((row) => row.id);
  return db
    .deleteFrom('credentials')
    .where('id', 'in', ids)
    .where('expires_at', '<=', now)
    .returning(['id', 'tenant_id', 'device_id'])
    .execute();
}

/** Credentials with the device they open and what its profile asks. */
export interface GateRow {
  readonly id: string;
  readonly lookup_hash: string;
  readonly sealed: Uint8Array;
  readonly expires_at: number | null;
  readonly tenant_id: string;
  readonly device_id: string;
  readonly device_name: string;
  readonly is_gateway: number;
  readonly enabled: number;
  readonly profile_id: string;
  readonly tls_only: number;
  readonly token_in_path: number;
  readonly min_auth: MinAuth;
  readonly require_nonce: number;
  readonly replaces: string | null;
  readonly replay_floor: number;
}

/** Over all tenants: the credentials alone say whose device it is. The newest credentials come first. */
export function selectForGate(
  db: Db,
  by: { readonly lookupHashes: readonly string[] } | { readonly deviceId: string },
  now: number,
): Promise<GateRow[]> {
  return db
    .selectFrom('credentials as c')
    .innerJoin('devices as d', 'd.id', 'c.device_id')
    .innerJoin('device_profiles as p', 'p.id', 'd.profile_id')
    .select([
      'c.id',
      'c.lookup_hash',
      'c.sealed',
      'c.expires_at',
      'd.tenant_id',
      'd.id as device_id',
      'd.name as device_name',
      'd.is_gateway',
      'd.enabled',
      'p.id as profile_id',
      'p.tls_only',
      'p.token_in_path',
      'p.min_auth',
      'p.require_nonce',
      'c.replaces',
      'c.replay_floor',
    ])
    .where((eb) =>
      'deviceId' in by ? eb('c.device_id', '=', by.deviceId) : eb('c.lookup_hash', 'in', by.lookupHashes),
    )
    .where((eb) => eb.or([eb('c.expires_at', 'is', null), eb('c.expires_at', '>', now)]))
    .orderBy('c.id', 'desc')
    .execute();
}

/** Lets the key that this one replaces end at that time, and this one stand alone. */
export async function retireReplaced(db: Db, id: string, expiresAt: number): Promise<void> {
  await db.transaction().execute(async (trx) => {
    const row = await trx.selectFrom('credentials').select('replaces').where('id', '=', id).executeTakeFirst();
    if (row === undefined || row.replaces === null) return;
    await trx
      .updateTable('credentials')
      .set({ expires_at: expiresAt })
      .where('id', '=', row.replaces)
      .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', expiresAt)]))
      .execute();
    await trx.updateTable('credentials').set({ replaces: null }).where('id', '=', id).execute();
  });
}

/** A floor never falls, whoever writes it. @param floors `jti` by the id of the credentials */
export async function raiseReplayFloors(db: Db, floors: ReadonlyMap<string, number>): Promise<void> {
  await db.transaction().execute(async (trx) => {
    for (const [id, floor] of floors) {
      await trx
        .updateTable('credentials')
        .set({ replay_floor: floor })
        .where('id', '=', id)
        .where('replay_floor', '<', floor)
        .execute();
    }
  });
}
