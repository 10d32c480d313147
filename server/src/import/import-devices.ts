/** Makes devices from a CSV file as it arrives, in bounded memory, and tells what happens to each row. */
import { setImmediate } from 'node:timers/promises';
import type { ImportCounts, ImportEvent, ImportQuery, ImportSummary } from '#contract/import.ts';
import type { Audit, AuditActor } from '../audit/audit.ts';
import { AppError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { CsvRecord } from '../lib/csv-reader.ts';
import { uuidv7 } from '../lib/uuid.ts';
import type { Metrics } from '../metrics.ts';
import { type BatchDeps, type BatchOutcome, createBatchImport } from './batch.ts';
import { readCsv } from './csv-stream.ts';
import { type Layout, layoutOf } from './layout.ts';
import { batchRows, maxBytes, maxRows } from './limits.ts';
import { type ImportRow, type RowFault, readRow } from './row.ts';

export interface DeviceImportDeps extends Omit<BatchDeps, 'profiles'> {
  readonly profiles: BatchDeps['profiles'] & {
    defaultOf(tenantId: string): Promise<{ readonly id: string }>;
    get(tenantId: string, id: string): Promise<{ readonly id: string }>;
  };
  readonly audit: Audit;
  readonly metrics: Metrics;
  readonly clock: Clock;
  /** The part of a pino logger that is needed here. */
  readonly log: { error(detail: object, message: string): void };
  /** Smaller in tests. */
  readonly limits?: { readonly bytes?: number; readonly rows?: number };
}

export interface ImportOrder {
  readonly tenantId: string;
  readonly actor: AuditActor;
  readonly query: ImportQuery;
  readonly source: AsyncIterable<Uint8Array>;
  /** Aborted when nobody waits for the outcome any more: the import ends after the batch that is under way. */
  readonly signal: AbortSignal;
}

/** Events come in groups, one group a batch; the last event of the last group is the summary. */
export type ImportEvents = AsyncGenerator<readonly ImportEvent[], void, void>;

type Stop = NonNullable<ImportSummary['stopped']>;

export interface DeviceImport {
  /**
   * Reads as far as the first line. The import goes on as its events are taken, one batch at a time.
   * @throws AppError `invalid_payload` (no first line), `invalid_request` (columns, profile), `not_found` (profileId)
   */
  begin(order: ImportOrder): Promise<ImportEvents>;
}

export function createDeviceImport(deps: DeviceImportDeps): DeviceImport {
  const limits = { bytes: maxBytes, rows: maxRows, ...deps.limits };

  async function settingsOf({ tenantId, query }: ImportOrder) {
    const { profile, profileId, dryRun = false, existing } = query;
    const shared = { tenantId, dryRun, updates: existing === 'update' };
    if (profileId !== undefined) {
      const { id } = await deps.profiles.get(tenantId, profileId);
      return { ...shared, profileId: id, isProfileChosen: true };
    }
    if (profile !== undefined && profile.trim() !== '') {
      const found = await deps.profiles.findByName(tenantId, profile.trim());
      if (found === undefined) throw new AppError('invalid_request', `There is no profile "${profile.trim()}".`);
      return { ...shared, profileId: found.id, isProfileChosen: true };
    }
    return { ...shared, profileId: (await deps.profiles.defaultOf(tenantId)).id, isProfileChosen: false };
  }

  /** One entry for the whole: what it says of single devices stands in the devices themselves. */
  function record({ tenantId, actor, query }: ImportOrder, counts: ImportCounts, stopped: Stop | null): void {
    deps.audit.record({
      tenantId,
      actor,
      action: 'devices.imported',
      target: { kind: 'import', id: uuidv7(deps.clock.now()), name: 'devices' },
      outcome: stopped === null ? 'success' : 'failure',
      detail: { ...counts, existing: query.existing ?? 'skip', ...(stopped !== null && { stopped: stopped.code }) },
    });
  }

  async function* run(
    order: ImportOrder,
    layout: Layout,
    records: AsyncIterable<readonly CsvRecord[]>,
    importBatch: (rows: readonly ImportRow[]) => Promise<BatchOutcome>,
  ): ImportEvents {
    const { signal, query } = order;
    const dryRun = query.dryRun ?? false;
    const counts = { rows: 0, created: 0, unchanged: 0, updated: 0, failed: 0 };
    let stopped: Stop | null = clientGone;
    try {
      for await (const { rows, faults, stop } of inBatchesOf(batchRows, records, layout, limits.rows)) {
        const outcome = await importBatch(rows);
        const failed = [...faults, ...outcome.faults].sort((a, b) => a.line - b.line);
        for (const { code } of failed) deps.metrics.rejections.inc({ where: 'import', code });
        counts.rows += rows.length + faults.length;
        counts.created += outcome.createdCount;
        counts.unchanged += outcome.unchanged;
        counts.updated += outcome.updated;
        counts.failed += failed.length;
        const events: ImportEvent[] = failed.map((error) => ({ type: 'error', ...error }));
        if (query.credentials === true) {
          for (const { row, deviceId, credentials } of outcome.created) {
            events.push({ type: 'credentials', line: row.line, name: row.name, deviceId, credentials });
          }
        }
        events.push({ type: 'progress', ...counts });
        yield events;
        // Reads of the embedded database never wait, so without this a batch would follow the other in one turn.
        await setImmediate();
        if (stop !== undefined) throw stop;
        if (signal.aborted) return;
      }
      stopped = null;
    } catch (error) {
      if (signal.aborted || error instanceof UploadBroken) return;
      stopped = stopOf(error);
      if (stopped.code === 'internal_error' || stopped.code === 'storage_unavailable') {
        deps.log.error({ err: error }, 'an import of devices failed');
      }
    } finally {
      if (!dryRun) record(order, counts, stopped);
    }
    yield [{ type: 'summary', dryRun, ...counts, ignoredColumns: [...layout.ignored], stopped }];
  }

  return {
    async begin(order) {
      const settings = await settingsOf(order);
      const chunks = readCsv(whole(order.source), limits.bytes);
      let first: readonly CsvRecord[] = [];
      while (first.length === 0) {
        const next = await chunks.next();
        if (next.done)
          throw new AppError('invalid_payload', 'The file is empty: a list of names, one a line, is enough.');
        first = next.value;
      }
      const layout = layoutOf(cellsOf(first[0]), order.query);
      const records = prepend(layout.hasHeader ? first.slice(1) : first, chunks);
      return run(order, layout, records, createBatchImport(deps, settings));
    },
  };
}

function cellsOf(head: CsvRecord | undefined): readonly string[] {
  if (head !== undefined && 'cells' in head) return head.cells;
  throw new AppError('invalid_payload', `The first line cannot be read. ${head?.fault ?? ''}`);
}

/** The connection ended before the file did. */
class UploadBroken extends AppError {
  constructor(cause: unknown) {
    super('request_timeout', 'The upload broke off.', { cause });
  }
}

async function* whole(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* source;
  } catch (error) {
    throw new UploadBroken(error);
  }
}

const clientGone: Stop = { code: 'client_gone', reason: 'The client went away.' };

function stopOf(error: unknown): Stop {
  if (error instanceof AppError) return { code: error.code, reason: error.message };
  return { code: 'internal_error', reason: 'Something went wrong inside of Gapura; the log says what.' };
}

async function* prepend<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first;
  yield* rest;
}

interface Batch {
  readonly rows: readonly ImportRow[];
  readonly faults: readonly RowFault[];
  /** Why there are no more, when it is not the end of the file. */
  readonly stop?: unknown;
}

/** Rows in groups of `size`, faulty ones counted in; a fault of the source comes behind the rows before it. */
async function* inBatchesOf(
  size: number,
  chunks: AsyncIterable<readonly CsvRecord[]>,
  layout: Layout,
  maxRows: number,
): AsyncGenerator<Batch> {
  let rows: ImportRow[] = [];
  let faults: RowFault[] = [];
  let count = 0;
  let stop: unknown;
  try {
    for await (const records of chunks) {
      for (const record of records) {
        const row = toRow(record, layout);
        if (row === undefined) continue;
        if (++count > maxRows) {
          throw new AppError('payload_too_large', `The file has more than ${maxRows} rows: import it in parts.`);
        }
        if ('code' in row) faults.push(row);
        else rows.push(row);
        if (rows.length + faults.length < size) continue;
        yield { rows, faults };
        rows = [];
        faults = [];
      }
    }
  } catch (error) {
    // The last rows of a broken upload stay out: its last line may be half of one.
    if (!(error instanceof AppError) || error instanceof UploadBroken) throw error;
    stop = error;
  }
  if (rows.length + faults.length > 0 || stop !== undefined)
    yield { rows, faults, ...(stop !== undefined && { stop }) };
}

function toRow(record: CsvRecord, layout: Layout): ImportRow | RowFault | undefined {
  if ('fault' in record) return { line: record.line, code: 'invalid_line', reason: record.fault };
  return readRow(record.line, record.cells, layout);
}
