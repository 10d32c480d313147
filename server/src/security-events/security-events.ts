/**
 * What was refused at the gates, and what is suspicious. Many of a kind become one record, so that whoever sends a million
 * bad requests fills a few rows; recording costs a look into a map and never waits.
 */
import type { Page } from '#contract/common.ts';
import type { SecurityEvent, SecurityEventQuery } from '#contract/security-events.ts';
import type { Bus } from '../bus/bus.ts';
import { subjects } from '../bus/subjects.ts';
import { isForeignKeyViolation } from '../db/open.ts';
import type { Db, SecurityEventTable } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import { addressBlock } from '../lib/address-block.ts';
import { createBackgroundWriter } from '../lib/background-writer.ts';
import type { Clock } from '../lib/clock.ts';
import { decodeCursor, encodeCursor } from '../lib/cursor.ts';
import { toUuid } from '../lib/short-id.ts';
import { uuidv7 } from '../lib/uuid.ts';
import type { Metrics } from '../metrics.ts';
import {
  deleteSecurityEventsBefore,
  deleteSecurityEventsBeyond,
  insertSecurityEvents,
  selectFirstTenant,
  selectSecurityEvents,
} from './queries.ts';

export interface SecurityIncident {
  /** Noun first, past tense: `device_token.refused`. */
  readonly kind: 'device_token.refused' | 'access_token.refused' | 'provisioning.refused' | 'sign_in.locked_out';
  readonly reason: string;
  readonly transport: string;
  readonly address: string;
  /** Absent when nobody knows whose it was. */
  readonly tenantId?: string;
  readonly device?: { readonly deviceId: string; readonly deviceName: string };
}

export interface SecurityEvents {
  record(incident: SecurityIncident): void;
}

export interface SecurityEventLog extends SecurityEvents {
  start(): void;
  stop(): Promise<void>;
  /** Writes what has been collected. */
  flush(): Promise<void>;
  /** Newest first; what was recorded before the call is in it. @throws AppError `invalid_cursor` */
  list(tenantId: string, query: SecurityEventQuery): Promise<Page<SecurityEvent>>;
}

export interface SecurityEventsDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly bus: Bus;
  readonly metrics: Pick<Metrics, 'securityEvents'>;
  readonly log: { error(context: object, message: string): void };
}

/** Different ones collected at a time; what comes beyond is counted without device and address. */
const maxCollected = 2000;
const flushPeriodMs = 5000;
const retentionMs = 90 * 24 * 3600 * 1000;
/** Some 30 MB. */
const maxRows = 100_000;
const prunePeriodMs = 3600 * 1000;

interface Collected {
  readonly incident: SecurityIncident;
  readonly firstAt: number;
  lastAt: number;
  count: number;
}

export function createSecurityEvents({ db, clock, bus, metrics, log }: SecurityEventsDeps): SecurityEventLog {
  let collected = new Map<string, Collected>();

  function add(incident: SecurityIncident): void {
    const { kind, reason, transport, address, tenantId = '', device } = incident;
    const key = `${kind} ${reason} ${transport} ${address} ${tenantId} ${device?.deviceId ?? ''}`;
    const now = clock.now();
    const known = collected.get(key);
    if (known !== undefined) {
      known.count++;
      known.lastAt = now;
      return;
    }
    if (collected.size >= maxCollected && address !== '') {
      const { device: _, ...rest } = incident;
      add({ ...rest, address: '' });
      return;
    }
    collected.set(key, { incident, firstAt: now, lastAt: now, count: 1 });
  }

  async function write(): Promise<void> {
    if (collected.size === 0) return;
    const batch = [...collected.values()];
    collected = new Map();
    const nobodys = await selectFirstTenant(db);
    const rows = batch.flatMap((item) => toRow(item, nobodys) ?? []);
    try {
      await insertSecurityEvents(db, rows);
    } catch (error) {
      if (!isForeignKeyViolation(error)) throw error;
      // The tenant of one of them was deleted meanwhile: those go with it, the others stay.
      for (const row of rows) await insertSecurityEvents(db, [row]).catch(() => undefined);
    }
    for (const row of rows) {
      const { tenant_id: tenantId, kind, reason, address, count } = row;
      const deviceId = row.device_id === '' ? null : row.device_id;
      bus.publish(subjects.security(tenantId), {
        kind: 'security.recorded',
        tenantId,
        event: kind,
        reason,
        deviceId,
        address,
        count,
        transport: row.transport,
        firstAt: row.first_at,
        lastAt: row.last_at,
      });
    }
  }

  const writer = createBackgroundWriter({
    ...{ clock, log, flushPeriodMs, prunePeriodMs, write },
    what: 'security events',
    isEmpty: () => collected.size === 0,
    async prune() {
      await deleteSecurityEventsBefore(db, clock.now() - retentionMs);
      await deleteSecurityEventsBeyond(db, maxRows);
    },
  });

  return {
    record(incident) {
      metrics.securityEvents.inc({ kind: incident.kind, reason: incident.reason });
      add({ ...incident, address: incident.address === '' ? '' : addressBlock(incident.address) });
    },
    ...writer,
    async list(tenantId, query) {
      await writer.flush();
      const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor, ['number', 'string']);
      if (query.cursor !== undefined && after === undefined) throw new AppError('invalid_cursor');
      const limit = query.limit ?? 50;
      const { deviceId } = query;
      // As devices and their tokens have it, or as people see it.
      const filter = deviceId === undefined ? query : { ...query, deviceId: toUuid(deviceId) ?? deviceId };
      const rows = await selectSecurityEvents(db, tenantId, filter, after as [number, string] | undefined, limit + 1);
      const items = rows.slice(0, limit);
      const last = items.at(-1);
      const nextCursor = rows.length > limit && last !== undefined ? encodeCursor([last.last_at, last.id]) : null;
      return { items: items.map(toEvent), nextCursor };
    },
  };
}

/** @param nobodys the tenant of what belongs to no tenant; none before the set-up */
function toRow({ incident, firstAt, lastAt, count }: Collected, nobodys: string | undefined) {
  const tenantId = incident.tenantId ?? nobodys;
  if (tenantId === undefined) return undefined;
  const { kind, reason, transport, address, device } = incident;
  return {
    id: uuidv7(lastAt),
    tenant_id: tenantId,
    first_at: firstAt,
    last_at: lastAt,
    count,
    kind,
    reason,
    transport,
    device_id: device?.deviceId ?? '',
    device_name: device?.deviceName ?? '',
    address,
  } satisfies SecurityEventTable;
}

function toEvent(row: SecurityEventTable): SecurityEvent {
  const { id, kind, reason, transport, address, count } = row;
  const device = row.device_id === '' ? null : { id: row.device_id, name: row.device_name };
  return { id, kind, reason, transport, device, address, count, firstAt: row.first_at, lastAt: row.last_at };
}
