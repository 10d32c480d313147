/** The seam behind which telemetry is kept. The embedded engine and PostgreSQL stand behind the same functions. */

import type { AggregateFunction } from '#contract/telemetry.ts';
import type { TelemetryValue } from '../lib/telemetry-value.ts';
import type { MessageBatch } from './message-batch.ts';

export type { JsonText, TelemetryValue } from '../lib/telemetry-value.ts';

/** The whole identity of a device's data: no function of the store takes a device without its tenant. */
export interface DeviceRef {
  readonly tenantId: string;
  readonly deviceId: string;
}

export interface TelemetryPoint {
  readonly key: string;
  /** Milliseconds since the Unix epoch. */
  readonly ts: number;
  readonly value: TelemetryValue;
}

/** The points of one uplink. */
export interface TelemetryMessage extends DeviceRef {
  readonly points: readonly TelemetryPoint[];
}

export interface RangeQuery extends DeviceRef {
  readonly keys: readonly string[];
  /** Inclusive, ms. */
  readonly fromMs: number;
  /** Exclusive, ms. */
  readonly toMs: number;
  readonly order: 'asc' | 'desc';
  /** Points per key, at most. */
  readonly limit: number;
}

export interface AggregateQuery extends DeviceRef {
  readonly keys: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
  /**
   * Width of a bucket, ms, the first starting at `fromMs`; or the starts of all buckets in their order, the first not
   * after `fromMs` (calendar days are not all of one length).
   */
  readonly intervalMs: number | readonly number[];
  readonly functions: readonly AggregateFunction[];
}

export interface DownsampleQuery extends DeviceRef {
  readonly keys: readonly string[];
  readonly fromMs: number;
  readonly toMs: number;
  /** Points per key, at most. */
  readonly points: number;
}

/** One bucket; functions that have no meaning for its values (avg of texts) are null. `ts` is the bucket's start. */
export interface AggregateBucket {
  readonly ts: number;
  readonly values: { readonly [F in AggregateFunction]?: TelemetryValue | null };
}

export interface SeriesStats {
  readonly key: string;
  readonly points: number;
  /** What its points take in the files; those that are not in a file yet take none. */
  readonly bytes: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** How the store is doing, for those who run it. */
export interface StoreHealth {
  /** One sentence for each thing that is wrong. */
  readonly faults: readonly string[];
}

/** Keys of one device that are listed when none is named, the first in their order: a device may make any number. */
export const listedKeysLimit = 10_000;

export interface TelemetryStore {
  start(): Promise<void>;
  stop(): Promise<void>;
  /**
   * Stores all messages in one durable commit: once the promise resolves, the data survives a crash.
   * The same (device, key, ts) written again replaces the older value.
   * @throws AppError `storage_unavailable` when the disk does not take it, `overloaded` when too much waits for it;
   *   nothing of the batch is stored then
   */
  append(messages: MessageBatch | readonly TelemetryMessage[]): Promise<void>;
  /**
   * The point with the greatest `ts` of each key; all keys (up to `listedKeysLimit`) when none is named. Devices without
   * data are left out.
   */
  latest(devices: readonly DeviceRef[], keys?: readonly string[]): Promise<Map<string, TelemetryPoint[]>>;
  range(query: RangeQuery): Promise<Map<string, TelemetryPoint[]>>;
  aggregate(query: AggregateQuery): Promise<Map<string, AggregateBucket[]>>;
  /** The points, numbers only, that show best how each series runs (largest triangle three buckets). */
  downsample(query: DownsampleQuery): Promise<Map<string, TelemetryPoint[]>>;
  /** Deletes [fromMs, toMs) of the keys (all keys when none is named); returns how many points went. */
  deleteRange(device: DeviceRef, keys: readonly string[] | undefined, fromMs: number, toMs: number): Promise<number>;
  /** Forgets a device and all its data. */
  deleteDevice(device: DeviceRef): Promise<void>;
  /**
   * Deletes everything of a tenant that is older than `beforeMs`.
   * @param devices only of these; of all devices of the tenant without it
   */
  retain(tenantId: string, beforeMs: number, devices?: readonly string[]): Promise<number>;
  /** Of all keys, up to `listedKeysLimit`. */
  stats(device: DeviceRef): Promise<SeriesStats[]>;
  /** What is wrong now; nothing most of the time. */
  health(): StoreHealth;
}
