/** The storage thread's end of the numbers that `BatchPacker` gives to devices and keys. */
import type { AppendBatch } from '../columns.ts';
import type { DeviceRef } from '../store.ts';
import { RememberedPlaces } from './remembered-places.ts';
import type { SeriesIds } from './series-ids.ts';

interface NameTable {
  readonly devices: DeviceRef[];
  readonly keys: string[];
  readonly places: RememberedPlaces;
}

/** A batch with the names that its numbers stand for. */
export interface NamedBatch extends AppendBatch {
  readonly names: NameTable;
}

export class BatchNames {
  #table = emptyTable();

  /**
   * Call this for each batch in the order in which they were packed, whether it is stored or not.
   * @throws when one is missing: its points would be taken for those of other series
   */
  take(batch: AppendBatch): NamedBatch {
    const { firstDevice, newDevices, firstKey, newKeys } = batch;
    // What still waits goes on with the table it came with.
    if (firstDevice === 0 && firstKey === 0) this.#table = emptyTable();
    const { devices, keys } = this.#table;
    if (firstDevice !== devices.length || firstKey !== keys.length) throw new Error('A batch of telemetry is missing.');
    let lastTenant = devices.at(-1)?.tenantId;
    for (const { tenantId, deviceId } of newDevices) {
      // Each name that crossed is a text of its own: most devices are of one tenant, whose name is kept once.
      if (tenantId !== lastTenant) lastTenant = tenantId;
      devices.push({ tenantId: lastTenant, deviceId });
    }
    for (const key of newKeys) keys.push(key);
    return { ...batch, names: this.#table };
  }
}

function emptyTable(): NameTable {
  return { devices: [], keys: [], places: new RememberedPlaces() };
}

/** Gives each point the number of its series. In a transaction: new series are made. */
export function numberPoints(batches: readonly NamedBatch[], all: SeriesIds, ids: Uint32Array): void {
  let at = 0;
  for (const { names, device, count, key } of batches) {
    const { places } = names;
    let p = 0;
    for (let m = 0; m < count.length; m++) {
      const number = device[m] ?? 0;
      const of = names.devices[number];
      if (of === undefined) throw new Error('A batch of telemetry has a device without a name.');
      const points = count[m] ?? 0;
      places.open(number, points, all.version);
      let known: ReturnType<SeriesIds['device']> | undefined;
      for (let place = 0; place < points; place++) {
        const asked = key[p++] ?? 0;
        let id = places.series(place, asked);
        if (id === 0) {
          known ??= all.device(of.tenantId, of.deviceId);
          const name = names.keys[asked] ?? '';
          id = known.keys.get(name) ?? all.findOrMake(known, name);
          places.remember(place, asked, id);
        }
        ids[at++] = id;
      }
    }
  }
}
