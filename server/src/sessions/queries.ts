import { sql } from 'kysely';
import type { Db } from '../db/schema.ts';
import type { ProfileRules } from './means.ts';

export interface ActivityRow {
  readonly id: string;
  readonly tenant_id: string;
  readonly active: number;
  readonly last_connect_at: number | null;
  readonly last_activity_at: number | null;
  readonly last_disconnect_at: number | null;
  /** JSON text. */
  readonly last_connection: string | null;
}

const columns = [
  'id',
  'tenant_id',
  'active',
  'last_connect_at',
  'last_activity_at',
  'last_disconnect_at',
  'last_connection',
] as const;

/** Devices per statement: 5 parameters each, far below SQLite's 32,766. */
const rowsPerStatement = 1000;

/** Those whom the last process left as active: somebody has to notice when they stay silent. */
export async function selectActive(db: Db): Promise<ActivityRow[]> {
  return db.selectFrom('devices').select(columns).where('active', '=', 1).execute();
}

export async function selectActivity(db: Db, tenantId: string, ids: readonly string[]): Promise<ActivityRow[]> {
  if (ids.length === 0) return [];
  return db.selectFrom('devices').select(columns).where('tenant_id', '=', tenantId).where('id', 'in', ids).execute();
}

/** What decides whether a device may be connected; undefined when it is gone. */
export function selectStanding(
  db: Db,
  tenantId: string,
  id: string,
): Promise<({ readonly enabled: number } & ProfileRules) | undefined> {
  return db
    .selectFrom('devices as d')
    .innerJoin('device_profiles as p', 'p.id', 'd.profile_id')
    .select(['d.enabled', 'p.tls_only', 'p.token_in_path', 'p.min_auth'])
    .where('d.tenant_id', '=', tenantId)
    .where('d.id', '=', id)
    .executeTakeFirst();
}

/** What a profile asks of connections; undefined when it is gone. */
export function selectRules(db: Db, tenantId: string, profileId: string): Promise<ProfileRules | undefined> {
  return db
    .selectFrom('device_profiles')
    .select(['tls_only', 'token_in_path', 'min_auth'])
    .where('tenant_id', '=', tenantId)
    .where('id', '=', profileId)
    .executeTakeFirst();
}

/** Those of the devices that have this profile. */
export async function selectOfProfile(
  db: Db,
  tenantId: string,
  profileId: string,
  ids: readonly string[],
): Promise<string[]> {
  const found: string[] = [];
  for (let i = 0; i < ids.length; i += rowsPerStatement) {
    const rows = await db
      .selectFrom('devices')
      .select('id')
      .where('tenant_id', '=', tenantId)
      .where('profile_id', '=', profileId)
      .where('id', 'in', ids.slice(i, i + rowsPerStatement))
      .execute();
    for (const row of rows) found.push(row.id);
  }
  return found;
}

/** The server attribute `inactivityTimeout` (ms, JSON text) of those devices that have one. */
export async function selectInactivityTimeouts(db: Db, ids: readonly string[]): Promise<Map<string, string>> {
  const found = new Map<string, string>();
  for (let i = 0; i < ids.length; i += rowsPerStatement) {
    const rows = await db
      .selectFrom('attributes')
      .select(['device_id', 'value'])
      .where('device_id', 'in', ids.slice(i, i + rowsPerStatement))
      .where('scope', '=', 'server')
      .where('key', '=', 'inactivityTimeout')
      .execute();
    for (const row of rows) found.set(row.device_id, row.value);
  }
  return found;
}

export interface TimesRow {
  readonly id: string;
  readonly last_connect_at: number | null;
  readonly last_activity_at: number | null;
  readonly last_disconnect_at: number | null;
  /** JSON text. */
  readonly last_connection: string | null;
}

/**
 * Writes when many devices were seen, with one statement per thousand; null leaves what the row says. Devices that are
 * gone are passed over. `active` is not touched: it stands in the index of the device list, which would be rewritten.
 */
export async function updateTimes(db: Db, rows: readonly TimesRow[]): Promise<void> {
  for (let i = 0; i < rows.length; i += rowsPerStatement) {
    const values = rows
      .slice(i, i + rowsPerStatement)
      .map(
        (row) =>
          sql`(${row.id}, ${row.last_connect_at}, ${row.last_activity_at}, ${row.last_disconnect_at}, ${row.last_connection})`,
      );
    await sql`
      with seen (id, last_connect_at, last_activity_at, last_disconnect_at, last_connection) as (values ${sql.join(values)})
      update devices set
        last_connect_at = coalesce(seen.last_connect_at, devices.last_connect_at),
        last_activity_at = coalesce(seen.last_activity_at, devices.last_activity_at),
        last_disconnect_at = coalesce(seen.last_disconnect_at, devices.last_disconnect_at),
        last_connection = coalesce(seen.last_connection, devices.last_connection)
      from seen where devices.id = seen.id`.execute(db);
  }
}

/** Marks devices as active (1) or inactive (0). */
export async function updateActive(db: Db, active: 0 | 1, ids: readonly string[]): Promise<void> {
  for (let i = 0; i < ids.length; i += rowsPerStatement) {
    await db
      .updateTable('devices')
      .set({ active })
      .where('id', 'in', ids.slice(i, i + rowsPerStatement))
      .execute();
  }
}
