import type { AuditQuery } from '#contract/audit.ts';
import type { AuditTable, Db } from '../db/schema.ts';

/** Rows per delete statement: some ms on the writer thread, so that other writes get between. */
const deleteSlice = 2000;

export async function insertAudit(db: Db, rows: readonly AuditTable[]): Promise<void> {
  await db.insertInto('audit').values(rows).execute();
}

/** @param after time and id of the last row of the page before */
export function selectAudit(
  db: Db,
  tenantId: string,
  filter: AuditQuery,
  after: readonly [at: number, id: string] | undefined,
  limit: number,
): Promise<AuditTable[]> {
  const { action, actorId, targetId, from, to } = filter;
  return db
    .selectFrom('audit')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .$if(action !== undefined, (query) => query.where('action', '=', action ?? ''))
    .$if(actorId !== undefined, (query) => query.where('actor_id', '=', actorId ?? ''))
    .$if(targetId !== undefined, (query) => query.where('target_id', '=', targetId ?? ''))
    .$if(from !== undefined, (query) => query.where('at', '>=', from ?? 0))
    .$if(to !== undefined, (query) => query.where('at', '<', to ?? 0))
    .$if(after !== undefined, (query) =>
      query.where(({ eb, refTuple, tuple }) => eb(refTuple('at', 'id'), '<', tuple(after?.[0] ?? 0, after?.[1] ?? ''))),
    )
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}

export async function findTenantIds(db: Db): Promise<string[]> {
  return (await db.selectFrom('tenants').select('id').execute()).map((row) => row.id);
}

/** Deletes entries from before `beforeMs` of all tenants. */
export async function deleteAuditBefore(db: Db, beforeMs: number): Promise<void> {
  for (const tenantId of await findTenantIds(db)) await deleteSliced(db, tenantId, beforeMs, undefined);
}

/**
 * Deletes the oldest entries of a tenant so that `keep` remain.
 * @param actorKind only of those that this kind of actor caused
 */
export async function deleteAuditBeyond(
  db: Db,
  tenantId: string,
  keep: number,
  actorKind?: AuditTable['actor_kind'],
): Promise<void> {
  // In a transaction, so that the walk through the index happens on the writer thread and not on this one.
  const oldestKept = await db.transaction().execute((trx) =>
    trx
      .selectFrom('audit')
      .select('at')
      .where('tenant_id', '=', tenantId)
      .$if(actorKind !== undefined, (query) => query.where('actor_kind', '=', actorKind ?? 'device'))
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .offset(keep - 1)
      .limit(1)
      .executeTakeFirst(),
  );
  if (oldestKept !== undefined) await deleteSliced(db, tenantId, oldestKept.at, actorKind);
}

async function deleteSliced(
  db: Db,
  tenantId: string,
  beforeMs: number,
  actorKind: AuditTable['actor_kind'] | undefined,
): Promise<void> {
  for (;;) {
    const slice = db
      .selectFrom('audit')
      .select('id')
      .where('tenant_id', '=', tenantId)
      .where('at', '<', beforeMs)
      .$if(actorKind !== undefined, (query) => query.where('actor_kind', '=', actorKind ?? 'device'))
      .limit(deleteSlice);
    const { numDeletedRows } = await db.deleteFrom('audit').where('id', 'in', slice).executeTakeFirstOrThrow();
    if (numDeletedRows < deleteSlice) return;
  }
}
