/** The storage thread's end of the numbers that `BatchPacker` gives to devices and keys. */
import type { AppendBatch } from '../columns.ts';
import type { SeriesIds } from './series-ids.ts';

/** Places of a message whose series are remembered: a device sends the same keys in the same order nearly always. */
const rememberedPlaces = 64;

interface NumberedDevice {
  readonly tenantId: string;
  readonly deviceId: string;
  /** By place in its messages: the number of the key that stood there last, and its series. */
  readonly keys: number[];
  readonly series: number[];
  /** Of `SeriesIds`, for which they hold. */
  version: number;
}

interface NameTable {
  readonly devices: NumberedDevice[];
  readonly keys: string[];
}

/** A batch with the names that its numbers stand for. */
export interface NamedBatch extends AppendBatch {
  readonly names: NameTable;
}

export class BatchNames {
  #table: NameTable = { devices: [], keys: [] };

  /**
   * Call this for each batch in the order in which they were packed, whether it is stored or not.
   * @throws when one is missing: its points would be taken for those of other series
   */
  take(batch: AppendBatch): NamedBatch {
    const { firstDevice, newDevices, firstKey, newKeys } = batch;
    // What still waits goes on with the table it came with.
    if (firstDevice === 0 && firstKey === 0) this.#table = { devices: [], keys: [] };
    const { devices, keys } = this.#table;
    if (firstDevice !== devices.length || firstKey !== keys.length) throw new Error('A batch of telemetry is missing.');
    for (const { tenantId, deviceId } of newDevices) {
      devices.push({ tenantId, deviceId, keys: [], series: [], version: -1 });
    }
    for (const key of newKeys) keys.push(key);
    return { ...batch, names: this.#table };
  }
}

/** Gives each point the number of its series. In a transaction: new series are made. */
export function numberPoints(batches: readonly NamedBatch[], all: SeriesIds, ids: Uint32Array): void {
  let at = 0;
  for (const { names, device, count, key } of batches) {
    let p = 0;
    for (let m = 0; m < count.length; m++) {
      const of = names.devices[device[m] ?? 0];
      if (of === undefined) throw new Error('A batch of telemetry has a device without a name.');
      if (of.version !== all.version) {
        of.keys.length = 0;
        of.series.length = 0;
        of.version = all.version;
      }
      const { keys, series } = of;
      const points = count[m] ?? 0;
      let known: ReturnType<SeriesIds['device']> | undefined;
      for (let place = 0; place < points; place++) {
        const number = key[p++] ?? 0;
        if (place < keys.length && keys[place] === number) {
          ids[at++] = series[place] ?? 0;
          continue;
        }
        known ??= all.device(of.tenantId, of.deviceId);
        const name = names.keys[number] ?? '';
        const id = known.keys.get(name) ?? all.findOrMake(known, name);
        if (place < rememberedPlaces) {
          keys[place] = number;
          series[place] = id;
        }
        ids[at++] = id;
      }
    }
  }
}
