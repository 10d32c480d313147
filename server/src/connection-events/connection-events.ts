/**
 * When devices connected and disconnected. Recording costs a place in a queue: no connect waits for it, and when a whole
 * fleet comes back at once, its history is written little by little, or has a gap when that is not enough.
 */
import type { Page } from '#contract/common.ts';
import type { ConnectionEvent, ConnectionEventQuery } from '#contract/connection-events.ts';
import type { DeviceConnection } from '#contract/devices.ts';
import { inBatches } from '../db/in-batches.ts';
import { isForeignKeyViolation } from '../db/open.ts';
import type { ConnectionEventTable, Db } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import { createBackgroundWriter } from '../lib/background-writer.ts';
import type { Clock } from '../lib/clock.ts';
import { decodeCursor, encodeCursor } from '../lib/cursor.ts';
import { uuidv7 } from '../lib/uuid.ts';
import {
  deleteConnectionEventsBefore,
  deleteConnectionEventsBeyond,
  deleteOldestConnectionEvents,
  insertConnectionEvents,
  selectConnectionEvents,
  selectLiving,
} from './queries.ts';

export interface ConnectionIncident {
  readonly tenantId: string;
  readonly deviceId: string;
  readonly kind: ConnectionEvent['kind'];
  readonly connection: DeviceConnection;
}

export interface ConnectionEvents {
  /** Costs no I/O. */
  record(incident: ConnectionIncident): void;
}

export interface ConnectionEventLog extends ConnectionEvents {
  start(): void;
  stop(): Promise<void>;
  /** Writes what has been recorded, as much as one turn takes. */
  flush(): Promise<void>;
  /** Newest first. @throws AppError `not_found`, `invalid_cursor` */
  list(tenantId: string, deviceId: string, query: ConnectionEventQuery): Promise<Page<ConnectionEvent>>;
}

export interface ConnectionEventsDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: { error(context: object, message: string): void; warn(context: object, message: string): void };
  /** At least 0 and less than 1. */
  random?(): number;
}

/** Waiting to be written; some 5 MB. What comes beyond is left out, for a device's times of last are kept elsewhere. */
const queueLimit = 20_000;
const flushPeriodMs = 5_000;
/** Written per turn: 15 ms of the main thread every five seconds (measured), however many come. */
const writtenPerTurn = 2_000;
/** Kept of each device: a day of one that comes and goes every few minutes. */
export const keptPerDevice = 200;
/**
 * With one of so many events of a device its oldest are deleted. Chance needs no count of each device, which would be
 * lost with every restart and have to be given up beyond some number of devices.
 */
const prunedEvery = 50;
const retentionMs = 30 * 24 * 3600 * 1000;
/** Some 200 MB. */
const maxRows = 1_000_000;
const prunePeriodMs = 6 * 3600 * 1000;

type Waiting = ConnectionIncident & { readonly at: number };

export function createConnectionEvents({
  db,
  clock,
  log,
  random = Math.random,
}: ConnectionEventsDeps): ConnectionEventLog {
  let queue: Waiting[] = [];
  let dropped = 0;

  async function write(): Promise<void> {
    if (dropped > 0) log.warn({ dropped }, 'connections came faster than their history is written');
    dropped = 0;
    if (queue.length > writtenPerTurn) queue = newestOfEach(queue);
    const rows = queue.slice(0, writtenPerTurn).map(toRow);
    queue = queue.slice(writtenPerTurn);
    if (rows.length === 0) return;
    for (const batch of inBatches(rows)) await insert(batch);
    await pruneOf(rows);
  }

  /** All in one statement, of which nothing is written when it fails. */
  async function insert(rows: readonly ConnectionEventTable[]): Promise<void> {
    try {
      await insertConnectionEvents(db, rows);
    } catch (error) {
      if (!isForeignKeyViolation(error)) throw error;
      // A device was deleted meanwhile, which ended its connection: its own go with it, the others stay.
      const living = await selectLiving(db, [...new Set(rows.map(({ device_id: id }) => id))]);
      const left = rows.filter(({ device_id: id }) => living.has(id));
      for (const batch of inBatches(left)) await insertConnectionEvents(db, batch);
    }
  }

  async function pruneOf(rows: readonly ConnectionEventTable[]): Promise<void> {
    const ids = new Set<string>();
    for (const { device_id: id } of rows) if (random() * prunedEvery < 1) ids.add(id);
    for (const id of ids) await deleteConnectionEventsBeyond(db, id, keptPerDevice);
  }

  const writer = createBackgroundWriter({
    ...{ clock, log, flushPeriodMs, prunePeriodMs, write },
    what: 'connection events',
    isEmpty: () => queue.length === 0,
    async prune() {
      await deleteConnectionEventsBefore(db, clock.now() - retentionMs);
      await deleteOldestConnectionEvents(db, maxRows);
    },
  });

  return {
    record(incident) {
      if (queue.length >= queueLimit) dropped++;
      else queue.push({ ...incident, at: clock.now() });
    },
    ...writer,
    async list(tenantId, deviceId, query) {
      await writer.flush();
      const before = query.cursor === undefined ? undefined : decodeCursor(query.cursor, ['string']);
      if (query.cursor !== undefined && before === undefined) throw new AppError('invalid_cursor');
      const limit = query.limit ?? 50;
      const from = before?.[0] === undefined ? undefined : String(before[0]);
      const rows = await selectConnectionEvents(db, tenantId, deviceId, from, limit + 1);
      const items = rows.slice(0, limit);
      const last = items.at(-1);
      const nextCursor = rows.length > limit && last !== undefined ? encodeCursor([last.id]) : null;
      return { items: items.map(toEvent), nextCursor };
    },
  };
}

/** A device that comes and goes without end leaves the room to others: of its own only the newest would be kept anyway. */
function newestOfEach(queue: readonly Waiting[]): Waiting[] {
  const newer = new Map<string, number>();
  const kept = queue.toReversed().filter(({ deviceId }) => {
    const count = newer.get(deviceId) ?? 0;
    newer.set(deviceId, count + 1);
    return count < keptPerDevice;
  });
  return kept.reverse();
}

function toRow({ tenantId, deviceId, kind, connection, at }: Waiting): ConnectionEventTable {
  const { protocol, secure, address } = connection;
  return {
    ...{ id: uuidv7(at), tenant_id: tenantId, device_id: deviceId, at, kind },
    ...{ protocol, secure: secure ? 1 : 0, address },
  };
}

function toEvent({ id, at, kind, protocol, secure, address }: ConnectionEventTable): ConnectionEvent {
  return { id, at, kind, connection: { protocol, secure: secure === 1, address } };
}
