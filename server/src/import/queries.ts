import { inBatches } from '../db/in-batches.ts';
import type { Db } from '../db/schema.ts';

/** A device that is there already. */
export interface ExistingDevice {
  readonly id: string;
  readonly name: string;
  readonly profileId: string;
  readonly label: string;
  readonly description: string;
}

/** The devices of the tenant that have these names, by name. */
export async function findExistingDevices(
  db: Db,
  tenantId: string,
  names: readonly string[],
): Promise<Map<string, ExistingDevice>> {
  const devices = new Map<string, ExistingDevice>();
  for (const batch of inBatches(names)) {
    const rows = await db
      .selectFrom('devices')
      .select(['id', 'name', 'profile_id as profileId', 'label', 'description'])
      .where('tenant_id', '=', tenantId)
      .where('name', 'in', batch)
      .execute();
    for (const row of rows) devices.set(row.name, row);
  }
  return devices;
}
