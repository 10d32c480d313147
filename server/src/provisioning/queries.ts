import { inBatches } from '../db/in-batches.ts';
import type { Db } from '../db/schema.ts';
import type { NamedDevice } from './decide.ts';

/**
 * The devices that have these names, by name, with their `provisionState`.
 * @param names at most a batch of provisioning requests
 */
export async function findNamedDevices(
  db: Db,
  tenantId: string,
  names: readonly string[],
): Promise<Map<string, NamedDevice>> {
  const devices = new Map<string, NamedDevice>();
  for (const batch of inBatches(names)) {
    const rows = await db
      .selectFrom('devices as d')
      .leftJoin('attributes as a', (join) =>
        join.onRef('a.device_id', '=', 'd.id').on('a.scope', '=', 'server').on('a.key', '=', 'provisionState'),
      )
      .select(['d.id', 'd.name', 'd.profile_id', 'd.enabled', 'a.value'])
      .where('d.tenant_id', '=', tenantId)
      .where('d.name', 'in', batch)
      .execute();
    for (const row of rows) {
      devices.set(row.name, {
        deviceId: row.id,
        name: row.name,
        profileId: row.profile_id,
        enabled: row.enabled === 1,
        provisionState: row.value === null ? undefined : JSON.parse(row.value),
      });
    }
  }
  return devices;
}
