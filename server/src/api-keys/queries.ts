import type { ApiKeyTable, Db } from '../db/schema.ts';

/** Over all tenants: the key is how the tenant is found out. */
export function findApiKeyByHash(db: Db, keyHash: string): Promise<ApiKeyTable | undefined> {
  return db.selectFrom('api_keys').selectAll().where('key_hash', '=', keyHash).executeTakeFirst();
}

export function findApiKey(db: Db, tenantId: string, id: string): Promise<ApiKeyTable | undefined> {
  return db
    .selectFrom('api_keys')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
}

/** In the order in which they were made. @param afterId the last id of the page before */
export function listApiKeys(
  db: Db,
  tenantId: string,
  afterId: string | undefined,
  limit: number,
): Promise<ApiKeyTable[]> {
  return db
    .selectFrom('api_keys')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .$if(afterId !== undefined, (query) => query.where('id', '>', afterId ?? ''))
    .orderBy('id')
    .limit(limit)
    .execute();
}

/** Adds a key unless the tenant has `limit` of them. @returns whether it was added */
export function insertApiKey(db: Db, key: ApiKeyTable, limit: number): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const { count } = await trx
      .selectFrom('api_keys')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .where('tenant_id', '=', key.tenant_id)
      .executeTakeFirstOrThrow();
    if (Number(count) >= limit) return false;
    await trx.insertInto('api_keys').values(key).execute();
    return true;
  });
}

export async function deleteApiKey(db: Db, tenantId: string, id: string): Promise<void> {
  await db.deleteFrom('api_keys').where('tenant_id', '=', tenantId).where('id', '=', id).execute();
}

export async function touchApiKey(db: Db, id: string, nowMs: number): Promise<void> {
  await db.updateTable('api_keys').set({ last_used_at: nowMs }).where('id', '=', id).execute();
}
