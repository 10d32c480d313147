import { type Insertable, type Selectable, sql, type Updateable } from 'kysely';
import type { Db, DeviceProfileTable } from '../db/schema.ts';

export type ProfileRow = Selectable<DeviceProfileTable>;
export type CountedProfileRow = ProfileRow & { readonly device_count: number };

function counted(db: Db, tenantId: string) {
  return db
    .selectFrom('device_profiles as p')
    .selectAll('p')
    .select((eb) =>
      eb
        .selectFrom('devices as d')
        .select((count) => count.fn.countAll<number>().as('count'))
        .whereRef('d.profile_id', '=', 'p.id')
        .as('device_count'),
    )
    .$narrowType<{ device_count: number }>()
    .where('p.tenant_id', '=', tenantId);
}

export function selectProfile(db: Db, tenantId: string, id: string): Promise<CountedProfileRow | undefined> {
  return counted(db, tenantId).where('p.id', '=', id).executeTakeFirst();
}

/** In the order of their names. @param afterName where the page before ended */
export function selectProfiles(
  db: Db,
  tenantId: string,
  afterName: string | undefined,
  limit: number,
): Promise<CountedProfileRow[]> {
  return counted(db, tenantId)
    .$if(afterName !== undefined, (query) => query.where('p.name', '>', afterName ?? ''))
    .orderBy('p.name')
    .limit(limit)
    .execute();
}

export function selectProfileByName(db: Db, tenantId: string, name: string): Promise<ProfileRow | undefined> {
  return db
    .selectFrom('device_profiles')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('name', '=', name)
    .executeTakeFirst();
}

/** Over all tenants: the key alone says whose profile it is. */
export function selectProfileByKey(db: Db, provisionKey: string): Promise<ProfileRow | undefined> {
  return db.selectFrom('device_profiles').selectAll().where('provision_key', '=', provisionKey).executeTakeFirst();
}

export function selectDefaultProfile(db: Db, tenantId: string): Promise<ProfileRow | undefined> {
  return db
    .selectFrom('device_profiles')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('is_default', '=', sql.lit(1))
    .executeTakeFirst();
}

export async function insertProfile(db: Db, row: Insertable<DeviceProfileTable>): Promise<void> {
  await db.insertInto('device_profiles').values(row).execute();
}

export async function updateProfile(
  db: Db,
  tenantId: string,
  id: string,
  changes: Updateable<DeviceProfileTable>,
): Promise<void> {
  await db.updateTable('device_profiles').set(changes).where('tenant_id', '=', tenantId).where('id', '=', id).execute();
}

/** Makes room for another default. */
export async function clearDefault(db: Db, tenantId: string): Promise<void> {
  await db
    .updateTable('device_profiles')
    .set({ is_default: 0 })
    .where('tenant_id', '=', tenantId)
    .where('is_default', '=', sql.lit(1))
    .execute();
}

export async function deleteProfile(db: Db, tenantId: string, id: string): Promise<void> {
  await db.deleteFrom('device_profiles').where('tenant_id', '=', tenantId).where('id', '=', id).execute();
}
