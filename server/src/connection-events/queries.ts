import { inBatches } from '../db/in-batches.ts';
import type { ConnectionEventTable, Db } from '../db/schema.ts';

/** In one statement. @param rows a batch, not empty */
export async function insertConnectionEvents(db: Db, rows: readonly ConnectionEventTable[]): Promise<void> {
  await db.insertInto('connection_events').values(rows).execute();
}

/** Which of these devices are there. */
export async function selectLiving(db: Db, deviceIds: readonly string[]): Promise<ReadonlySet<string>> {
  const living = new Set<string>();
  for (const batch of inBatches(deviceIds)) {
    const rows = await db.selectFrom('devices').select('id').where('id', 'in', batch).execute();
    for (const { id } of rows) living.add(id);
  }
  return living;
}

/** Newest first. @param before the id of the last row of the page before */
export function selectConnectionEvents(
  db: Db,
  tenantId: string,
  deviceId: string,
  before: string | undefined,
  limit: number,
): Promise<ConnectionEventTable[]> {
  return db
    .selectFrom('connection_events')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .where('device_id', '=', deviceId)
    .$if(before !== undefined, (query) => query.where('id', '<', before ?? ''))
    .orderBy('id', 'desc')
    .limit(limit)
    .execute();
}

/** Deletes all but the newest `keep` of a device. */
export async function deleteConnectionEventsBeyond(db: Db, deviceId: string, keep: number): Promise<void> {
  const oldestKept = db
    .selectFrom('connection_events')
    .select('id')
    .where('device_id', '=', deviceId)
    .orderBy('id', 'desc')
    .limit(1)
    .offset(keep - 1);
  await db.deleteFrom('connection_events').where('device_id', '=', deviceId).where('id', '<', oldestKept).execute();
}

/** Reads the whole table, for an index of times would cost more with every event than this does a few times a day. */
export async function deleteConnectionEventsBefore(db: Db, beforeMs: number): Promise<void> {
  await db.deleteFrom('connection_events').where('at', '<', beforeMs).execute();
}

/**
 * Deletes the oldest of all devices so that `keep` remain.
 * @param atOnce in one statement: other writes get their turn in between
 */
export async function deleteOldestConnectionEvents(db: Db, keep: number, atOnce = 20_000): Promise<void> {
  for (;;) {
    const oldest = db.selectFrom('connection_events').select('id').orderBy('id', 'desc').limit(atOnce).offset(keep);
    const { numDeletedRows } = await db
      .deleteFrom('connection_events')
      .where('id', 'in', oldest)
      .executeTakeFirstOrThrow();
    if (Number(numDeletedRows) < atOnce) return;
  }
}
