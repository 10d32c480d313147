import type { Selectable } from 'kysely';
import { inBatches } from '../db/in-batches.ts';
import type { AttributeTable, Db } from '../db/schema.ts';
import type { DeviceRef } from '../telemetry/store.ts';
import type { AttributeScope } from './attributes.ts';

export type AttributeRow = Selectable<AttributeTable>;

type AttributeValueRow = Pick<AttributeRow, 'key' | 'value' | 'updated_at'>;

/** @param keys all of the scope when undefined; in any order, each at most once */
export async function selectAttributes(
  db: Db,
  { tenantId, deviceId }: DeviceRef,
  scope: AttributeScope,
  keys: readonly string[] | undefined,
): Promise<AttributeValueRow[]> {
  const query = db
    .selectFrom('attributes')
    .select(['key', 'value', 'updated_at'])
    .where('device_id', '=', deviceId)
    .where('scope', '=', scope)
    .where('tenant_id', '=', tenantId);
  if (keys === undefined) return query.execute();
  const rows: AttributeValueRow[] = [];
  for (const batch of inBatches(keys)) rows.push(...(await query.where('key', 'in', batch).execute()));
  return rows;
}

export async function selectDeviceCreation(db: Db, { tenantId, deviceId }: DeviceRef): Promise<number | undefined> {
  const row = await db
    .selectFrom('devices')
    .select('created_at')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', deviceId)
    .executeTakeFirst();
  return row?.created_at;
}

/** The tenant of each of these devices and how many attributes it has; devices that do not exist are left out. */
export async function selectOwners(
  trx: Db,
  deviceIds: readonly string[],
): Promise<Map<string, { readonly tenantId: string; readonly attributes: number }>> {
  const owners = new Map<string, { tenantId: string; attributes: number }>();
  for (const batch of inBatches(deviceIds)) {
    const rows = await trx
      .selectFrom('devices as d')
      .select(['d.id', 'd.tenant_id'])
      .select((eb) =>
        eb
          .selectFrom('attributes as a')
          .select((count) => count.fn.countAll<number>().as('count'))
          .whereRef('a.device_id', '=', 'd.id')
          .as('attributes'),
      )
      .where('d.id', 'in', batch)
      .execute();
    for (const row of rows) owners.set(row.id, { tenantId: row.tenant_id, attributes: row.attributes ?? 0 });
  }
  return owners;
}

/** Scope and key of every attribute of a device. */
export function selectKeys(trx: Db, deviceId: string): Promise<Pick<AttributeRow, 'scope' | 'key'>[]> {
  return trx.selectFrom('attributes').select(['scope', 'key']).where('device_id', '=', deviceId).execute();
}

/** @param rows with each (device, scope, key) once */
export async function upsertAttributes(trx: Db, rows: readonly AttributeRow[]): Promise<void> {
  for (const batch of inBatches(rows)) {
    await trx
      .insertInto('attributes')
      .values(batch)
      .onConflict((conflict) =>
        conflict.columns(['device_id', 'scope', 'key']).doUpdateSet((eb) => ({
          value: eb.ref('excluded.value'),
          updated_at: eb.ref('excluded.updated_at'),
        })),
      )
      .execute();
  }
}

/** @returns which of the keys were there */
export async function deleteAttributes(
  trx: Db,
  { tenantId, deviceId }: DeviceRef,
  scope: AttributeScope,
  keys: readonly string[],
): Promise<string[]> {
  const deleted: string[] = [];
  for (const batch of inBatches(keys)) {
    const rows = await trx
      .deleteFrom('attributes')
      .where('device_id', '=', deviceId)
      .where('scope', '=', scope)
      .where('tenant_id', '=', tenantId)
      .where('key', 'in', batch)
      .returning('key')
      .execute();
    for (const row of rows) deleted.push(row.key);
  }
  return deleted;
}
