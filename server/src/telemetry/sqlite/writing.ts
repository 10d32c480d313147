/** Changes to the tables. Deletes are work in steps, each a commit of its own; an append is one commit. */
import { type AppendBatch, valueKind } from '../columns.ts';
import type { TelemetryDatabase } from './database.ts';
import { deletesPerStep, type Input } from './protocol.ts';
import type { Steps } from './reading.ts';
import type { SeriesIds } from './series-ids.ts';

export interface Writing {
  /** Stores all batches in one commit, or nothing of them. */
  append(batches: readonly AppendBatch[]): void;
  deleteRange(input: Input<'deleteRange'>): Steps<number>;
  /** Resolves when nobody can see the data any more; `purge` then removes it. */
  deleteDevice(input: Input<'deleteDevice'>): Steps<undefined>;
  retain(input: Input<'retain'>): Steps<number>;
  /** Removes the points of devices that were deleted. */
  purge(): Steps<undefined>;
}

interface SeriesRow {
  readonly id: number;
  readonly device: { readonly tenantId: string; readonly deviceId: string };
}

export function createWriting(database: TelemetryDatabase, series: SeriesIds): Writing {
  const upsert = `insert into point (series, ts, kind, number, text) values (?, ?, ?, ?, ?)
    on conflict (series, ts) do update set kind = excluded.kind, number = excluded.number, text = excluded.text`;

  function insert(batch: AppendBatch): void {
    const statement = database.prepare(upsert);
    let p = 0;
    for (let m = 0; m < batch.count.length; m++) {
      const tenantId = batch.names[batch.tenant[m] ?? 0] ?? '';
      const deviceId = batch.names[batch.device[m] ?? 0] ?? '';
      for (const end = p + (batch.count[m] ?? 0); p < end; p++) {
        const id = series.findOrMake(tenantId, deviceId, batch.names[batch.key[p] ?? 0] ?? '');
        const kind = batch.kind[p] ?? 0;
        const number = batch.number[p] ?? 0;
        const isText = kind === valueKind.text || kind === valueKind.json;
        statement.run(id, batch.ts[p] ?? 0, kind, isText ? null : number, isText ? (batch.texts[number] ?? '') : null);
      }
    }
  }

  /** Deletes points of one series in [fromMs, toMs), and the series itself once it has none left. */
  function* deletePoints({ id, device }: SeriesRow, fromMs: number, toMs: number): Steps<number> {
    let deleted = 0;
    for (let more = true; more; ) {
      more = database.transaction(() => {
        const beyond = database
          .prepare('select ts from point where series = ? and ts >= ? and ts < ? order by ts limit 1 offset ?')
          .get(id, fromMs, toMs, deletesPerStep) as unknown as [number] | undefined;
        const { changes } = database
          .prepare('delete from point where series = ? and ts >= ? and ts < ?')
          .run(id, fromMs, beyond?.[0] ?? toMs);
        deleted += Number(changes);
        if (beyond !== undefined) return true;
        const left = database.prepare('select 1 from point where series = ? limit 1').get(id);
        if (left === undefined) {
          database.prepare('delete from series where id = ?').run(id);
          series.forget(device);
        }
        return false;
      });
      yield;
    }
    return deleted;
  }

  return {
    append(batches) {
      try {
        database.transaction(() => batches.forEach(insert));
      } catch (error) {
        // Series made in this transaction are gone with it.
        series.clear();
        throw error;
      }
    },

    *deleteRange({ device, keys, fromMs, toMs }) {
      let deleted = 0;
      for (const { id } of series.existing(device, keys)) deleted += yield* deletePoints({ id, device }, fromMs, toMs);
      return deleted;
    },

    *deleteDevice(device) {
      series.forget(device);
      database.transaction(() => {
        // The id makes the key unique, and '' is no tenant: nothing can find these series but `purge`.
        database
          .prepare(
            `update series set tenant_id = '', device_id = '', key = cast(id as text) where tenant_id = ? and device_id = ?`,
          )
          .run(device.tenantId, device.deviceId);
      });
      return undefined;
    },

    *retain({ tenantId, beforeMs }) {
      let deleted = 0;
      let [deviceId, key] = ['', ''];
      for (;;) {
        const rows = database
          .prepare(
            'select id, device_id, key from series where tenant_id = ? and (device_id, key) > (?, ?) order by device_id, key limit 100',
          )
          .all(tenantId, deviceId, key) as unknown as [number, string, string][];
        for (const row of rows) {
          [, deviceId, key] = row;
          const device = { tenantId, deviceId };
          deleted += yield* deletePoints({ id: row[0], device }, Number.MIN_SAFE_INTEGER, beforeMs);
        }
        if (rows.length === 0) return deleted;
      }
    },

    *purge() {
      for (;;) {
        const row = database.prepare(`select id from series where tenant_id = '' limit 1`).get() as unknown as
          | [number]
          | undefined;
        if (row === undefined) return undefined;
        const device = { tenantId: '', deviceId: '' };
        yield* deletePoints({ id: row[0], device }, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
      }
    },
  };
}
