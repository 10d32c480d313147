import type { SecurityEventQuery } from '#contract/security-events.ts';
import { inBatches } from '../db/in-batches.ts';
import type { Db, SecurityEventTable } from '../db/schema.ts';

export async function insertSecurityEvents(db: Db, rows: readonly SecurityEventTable[]): Promise<void> {
  for (const batch of inBatches(rows)) await db.insertInto('security_events').values(batch).execute();
}

/** @param after time and id of the last row of the page before */
export function selectSecurityEvents(
  db: Db,
  tenantId: string,
  filter: SecurityEventQuery,
  after: readonly [at: number, id: string] | undefined,
  limit: number,
): Promise<SecurityEventTable[]> {
  const { kind, reason, deviceId, address, from, to } = filter;
  return db
    .selectFrom('security_events')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .$if(kind !== undefined, (query) => query.where('kind', '=', kind ?? ''))
    .$if(reason !== undefined, (query) => query.where('reason', '=', reason ?? ''))
    .$if(deviceId !== undefined, (query) => query.where('device_id', '=', deviceId ?? ''))
    .$if(address !== undefined, (query) => query.where('address', '=', address ?? ''))
    .$if(from !== undefined, (query) => query.where('last_at', '>=', from ?? 0))
    .$if(to !== undefined, (query) => query.where('last_at', '<', to ?? 0))
    .$if(after !== undefined, (query) =>
      query.where(({ eb, refTuple, tuple }) =>
        eb(refTuple('last_at', 'id'), '<', tuple(after?.[0] ?? 0, after?.[1] ?? '')),
      ),
    )
    .orderBy('last_at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}

/** The tenant that sees what belongs to nobody: the one that this installation was set up with. */
export async function selectFirstTenant(db: Db): Promise<string | undefined> {
  const row = await db
    .selectFrom('tenants')
    .select('id')
    .orderBy('created_at')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  return row?.id;
}

export async function deleteSecurityEventsBefore(db: Db, beforeMs: number): Promise<void> {
  await db.deleteFrom('security_events').where('last_at', '<', beforeMs).execute();
}

/** Deletes the oldest of all tenants so that about `keep` remain. */
export async function deleteSecurityEventsBeyond(db: Db, keep: number): Promise<void> {
  const oldest = db.selectFrom('security_events').select('id').orderBy('last_at', 'desc').offset(keep).limit(100_000);
  await db.deleteFrom('security_events').where('id', 'in', oldest).execute();
}
