import type { Insertable } from 'kysely';
import { inBatches } from '../db/in-batches.ts';
import type { AttributeTable, CredentialsTable, Db, DeviceTable } from '../db/schema.ts';

/** The rows of one new device. */
export interface DeviceRows {
  readonly device: Insertable<DeviceTable>;
  readonly credentials: Insertable<CredentialsTable>;
  readonly attributes: readonly Insertable<AttributeTable>[];
}

/** What a new device needs to have for itself. */
export interface Claim {
  readonly tenantId: string;
  readonly profileId: string;
  readonly name: string;
  readonly lookupHash: string;
}

/** What stands in the way of new devices. */
export interface Taken {
  /** Says why this device cannot be made, or takes its name and credentials from those that come after it. */
  claim(device: Claim): 'name_taken' | 'credentials_taken' | 'profile_not_found' | undefined;
}

/** Looks up names, credentials and profiles of all devices at once. */
export async function selectTaken(trx: Db, devices: readonly Claim[]): Promise<Taken> {
  const names = new Set<string>();
  const hashes = new Set<string>();
  const profiles = new Set<string>();
  const inTenant = (tenantId: string, text: string): string => `${tenantId}/${text}`;

  for (const [tenantId, ofTenant] of Map.groupBy(devices, (device) => device.tenantId)) {
    for (const batch of inBatches([...new Set(ofTenant.map((device) => device.name))])) {
      const rows = await trx
        .selectFrom('devices')
        .select('name')
        .where('tenant_id', '=', tenantId)
        .where('name', 'in', batch)
        .execute();
      for (const row of rows) names.add(inTenant(tenantId, row.name));
    }
    for (const batch of inBatches([...new Set(ofTenant.map((device) => device.profileId))])) {
      const rows = await trx
        .selectFrom('device_profiles')
        .select('id')
        .where('tenant_id', '=', tenantId)
        .where('id', 'in', batch)
        .execute();
      for (const row of rows) profiles.add(inTenant(tenantId, row.id));
    }
  }
  for (const batch of inBatches(devices.map((device) => device.lookupHash))) {
    const rows = await trx.selectFrom('credentials').select('lookup_hash').where('lookup_hash', 'in', batch).execute();
    for (const row of rows) hashes.add(row.lookup_hash);
  }

  return {
    claim({ tenantId, profileId, name, lookupHash }) {
      if (!profiles.has(inTenant(tenantId, profileId))) return 'profile_not_found';
      if (names.has(inTenant(tenantId, name))) return 'name_taken';
      if (hashes.has(lookupHash)) return 'credentials_taken';
      names.add(inTenant(tenantId, name));
      hashes.add(lookupHash);
      return undefined;
    },
  };
}

export async function insertDevices(trx: Db, rows: readonly DeviceRows[]): Promise<void> {
  for (const batch of inBatches(rows)) {
    await trx
      .insertInto('devices')
      .values(batch.map((row) => row.device))
      .execute();
    await trx
      .insertInto('credentials')
      .values(batch.map((row) => row.credentials))
      .execute();
  }
  for (const batch of inBatches(rows.flatMap((row) => row.attributes))) {
    await trx.insertInto('attributes').values(batch).execute();
  }
}
