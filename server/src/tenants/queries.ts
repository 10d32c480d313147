import type { Transaction } from 'kysely';
import type { Db, Tables, TenantTable } from '../db/schema.ts';

/** Name of the setting that stands while a new tenant lacks what `onTenantCreated` gives it. */
const unfinishedPrefix = 'tenant_unfinished:';

export async function insertTenant(trx: Transaction<Tables>, tenant: TenantTable): Promise<void> {
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

export function findTenant(db: Db, id: string): Promise<TenantTable | undefined> {
  return db.selectFrom('tenants').selectAll().where('id', '=', id).executeTakeFirst();
}

export async function renameTenant(db: Db, id: string, name: string): Promise<void> {
  await db.updateTable('tenants').set({ name }).where('id', '=', id).execute();
}
