import type { Db } from '../db/schema.ts';

/** A profile whose telemetry is not kept for ever. */
export interface RetainedProfile {
  readonly id: string;
  readonly tenantId: string;
  readonly days: number;
}

/** In the order of their ids, over all tenants. @param afterId where the page before ended */
export async function selectRetainedProfiles(db: Db, afterId: string, limit: number): Promise<RetainedProfile[]> {
  const rows = await db
    .selectFrom('device_profiles as p')
    .innerJoin('tenants as t', 't.id', 'p.tenant_id')
    .select((eb) => [
      'p.id as id',
      'p.tenant_id as tenantId',
      // A profile's 0 is for ever, its null what the tenant says; whose null is for ever.
      eb.fn.coalesce('p.telemetry_retention_days', 't.telemetry_retention_days').as('days'),
    ])
    .where('p.id', '>', afterId)
    .where((eb) => eb(eb.fn.coalesce('p.telemetry_retention_days', 't.telemetry_retention_days'), '>', 0))
    .orderBy('p.id')
    .limit(limit)
    .execute();
  return rows.map(({ id, tenantId, days }) => ({ id, tenantId, days: days ?? 0 }));
}

/** Ids in their order. @param afterId where the slice before ended */
export async function selectDevicesOfProfile(
  db: Db,
  profile: Pick<RetainedProfile, 'id' | 'tenantId'>,
  afterId: string,
  limit: number,
): Promise<string[]> {
  const rows = await db
    .selectFrom('devices')
    .select('id')
    .where('profile_id', '=', profile.id)
    .where('tenant_id', '=', profile.tenantId)
    .where('id', '>', afterId)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

const lastPassName = 'retention_last_pass';

/** When a pass last came to its end, ms; undefined when none has. */
export async function selectLastPass(db: Db): Promise<number | undefined> {
  const row = await db.selectFrom('settings').select('value').where('name', '=', lastPassName).executeTakeFirst();
  return row === undefined ? undefined : Number(row.value);
}

export async function saveLastPass(db: Db, atMs: number): Promise<void> {
  const value = String(atMs);
  await db
    .insertInto('settings')
    .values({ name: lastPassName, value })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value }))
    .execute();
}
