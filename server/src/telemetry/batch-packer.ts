/**
 * Packs messages for the storage thread. Devices and keys come again and again: each name crosses once, and from then on
 * its number. (Sending and looking up names in every batch took a third of the time of both threads.)
 */
import type { AppendBatch } from './columns.ts';
import type { KeyNames } from './key-names.ts';
import { MessageBatch } from './message-batch.ts';
import type { DeviceRef, TelemetryMessage } from './store.ts';

/** Names that have numbers at most, about 20 MB in each of the two threads; then numbering begins anew. */
export interface NameLimits {
  readonly devices: number;
  readonly keys: number;
}
const defaultLimits: NameLimits = { devices: 100_000, keys: 20_000 };

export interface BatchPacker {
  /** What is packed has to be sent, in this order, or `reset` be called. @throws RangeError on a time that is no whole millisecond */
  pack(messages: MessageBatch | readonly TelemetryMessage[]): AppendBatch;
  /** The other side has lost its names, or has not got the last batch: the next one begins new numbers. */
  reset(): void;
}

export function createBatchPacker(limits: NameLimits = defaultLimits): BatchPacker {
  /** By tenant, then by device: joining the two names would cost more than both lookups. */
  const tenants = new Map<string, Map<string, number>>();
  let deviceCount = 0;
  const keys = new Map<string, number>();
  /** The numbers of the last batch's own keys, plus one; 0 for none yet. */
  let keyNames: KeyNames | undefined;
  let keyNumbers = new Uint32Array(0);

  function reset(): void {
    tenants.clear();
    keys.clear();
    keyNames = undefined;
    deviceCount = 0;
  }

  function deviceNumber({ tenantId, deviceId }: DeviceRef, newDevices: DeviceRef[]): number {
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
    return number;
  }

  /** @param own number of the key in `names` */
  function keyNumber(names: KeyNames, own: number, newKeys: string[]): number {
    const key = names.names[own] ?? '';
    let number = keys.get(key);
    if (number === undefined) {
      number = keys.size;
      keys.set(key, number);
      newKeys.push(key);
    }
    keyNumbers[own] = number + 1;
    return number;
  }

  /** Makes room for the numbers of all keys of a batch. */
  function takeNames(names: KeyNames): void {
    if (names === keyNames && names.size <= keyNumbers.length) return;
    const numbers = new Uint32Array(2 * names.size);
    if (names === keyNames) numbers.set(keyNumbers);
    keyNames = names;
    keyNumbers = numbers;
  }

  return {
    reset,
    pack(messages) {
      const batch = messages instanceof MessageBatch ? messages : MessageBatch.of(messages);
      if (deviceCount >= limits.devices || keys.size >= limits.keys) reset();
      takeNames(batch.keys);
      const [firstDevice, firstKey] = [deviceCount, keys.size];
      const newDevices: DeviceRef[] = [];
      const newKeys: string[] = [];
      const device = new Uint32Array(batch.messages);
      const count = new Uint32Array(batch.messages);
      let last: DeviceRef | undefined;
      let lastNumber = 0;
      let from = 0;
      for (let m = 0; m < batch.messages; m++) {
        const one = batch.devices[m];
        // Messages of one read of a socket come one after the other.
        if (one !== undefined && one !== last) {
          last = one;
          lastNumber = deviceNumber(one, newDevices);
        }
        const to = batch.ends[m] ?? 0;
        device[m] = lastNumber;
        count[m] = to - from;
        from = to;
      }
      const { points } = batch;
      const key = new Uint32Array(points);
      for (let p = 0; p < points; p++) {
        const own = batch.key[p] ?? 0;
        const number = keyNumbers[own] ?? 0;
        key[p] = number === 0 ? keyNumber(batch.keys, own, newKeys) : number - 1;
      }
      const ts = batch.ts.slice(0, points);
      const kind = batch.kind.slice(0, points);
      const number = batch.number.slice(0, points);
      return { ts, kind, number, texts: batch.texts, firstDevice, newDevices, firstKey, newKeys, device, count, key };
    },
  };
}
