import type { Insertable, Selectable } from 'kysely';
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
