/** Attributes of devices: what a device says of itself (client), is told (shared), and never sees (server). */
import type { Json } from '#contract/common.ts';
import type { Bus } from '../bus/bus.ts';
import type { Db } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { DeviceActivity } from '../sessions/sessions.ts';
import type { DeviceRef } from '../telemetry/store.ts';
import { faultOfKey, faultOfValues, maxKeysPerCall, serverKeptKeys } from './keys.ts';
import { selectAttributes, selectDeviceCreation } from './queries.ts';
import { createWriteQueue } from './write-queue.ts';

export type AttributeScope = 'client' | 'shared' | 'server';

export interface AttributeWrite extends DeviceRef {
  readonly scope: AttributeScope;
  readonly values: { readonly [key: string]: Json };
}

export interface AttributeValue {
  readonly value: Json;
  /** ms since the Unix epoch. */
  readonly updatedAt: number;
}

export interface Attributes {
  /**
   * Writes durably; resolves after the commit. Calls that arrive together share one transaction.
   * Publishes `attributes.changed` per write afterwards.
   */
  write(write: AttributeWrite): Promise<void>;
  /** Deletes keys; publishes which of them were there. Returns those. */
  remove(device: DeviceRef, scope: AttributeScope, keys: readonly string[]): Promise<string[]>;
  /**
   * @param keys all of the scope when undefined
   * @returns in the order of their keys; keys that do not exist are left out. The server scope includes `active`,
   *   `lastConnectTime`, `lastActivityTime` and `lastDisconnectTime`, which the platform keeps itself
   */
  read(device: DeviceRef, scope: AttributeScope, keys?: readonly string[]): Promise<Map<string, AttributeValue>>;
}

export interface AttributesDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly bus: Bus;
  /** Where the attributes come from that the platform keeps itself. */
  activity(tenantId: string, deviceIds: readonly string[]): Promise<Map<string, DeviceActivity>>;
}

export function createAttributes(deps: AttributesDeps): Attributes {
  const { db } = deps;
  const enqueue = createWriteQueue(deps);

  /** The attributes that no row holds; times that never were are left out. */
  async function serverKept(device: DeviceRef): Promise<[string, AttributeValue][]> {
    const activity = (await deps.activity(device.tenantId, [device.deviceId])).get(device.deviceId);
    if (activity === undefined) return [];
    const { active, lastConnectTime, lastActivityTime, lastDisconnectTime } = activity;
    const latest = Math.max(lastConnectTime ?? 0, lastActivityTime ?? 0, lastDisconnectTime ?? 0);
    const changedAt = latest === 0 ? await selectDeviceCreation(db, device) : latest;
    if (changedAt === undefined) return [];
    const times = { lastConnectTime, lastActivityTime, lastDisconnectTime };
    return serverKeptKeys.flatMap((key): [string, AttributeValue][] => {
      if (key === 'active') return [[key, { value: active, updatedAt: changedAt }]];
      const time = times[key];
      return time === null ? [] : [[key, { value: time, updatedAt: time }]];
    });
  }

  return {
    async write({ tenantId, deviceId, scope, values }) {
      const fault = faultOfValues(scope, values);
      if (fault !== undefined) throw new AppError('invalid_payload', fault);
      const keys = Object.keys(values);
      if (keys.length > 0) await enqueue({ device: { tenantId, deviceId }, scope, keys, values });
    },

    async remove(device, scope, keys) {
      const fault = keys.map((key) => faultOfKey(scope, key)).find((found) => found !== undefined);
      if (fault !== undefined) throw new AppError('invalid_payload', fault);
      const distinct = [...new Set(keys)];
      if (distinct.length > maxKeysPerCall) {
        throw new AppError('invalid_payload', `${distinct.length} keys in one call; ${maxKeysPerCall} are allowed.`);
      }
      return distinct.length === 0 ? [] : enqueue({ device, scope, keys: distinct, values: undefined });
    },

    async read(device, scope, keys) {
      const wanted = keys === undefined ? undefined : new Set(keys);
      // A long list of keys is cheaper as a whole scope, which is bounded.
      const isLong = wanted !== undefined && wanted.size > maxKeysPerCall;
      const rows = await selectAttributes(db, device, scope, isLong || wanted === undefined ? undefined : [...wanted]);
      const found = rows.map((row): [string, AttributeValue] => [
        row.key,
        { value: JSON.parse(row.value), updatedAt: row.updated_at },
      ]);
      if (scope === 'server' && (wanted === undefined || serverKeptKeys.some((key) => wanted.has(key)))) {
        found.push(...(await serverKept(device)));
      }
      const read = wanted === undefined ? found : found.filter(([key]) => wanted.has(key));
      return new Map(read.sort(([a], [b]) => compareKeys(a, b)));
    },
  };
}

function compareKeys(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
