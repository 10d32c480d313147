import type { Selectable, Transaction, Updateable } from 'kysely';
import type { Db, Tables, TenantTable } from '../db/schema.ts';

/** Name of the setting that stands while a new tenant lacks what `onTenantCreated` gives it. */
const unfinishedPrefix = 'tenant_unfinished:';

export type TenantRow = Selectable<TenantTable>;

export async function insertTenant(trx: Transaction<Tables>, tenant: TenantRow): Promise<void> {
  await trx.insertInto('tenants').values(tenant).execute();
  await trx
    .insertInto('settings')
    .values({ name: unfinishedPrefix + tenant.id, value: '' })
    .execute();
}

export async function findUnfinishedTenants(db: Db): Promise<string[]> {
  const rows = await db.selectFrom('settings').select('name').where('name', 'like', `${unfinishedPrefix}%`).execute();
  return rows.map((row) => row.name.slice(unfinishedPrefix.length));
}

export async function markTenantFinished(db: Db, id: string): Promise<void> {
  await db
    .deleteFrom('settings')
    .where('name', '=', unfinishedPrefix + id)
    .execute();
}

export function findTenant(db: Db, id: string): Promise<TenantRow | undefined> {
  return db.selectFrom('tenants').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function updateTenant(db: Db, id: string, changes: Updateable<TenantTable>): Promise<void> {
  await db.updateTable('tenants').set(changes).where('id', '=', id).execute();
}
