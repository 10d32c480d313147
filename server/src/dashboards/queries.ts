import type { DashboardTable, Db } from '../db/schema.ts';

export type DashboardRow = DashboardTable;
export type DashboardSummaryRow = Omit<DashboardTable, 'layout' | 'tenant_id' | 'revision'>;

const summaryColumns = ['id', 'name', 'description', 'widget_count', 'created_at', 'updated_at'] as const;

export interface DashboardPlace {
  readonly name: string;
  readonly id: string;
}

/** By name. @param after the last one of the page before */
export function selectDashboards(
  db: Db,
  tenantId: string,
  after: DashboardPlace | undefined,
  limit: number,
): Promise<DashboardSummaryRow[]> {
  return db
    .selectFrom('dashboards')
    .select(summaryColumns)
    .where('tenant_id', '=', tenantId)
    .$if(after !== undefined, (query) =>
      query.where((eb) =>
        eb.or([
          eb('name', '>', after?.name ?? ''),
          eb.and([eb('name', '=', after?.name ?? ''), eb('id', '>', after?.id ?? '')]),
        ]),
      ),
    )
    .orderBy('name')
    .orderBy('id')
    .limit(limit)
    .execute();
}

export function selectDashboard(db: Db, tenantId: string, id: string): Promise<DashboardRow | undefined> {
  return db
    .selectFrom('dashboards')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('id', '=', id)
    .executeTakeFirst();
}

/** Within a transaction. @returns whether there was room */
export async function insertDashboard(db: Db, row: DashboardRow, limit: number): Promise<boolean> {
  const { count } = await db
    .selectFrom('dashboards')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('tenant_id', '=', row.tenant_id)
    .executeTakeFirstOrThrow();
  if (Number(count) >= limit) return false;
  await db.insertInto('dashboards').values(row).execute();
  return true;
}

export async function updateDashboard(
  db: Db,
  tenantId: string,
  id: string,
  changes: Partial<Omit<DashboardRow, 'id' | 'tenant_id'>>,
): Promise<void> {
  await db.updateTable('dashboards').set(changes).where('tenant_id', '=', tenantId).where('id', '=', id).execute();
}

export async function deleteDashboard(db: Db, tenantId: string, id: string): Promise<void> {
  await db.deleteFrom('dashboards').where('tenant_id', '=', tenantId).where('id', '=', id).execute();
}
