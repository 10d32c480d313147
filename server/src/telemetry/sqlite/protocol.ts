/** What crosses between the main thread and the storage thread: one call, one answer. */

import type { AppendBatch, ValueColumns } from '../columns.ts';
import type { AggregateBucket, AggregateQuery, DeviceRef, RangeQuery, SeriesStats } from '../store.ts';

/** One key of one device; `device` is an index into the devices of the question. */
export interface LatestRow {
  readonly device: number;
  readonly key: string;
}

export interface SeriesColumns {
  readonly key: string;
  readonly columns: ValueColumns;
}

/** Every call: what goes in and what comes out. */
export interface Calls {
  append: { input: AppendBatch; output: undefined };
  latest: {
    input: { readonly devices: readonly DeviceRef[]; readonly keys: readonly string[] | undefined };
    output: { readonly rows: readonly LatestRow[]; readonly columns: ValueColumns };
  };
  range: { input: RangeQuery; output: readonly SeriesColumns[] };
  aggregate: {
    input: AggregateQuery;
    output: readonly { readonly key: string; readonly buckets: readonly AggregateBucket[] }[];
  };
  deleteRange: {
    input: {
      readonly device: DeviceRef;
      readonly keys: readonly string[] | undefined;
      readonly fromMs: number;
      readonly toMs: number;
    };
    output: number;
  };
  deleteDevice: { input: DeviceRef; output: undefined };
  retain: { input: { readonly tenantId: string; readonly beforeMs: number }; output: number };
  stats: { input: DeviceRef; output: readonly SeriesStats[] };
}

export type CallName = keyof Calls;
export type Input<Name extends CallName> = Calls[Name]['input'];
export type Output<Name extends CallName> = Calls[Name]['output'];

/** A call on its way to the thread. */
export type Call = {
  [Name in CallName]: { readonly id: number; readonly name: Name; readonly input: Input<Name> };
}[CallName];

export interface Fault {
  readonly message: string;
  /** SQLite's extended result code (sqlite.org/rescode.html), 0 for a fault that is not SQLite's. */
  readonly errcode: number;
}

export type Answer =
  /** The thread holds the database, or could not open it. */
  | { readonly kind: 'opened'; readonly fault: Fault | undefined }
  /** One commit that held these appends, or that failed. */
  | {
      readonly kind: 'committed';
      readonly ids: readonly number[];
      readonly points: number;
      readonly seconds: number;
      readonly fault: Fault | undefined;
    }
  | { readonly kind: 'answered'; readonly id: number; readonly output: unknown }
  | { readonly kind: 'failed'; readonly id: number; readonly fault: Fault };

export interface ThreadOptions {
  readonly path: string;
  /** The file never grows beyond this; undefined for as far as the disk goes. */
  readonly maxSizeBytes: number | undefined;
}

/** The version of the tables in `database.ts`, kept in the file's `user_version`. */
export const schemaVersion = 1;

/** Points in one commit at most: a longer transaction would let the appends behind it wait too long. */
export const commitPointsLimit = 20_000;

/**
 * Rows per step of a query: about a millisecond, so that a commit never waits longer than that for a query. Between
 * steps no statement is open, so no query holds back the checkpoint of the write-ahead log either.
 */
export const rowsPerStep = 2000;

/** How long the thread works on queries before it looks for new appends. */
export const queryTurnMs = 4;

/** Points per transaction of a delete: each is a commit of its own, so appends get their turn in between. */
export const deletesPerStep = 2000;
