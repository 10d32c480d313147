/** Dashboards of a tenant. Their layout is kept as it was sent, after it was checked. */
import type { Page, PageQuery } from '#contract/common.ts';
import type {
  CreateDashboard,
  Dashboard,
  DashboardLayout,
  DashboardSummary,
  UpdateDashboard,
} from '#contract/dashboards.ts';
import type { Db } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { decodeCursor, encodeCursor } from '../lib/cursor.ts';
import { uuidv7 } from '../lib/uuid.ts';
import { checkLayout } from './check-layout.ts';
import {
  type DashboardRow,
  type DashboardSummaryRow,
  deleteDashboard,
  insertDashboard,
  selectDashboard,
  selectDashboards,
  updateDashboard,
} from './queries.ts';

/** With pictures in each that is some 450 MB of database at the very worst. */
const dashboardsPerTenantLimit = 500;

export interface Dashboards {
  /** By name. @throws AppError `invalid_cursor` */
  list(tenantId: string, query: PageQuery): Promise<Page<DashboardSummary>>;
  /** @throws AppError `not_found` */
  get(tenantId: string, id: string): Promise<Dashboard>;
  /** @throws AppError `invalid_request`, `payload_too_large` */
  create(tenantId: string, wanted: CreateDashboard): Promise<Dashboard>;
  /** @throws AppError `not_found`, `conflict` (somebody else has changed it since `revision`) and as `create` */
  update(tenantId: string, id: string, changes: UpdateDashboard): Promise<Dashboard>;
  /** @returns what it was called. @throws AppError `not_found` */
  remove(tenantId: string, id: string): Promise<{ id: string; name: string }>;
}

const emptyLayout: DashboardLayout = { version: 1, range: '1h', variables: [], widgets: [] };

export function createDashboards({ db, clock }: { readonly db: Db; readonly clock: Clock }): Dashboards {
  async function require(db: Db, tenantId: string, id: string): Promise<DashboardRow> {
    const row = await selectDashboard(db, tenantId, id);
    if (row === undefined) throw new AppError('not_found', 'There is no such dashboard.');
    return row;
  }

  return {
    async list(tenantId, { cursor, limit = 50 }) {
      const place = cursor === undefined ? undefined : decodeCursor(cursor, ['string', 'string']);
      if (cursor !== undefined && place === undefined) throw new AppError('invalid_cursor');
      const after = place === undefined ? undefined : { name: String(place[0]), id: String(place[1]) };
      const rows = await selectDashboards(db, tenantId, after, limit + 1);
      const items = rows.slice(0, limit).map(toSummary);
      const last = items.at(-1);
      const nextCursor = rows.length > limit && last !== undefined ? encodeCursor([last.name, last.id]) : null;
      return { items, nextCursor };
    },

    async get(tenantId, id) {
      return toDashboard(await require(db, tenantId, id));
    },

    async create(tenantId, { name, description = '', layout = emptyLayout }) {
      checkLayout(layout);
      const now = clock.now();
      const row: DashboardRow = {
        id: uuidv7(now),
        tenant_id: tenantId,
        name: name.trim(),
        description,
        layout: JSON.stringify(layout),
        widget_count: layout.widgets.length,
        revision: 1,
        created_at: now,
        updated_at: now,
      };
      const isAdded = await db.transaction().execute((trx) => insertDashboard(trx, row, dashboardsPerTenantLimit));
      if (!isAdded) {
        throw new AppError(
          'invalid_request',
          `A tenant has at most ${dashboardsPerTenantLimit} dashboards. Delete old ones.`,
        );
      }
      return toDashboard(row);
    },

    async update(tenantId, id, { name, description, layout, revision }) {
      if (layout !== undefined) checkLayout(layout);
      const row = await db.transaction().execute(async (trx) => {
        const before = await require(trx, tenantId, id);
        if (revision !== undefined && revision !== before.revision) {
          throw new AppError('conflict', 'Somebody else has changed this dashboard meanwhile; read it again.');
        }
        const changes = {
          ...(name !== undefined && { name: name.trim() }),
          ...(description !== undefined && { description }),
          ...(layout !== undefined && { layout: JSON.stringify(layout), widget_count: layout.widgets.length }),
          revision: before.revision + 1,
          updated_at: clock.now(),
        };
        await updateDashboard(trx, tenantId, id, changes);
        return { ...before, ...changes };
      });
      return toDashboard(row);
    },

    async remove(tenantId, id) {
      const { name } = await require(db, tenantId, id);
      await deleteDashboard(db, tenantId, id);
      return { id, name };
    },
  };
}

function toSummary(row: DashboardSummaryRow): DashboardSummary {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    widgetCount: row.widget_count,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

function toDashboard(row: DashboardRow): Dashboard {
  return {
    id: row.id,
    name: row.name,
    description: row.description,
    // It was checked against the schema when it was written.
    layout: JSON.parse(row.layout) as DashboardLayout,
    revision: row.revision,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
