/** What crosses between the main thread and the storage thread: one call, one answer. */

import type { AppendBatch, ValueColumns } from './columns.ts';
import type { AggregateBucket, AggregateQuery, DeviceRef, DownsampleQuery, RangeQuery, SeriesStats } from './store.ts';

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
  downsample: { input: DownsampleQuery; output: readonly SeriesColumns[] };
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
  retain: {
    input: { readonly tenantId: string; readonly beforeMs: number; readonly devices: readonly string[] | undefined };
    output: number;
  };
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
  | { readonly kind: 'failed'; readonly id: number; readonly fault: Fault }
  /** Something happened that those who run it should read. */
  | { readonly kind: 'noted'; readonly level: 'info' | 'warn' | 'error'; readonly text: string }
  /** How the store is doing; told when it changes, at most once a second. */
  | { readonly kind: 'status'; readonly status: EngineStatus };

export interface EngineStatus {
  /** One sentence for each thing that is wrong. */
  readonly faults: readonly string[];
  /** Points in memory. */
  readonly headPoints: number;
  /** Pages and blocks whose checksum is wrong. */
  readonly damagedParts: number;
  readonly dayFiles: number;
  /** How long anything but a commit held the thread in the last minute or two, ms. */
  readonly longestStepMs: number;
}

export interface ThreadOptions {
  /** Directory of the store. */
  readonly path: string;
  /** Points in memory at most, those that are being sealed among them. */
  readonly headPoints: number;
  /** The hot database never grows beyond this; undefined for as far as the disk goes. */
  readonly maxSizeBytes: number | undefined;
  /** A table of points that an earlier version wrote, to be taken over at the start. */
  readonly takeOver: string | undefined;
}

/** Points in one commit at most: a longer transaction would let the appends behind it wait too long. */
export const commitPointsLimit = 50_000;

/** How long the thread works on questions before it looks for new appends, ms. */
export const queryTurnMs = 4;

/** How long it then works on files: little while appends wait. ms */
export const backgroundTurnMs = 3;
