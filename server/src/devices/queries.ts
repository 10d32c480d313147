import { type Selectable, type SelectQueryBuilder, sql, type Updateable } from 'kysely';
import type { deviceSorts } from '#contract/devices.ts';
import type { Db, DeviceTable, Tables } from '../db/schema.ts';
import { searchPattern } from './search-text.ts';

export type DeviceRow = Selectable<DeviceTable> & { readonly profile_name: string };
export type DeviceSort = (typeof deviceSorts)[number];

/** Where a page ended: the value that its last row is sorted by, and its id. */
export interface ListPosition {
  readonly value: string | number;
  readonly id: string;
}

export interface DeviceListing {
  readonly search: string | undefined;
  readonly profileId: string | undefined;
  readonly active: boolean | undefined;
  readonly isGateway: boolean | undefined;
  readonly sort: DeviceSort;
  readonly order: 'asc' | 'desc';
  readonly after: ListPosition | undefined;
  /** Devices passed over. */
  readonly offset: number;
  readonly limit: number;
}
export type DeviceFilter = Pick<DeviceListing, 'search' | 'profileId' | 'active' | 'isGateway'>;

/** Each has an index of its own (see the migration). Devices that were never active sort as if in 1970. */
const sortColumns = {
  name: sql.ref<string>('name'),
  createdAt: sql.ref<number>('created_at'),
  lastActivityTime: sql<number>`coalesce(last_activity_at, 0)`,
} as const satisfies Record<DeviceSort, unknown>;

/** The value that a row is sorted by. */
export function sortValue(row: DeviceRow, sort: DeviceSort): string | number {
  if (sort === 'name') return row.name;
  return sort === 'createdAt' ? row.created_at : (row.last_activity_at ?? 0);
}

/**
 * One page. The ids are found in an index alone; rows are fetched for those that are on the page (measured with 100,000
 * devices: 11 ms for a search that finds nothing, 130 ms when the rows are read).
 */
export async function selectDevices(db: Db, tenantId: string, listing: DeviceListing): Promise<DeviceRow[]> {
  const { sort, order, limit, offset } = listing;
  const ids = beyond(filtered(db, tenantId, listing), listing)
    .select('id')
    .orderBy(sortColumns[sort], order)
    .$if(sort !== 'name', (query) => query.orderBy('id', order))
    .limit(limit)
    .$if(offset > 0, (query) => query.offset(offset));
  const page = await ids.execute();
  if (page.length === 0) return [];
  const rows = await withProfile(db)
    .where(
      'd.id',
      'in',
      page.map((row) => row.id),
    )
    .execute();
  const byId = new Map(rows.map((row) => [row.id, row]));
  return page.flatMap(({ id }) => byId.get(id) ?? []);
}

/** How many match; measured with 100,000 devices: 5 ms for all, 12 ms for a search. */
export async function countDevices(db: Db, tenantId: string, filter: DeviceFilter): Promise<number> {
  const found = await filtered(db, tenantId, filter)
    .select(({ fn }) => fn.countAll().as('total'))
    .executeTakeFirstOrThrow();
  return Number(found.total);
}

type DeviceSelection = SelectQueryBuilder<Tables, 'devices', Record<never, never>>;

function filtered(db: Db, tenantId: string, filter: DeviceFilter): DeviceSelection {
  const { search, profileId, active, isGateway } = filter;
  let query = db.selectFrom('devices').where('tenant_id', '=', tenantId);
  if (search !== undefined) {
    query = query.where(sql<boolean>`search_text like ${searchPattern(search)} escape '\\'`);
  }
  if (profileId !== undefined) query = query.where('profile_id', '=', profileId);
  if (active !== undefined) query = query.where('active', '=', active ? 1 : 0);
  if (isGateway !== undefined) query = query.where('is_gateway', '=', isGateway ? 1 : 0);
  return query;
}

function beyond(query: DeviceSelection, { sort, order, after }: DeviceListing): DeviceSelection {
  if (after === undefined) return query;
  const isBeyond = sql.raw(order === 'asc' ? '>' : '<');
  // Names are unique in a tenant: they need no id beside them.
  if (sort === 'name') return query.where(sql<boolean>`name ${isBeyond} ${after.value}`);
  return query.where(sql<boolean>`(${sortColumns[sort]}, id) ${isBeyond} (${after.value}, ${after.id})`);
}

function withProfile(db: Db) {
  return db
    .selectFrom('devices as d')
    .innerJoin('device_profiles as p', 'p.id', 'd.profile_id')
    .selectAll('d')
    .select('p.name as profile_name');
}

export function selectDevice(db: Db, tenantId: string, id: string): Promise<DeviceRow | undefined> {
  return withProfile(db).where('d.tenant_id', '=', tenantId).where('d.id', '=', id).executeTakeFirst();
}

export async function selectName(db: Db, tenantId: string, id: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('devices')
    .select('name')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
  return row?.name;
}

export async function isNameTaken(db: Db, tenantId: string, name: string, exceptId: string): Promise<boolean> {
  const row = await db
    .selectFrom('devices')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('name', '=', name)
    .where('id', '!=', exceptId)
    .executeTakeFirst();
  return row !== undefined;
}

export async function selectExisting(db: Db, tenantId: string, ids: readonly string[]): Promise<string[]> {
  if (ids.length === 0) return [];
  const rows = await db
    .selectFrom('devices')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('id', 'in', ids)
    .execute();
  return rows.map((row) => row.id);
}

export async function profileExists(db: Db, tenantId: string, profileId: string): Promise<boolean> {
  const row = await db
    .selectFrom('device_profiles')
    .select('id')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', profileId)
    .executeTakeFirst();
  return row !== undefined;
}

export async function updateDevice(
  db: Db,
  tenantId: string,
  id: string,
  changes: Updateable<DeviceTable>,
): Promise<void> {
  await db.updateTable('devices').set(changes).where('tenant_id', '=', tenantId).where('id', '=', id).execute();
}

/** Credentials and attributes go with it (foreign keys). @returns its name, or undefined when it was not there */
export async function deleteDevice(db: Db, tenantId: string, id: string): Promise<string | undefined> {
  const row = await db
    .deleteFrom('devices')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .returning('name')
    .executeTakeFirst();
  return row?.name;
}
