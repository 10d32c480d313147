/** Who did what to what, and how it ended. Written in batches; recording never waits and never fails its caller. */
import type { FastifyBaseLogger } from 'fastify';
import type { AuditQuery, AuditRecord } from '#contract/audit.ts';
import type { Json, Page } from '#contract/common.ts';
import type { Bus } from '../bus/bus.ts';
import { subjects } from '../bus/subjects.ts';
import { isForeignKeyViolation } from '../db/open.ts';
import type { AuditTable, Db } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { decodeCursor, encodeCursor } from '../lib/cursor.ts';
import { createHousekeeping } from '../lib/housekeeping.ts';
import { uuidv7 } from '../lib/uuid.ts';
import { deleteAuditBefore, deleteAuditBeyond, findTenantIds, insertAudit, selectAudit } from './queries.ts';

export interface AuditActor {
  readonly kind: 'user' | 'api_key' | 'device' | 'system';
  readonly id: string;
  readonly name: string;
  readonly address: string;
}

export interface AuditEntry {
  readonly tenantId: string;
  readonly actor: AuditActor;
  /** Noun first, past tense: `device.created`, `device.provisioned`, `session.sign_in_failed`. */
  readonly action: string;
  readonly target: { readonly kind: string; readonly id: string; readonly name: string };
  readonly outcome: 'success' | 'failure';
  /** Never a secret. */
  readonly detail?: { readonly [key: string]: Json };
}

export interface Audit {
  record(entry: AuditEntry): void;
}

export interface AuditLog extends Audit {
  /** Begins to prune; recording works before. */
  start(): void;
  /** Writes what is left and stops pruning. */
  stop(): Promise<void>;
  /** Resolves when everything recorded so far is in the database, or was given up. */
  flush(): Promise<void>;
  /** Newest first; what was recorded before the call is in it. @throws AppError `invalid_cursor` */
  list(tenantId: string, query: AuditQuery): Promise<Page<AuditRecord>>;
  /** Deletes what is too old or too much. Runs by itself every hour. */
  prune(): Promise<void>;
}

/** A burst (10,000 devices that provision themselves) fits in; some 10 MB at worst. */
const queueLimit = 20_000;
/** 13 columns each: well below the 32,766 parameters of one SQLite statement. */
const batchLimit = 500;
const flushDelayMs = 250;
const retryDelayMs = 2000;
const retentionMs = 180 * 24 * 3600 * 1000;
/** About 100 MB of database; a filtered search through all of it takes some tens of ms. */
const rowsPerTenantLimit = 250_000;
/**
 * What devices may take of both limits. Whoever has the key of a profile makes entries as fast as it provisions: they
 * shall not push out what people did.
 */
const deviceShare = 0.8;
const prunePeriodMs = 3600 * 1000;
/** Names come from devices: as long as a name of ours may be, and not longer. */
const textLimit = 255;
const detailLimit = 4096;

export interface AuditDeps {
  readonly db: Db;
  readonly bus: Pick<Bus, 'publish'>;
  readonly clock: Clock;
  readonly log: Pick<FastifyBaseLogger, 'warn' | 'error'>;
  /** Fewer in tests. */
  readonly rowsPerTenant?: number;
}

export function createAudit({ db, bus, clock, log, rowsPerTenant = rowsPerTenantLimit }: AuditDeps): AuditLog {
  let queue: AuditTable[] = [];
  let dropped = 0;
  let isScheduled = false;
  let cancelTimer = (): void => {};
  let writing: Promise<boolean> = Promise.resolve(true);

  const schedule = (delayMs: number): void => {
    if (isScheduled) return;
    isScheduled = true;
    cancelTimer = clock.after(delayMs, () => void flush());
  };

  /** @returns whether the database took the batch, or refused it for good */
  const write = async (batch: readonly AuditTable[]): Promise<boolean> => {
    try {
      await insertAudit(db, batch);
      return true;
    } catch (error) {
      if (!isForeignKeyViolation(error)) {
        log.error({ err: error, entries: batch.length }, 'the audit log could not be written');
        return false;
      }
      // The tenant of one of them was deleted meanwhile: that entry goes with it, the others stay.
      if (batch.length === 1) return true;
      for (const row of batch) if (!(await write([row]))) return false;
      return true;
    }
  };

  const drain = async (): Promise<boolean> => {
    while (queue.length > 0) {
      const batch = queue.slice(0, batchLimit);
      if (!(await write(batch))) {
        schedule(retryDelayMs);
        return false;
      }
      queue = queue.slice(batch.length);
    }
    if (dropped > 0) {
      log.warn({ entries: dropped }, 'audit entries were dropped: more came than could be written');
      dropped = 0;
    }
    return true;
  };

  const flush = async (): Promise<void> => {
    cancelTimer();
    isScheduled = false;
    writing = writing.then(drain);
    await writing;
  };

  const prune = async (): Promise<void> => {
    await deleteAuditBefore(db, clock.now() - retentionMs);
    for (const tenantId of await findTenantIds(db)) {
      await deleteAuditBeyond(db, tenantId, Math.floor(rowsPerTenant * deviceShare), 'device');
      await deleteAuditBeyond(db, tenantId, rowsPerTenant);
    }
  };
  const housekeeping = createHousekeeping(clock, prunePeriodMs, prune, (error) =>
    log.error({ err: error }, 'the audit log could not be pruned'),
  );

  return {
    record(entry) {
      const { tenantId, action, target, outcome } = entry;
      // Also of what is dropped below: it has happened all the same.
      bus.publish(subjects.audit(tenantId), {
        ...{ kind: 'audit.recorded', tenantId, action, outcome },
        target: { kind: target.kind, id: target.id },
      });
      if (queue.length >= (entry.actor.kind === 'device' ? queueLimit * deviceShare : queueLimit)) {
        dropped++;
        return;
      }
      queue.push(toRow(entry, clock.now()));
      schedule(flushDelayMs);
    },
    start: housekeeping.start,
    async stop() {
      await housekeeping.stop();
      await flush();
      cancelTimer();
    },
    flush,
    async list(tenantId, query) {
      await flush();
      const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor, ['number', 'string']);
      if (query.cursor !== undefined && after === undefined) throw new AppError('invalid_cursor');
      const limit = query.limit ?? 50;
      const rows = await selectAudit(db, tenantId, query, after as [number, string] | undefined, limit + 1);
      const items = rows.slice(0, limit);
      const last = items.at(-1);
      const nextCursor = rows.length > limit && last !== undefined ? encodeCursor([last.at, last.id]) : null;
      return { items: items.map(toRecord), nextCursor };
    },
    prune,
  };
}

function toRow(entry: AuditEntry, nowMs: number): AuditTable {
  return {
    id: uuidv7(nowMs),
    tenant_id: entry.tenantId,
    at: nowMs,
    actor_kind: entry.actor.kind,
    actor_id: clip(entry.actor.id),
    actor_name: clip(entry.actor.name),
    action: entry.action,
    target_kind: entry.target.kind,
    target_id: clip(entry.target.id),
    target_name: clip(entry.target.name),
    outcome: entry.outcome,
    address: clip(entry.actor.address),
    detail: toDetail(entry.detail),
  };
}

function clip(text: string): string {
  return text.length <= textLimit ? text : `${text.slice(0, textLimit - 1).toWellFormed()}…`;
}

function toDetail(detail: AuditEntry['detail']): string {
  const text = JSON.stringify(detail ?? {});
  return text.length <= detailLimit ? text : JSON.stringify({ truncated: text.slice(0, detailLimit / 2) });
}

function toRecord(row: AuditTable): AuditRecord {
  return {
    id: row.id,
    at: row.at,
    actor: { kind: row.actor_kind, id: row.actor_id, name: row.actor_name, address: row.address },
    action: row.action,
    target: { kind: row.target_kind, id: row.target_id, name: row.target_name },
    outcome: row.outcome,
    detail: JSON.parse(row.detail),
  };
}
