import type { Db } from '../db/schema.ts';

/** Devices of a tenant, and how many of them are active. */
export async function countDevices(db: Db, tenantId: string): Promise<{ total: number; active: number }> {
  const row = await db
    .selectFrom('devices')
    .where('tenant_id', '=', tenantId)
    .select(({ fn }) => [fn.countAll<number>().as('total'), fn.sum<number | null>('active').as('active')])
    .executeTakeFirstOrThrow();
  return { total: Number(row.total), active: Number(row.active ?? 0) };
}
