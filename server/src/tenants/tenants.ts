import type { Transaction } from 'kysely';
import type { Tenant, UpdateTenant } from '#contract/tenants.ts';
import type { Db, Tables } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { uuidv7 } from '../lib/uuid.ts';
import {
  findTenant,
  findUnfinishedTenants,
  insertTenant,
  markTenantFinished,
  type TenantRow,
  updateTenant,
} from './queries.ts';

export interface TenantsDeps {
  readonly db: Db;
  readonly clock: Clock;
  /**
   * Gives a new tenant what every tenant has (its default device profile). Runs after the commit that made the
   * tenant, and again after a restart when the process ended in between: it must be safe to repeat.
   */
  onTenantCreated(tenantId: string): Promise<void>;
}

export interface Tenants {
  create(name: string): Promise<Tenant>;
  /** Makes the tenant within a transaction of the caller, who calls `finish` after its commit. */
  createWithin(trx: Transaction<Tables>, name: string): Promise<Tenant>;
  finish(tenantId: string): Promise<void>;
  /** Finishes tenants that an earlier process left unfinished. Called at start. */
  finishAll(): Promise<void>;
  /** @throws AppError `not_found` */
  get(tenantId: string): Promise<Tenant>;
  /** @throws AppError `not_found` */
  update(tenantId: string, changes: UpdateTenant): Promise<Tenant>;
}

export function createTenants({ db, clock, onTenantCreated }: TenantsDeps): Tenants {
  const tenants: Tenants = {
    async create(name) {
      const tenant = await db.transaction().execute((trx) => tenants.createWithin(trx, name));
      await tenants.finish(tenant.id);
      return tenant;
    },
    async createWithin(trx, name) {
      const now = clock.now();
      const row = { id: uuidv7(now), name: name.trim(), telemetry_retention_days: null, created_at: now };
      await insertTenant(trx, row);
      return toTenant(row);
    },
    async finish(tenantId) {
      await onTenantCreated(tenantId);
      await markTenantFinished(db, tenantId);
    },
    async finishAll() {
      for (const tenantId of await findUnfinishedTenants(db)) await tenants.finish(tenantId);
    },
    async get(tenantId) {
      const row = await findTenant(db, tenantId);
      if (row === undefined) throw new AppError('not_found', 'There is no such tenant.');
      return toTenant(row);
    },
    async update(tenantId, { name, telemetryRetentionDays }) {
      await updateTenant(db, tenantId, {
        ...(name !== undefined && { name: name.trim() }),
        ...(telemetryRetentionDays !== undefined && { telemetry_retention_days: telemetryRetentionDays }),
      });
      return tenants.get(tenantId);
    },
  };
  return tenants;
}

function toTenant(row: TenantRow): Tenant {
  return {
    id: row.id,
    name: row.name,
    telemetryRetentionDays: row.telemetry_retention_days,
    createdAt: row.created_at,
  };
}
