/**
 * Packs messages for the storage thread. Devices and keys come again and again: each name crosses once, and from then on
 * its number. (Sending and looking up names in every batch took a third of the time of both threads.)
 */
import { type AppendBatch, createValueColumns } from './columns.ts';
import type { DeviceRef, TelemetryMessage } from './store.ts';

/** Names that have numbers at most, about 20 MB in each of the two threads; then numbering begins anew. */
export interface NameLimits {
  readonly devices: number;
  readonly keys: number;
}
const defaultLimits: NameLimits = { devices: 100_000, keys: 20_000 };

export interface BatchPacker {
  /** What is packed has to be sent, in this order, or `reset` be called. @throws RangeError on a time that is no whole millisecond */
  pack(messages: readonly TelemetryMessage[]): AppendBatch;
  /** The other side has lost its names, or has not got the last batch: the next one begins new numbers. */
  reset(): void;
}

export function createBatchPacker(limits: NameLimits = defaultLimits): BatchPacker {
  /** By tenant, then by device: joining the two names would cost more than both lookups. */
  const tenants = new Map<string, Map<string, number>>();
  const keys = new Map<string, number>();
  let deviceCount = 0;

  function reset(): void {
    tenants.clear();
    keys.clear();
    deviceCount = 0;
  }

  function pack(messages: readonly TelemetryMessage[]): AppendBatch {
    if (deviceCount >= limits.devices || keys.size >= limits.keys) reset();
    const [firstDevice, firstKey] = [deviceCount, keys.size];
    const newDevices: DeviceRef[] = [];
    const newKeys: string[] = [];
    const points = messages.reduce((sum, message) => sum + message.points.length, 0);
    const device = new Uint32Array(messages.length);
    const count = new Uint32Array(messages.length);
    const key = new Uint32Array(points);
    const values = createValueColumns(points);
    let [m, p] = [0, 0];
    for (const { tenantId, deviceId, points: of } of messages) {
      let devices = tenants.get(tenantId);
      if (devices === undefined) {
        devices = new Map();
        tenants.set(tenantId, devices);
      }
      let number = devices.get(deviceId);
      if (number === undefined) {
        number = deviceCount++;
        devices.set(deviceId, number);
        newDevices.push({ tenantId, deviceId });
      }
      device[m] = number;
      count[m++] = of.length;
      for (const point of of) {
        let index = keys.get(point.key);
        if (index === undefined) {
          index = keys.size;
          keys.set(point.key, index);
          // A half surrogate pair cannot be stored as UTF-8; without this it would come back as another key than it went.
          newKeys.push(point.key.toWellFormed());
        }
        key[p++] = index;
        values.add(point.ts, point.value);
      }
    }
    return { ...values.columns, firstDevice, newDevices, firstKey, newKeys, device, count, key };
  }

  return {
    reset,
    pack(messages) {
      try {
        return pack(messages);
      } catch (error) {
        // It will not be sent, nor the names that it numbered.
        reset();
        throw error;
      }
    },
  };
}
