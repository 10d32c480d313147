/** Takes over the points of a `telemetry.sqlite`, the plain table in which earlier versions kept them. */
import { existsSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { createBatchPacker } from '../batch-packer.ts';
import { toValue } from '../columns.ts';
import type { TelemetryMessage, TelemetryPoint } from '../store.ts';
import { BatchNames } from './batch-names.ts';
import type { Engine } from './engine.ts';

/** Points in one commit. */
const batchPoints = 20_000;
const companions = ['', '-wal', '-shm', '-journal'];

/**
 * Everything is written durably before the old file is removed. When it is cut off, the next start does it again, which
 * changes nothing: the same points replace themselves. Nothing else may be written before it is done.
 */
export async function takeOver(
  path: string,
  engine: Engine,
  note: (level: 'info' | 'warn' | 'error', text: string) => void,
): Promise<void> {
  if (!existsSync(path)) return;
  const old = new DatabaseSync(path, { timeout: 5000 });
  let points = 0;
  try {
    const version = Number(old.prepare('pragma user_version').get()?.['user_version']);
    if (version !== 1) {
      // A file that was made and never used has no tables.
      if (version !== 0) throw new Error(`${path} was written by a newer Gapura.`);
    } else {
      note('info', `taking over the telemetry of ${path}; this happens once`);
      const packer = createBatchPacker();
      const names = new BatchNames();
      for (const messages of readMessages(old)) {
        const batch = names.take(packer.pack(messages));
        if (engine.obstacle(batch.ts.length) !== undefined) await engine.drain();
        engine.append([batch]);
        points += batch.ts.length;
      }
      // Out of memory and into the files: the segments of so much would make the next start slow.
      await engine.drain();
    }
  } finally {
    old.close();
  }
  for (const companion of companions) rmSync(path + companion, { force: true });
  if (points > 0) note('info', `took over ${points} telemetry points of ${path}`);
}

function* readMessages(old: DatabaseSync): Generator<TelemetryMessage[]> {
  // Series without a tenant are devices that were deleted.
  const series = old
    .prepare(`select id, tenant_id, device_id, key from series where tenant_id <> '' order by id`)
    .all();
  const names = new Map(
    series.map((row) => [
      Number(row['id']),
      { tenantId: String(row['tenant_id']), deviceId: String(row['device_id']), key: String(row['key']) },
    ]),
  );
  const [bounds] = old.prepare('select min(ts) as first, max(ts) as last from point').all();
  const first = bounds?.['first'];
  const last = bounds?.['last'];
  if (typeof first !== 'number' || typeof last !== 'number') return;
  const select = old.prepare(
    'select ts, kind, number, text from point where series = ? and ts >= ? and ts < ? order by ts limit ?',
  );
  select.setReturnArrays(true);
  let batch: TelemetryMessage[] = [];
  let count = 0;
  for (const [id, { key, ...device }] of names) {
    for (let fromMs = first; fromMs <= last; ) {
      const rows = select.all(id, fromMs, last + 1, batchPoints) as unknown as [
        number,
        number,
        number | null,
        string | null,
      ][];
      const points = rows.map(
        ([ts, kind, number, text]): TelemetryPoint => ({
          key,
          ts,
          value: toValue({ kind, number, text }),
        }),
      );
      if (points.length > 0) batch.push({ ...device, points });
      count += points.length;
      if (count >= batchPoints) {
        yield batch;
        batch = [];
        count = 0;
      }
      const end = points.at(-1)?.ts;
      if (end === undefined || points.length < batchPoints) break;
      fromMs = end + 1;
    }
  }
  if (count > 0) yield batch;
}
