import type { DeviceRef } from '../store.ts';
import type { TelemetryDatabase } from './database.ts';

/** Series remembered at most: about 40 MB. Beyond that the devices that were remembered first are looked up anew. */
const rememberedLimit = 200_000;

type Keys = Map<string, number>;

/** The number of each series, remembered within a limit. */
export class SeriesIds {
  readonly #database: TelemetryDatabase;
  readonly #limit: number;
  readonly #devices = new Map<string, Keys>();
  #remembered = 0;

  constructor(database: TelemetryDatabase, limit: number = rememberedLimit) {
    this.#database = database;
    this.#limit = limit;
  }

  /** Finds the series, or makes it: call this in a transaction, and `clear` when that is rolled back. */
  findOrMake(tenantId: string, deviceId: string, key: string): number {
    const device = `${tenantId} ${deviceId}`;
    let keys = this.#devices.get(device);
    const known = keys?.get(key);
    if (known !== undefined) return known;
    const id = this.#find(tenantId, deviceId, key) ?? this.#make(tenantId, deviceId, key);
    if (this.#remembered >= this.#limit) this.#forgetOldest();
    keys = this.#devices.get(device);
    if (keys === undefined) {
      keys = new Map();
      this.#devices.set(device, keys);
    }
    keys.set(key, id);
    this.#remembered++;
    return id;
  }

  /**
   * The series of these keys that exist, in the order asked; all of the device when `keys` is undefined.
   * @param limit of those listed when no keys are named
   */
  existing(device: DeviceRef, keys: readonly string[] | undefined, limit = -1): { id: number; key: string }[] {
    if (keys === undefined) return this.#all(device, limit);
    return [...new Set(keys)].flatMap((asked) => {
      const key = asked.toWellFormed();
      const id = this.#find(device.tenantId, device.deviceId, key);
      return id === undefined ? [] : [{ id, key }];
    });
  }

  forget(device: DeviceRef): void {
    this.#drop(`${device.tenantId} ${device.deviceId}`);
  }

  clear(): void {
    this.#devices.clear();
    this.#remembered = 0;
  }

  #all({ tenantId, deviceId }: DeviceRef, limit: number): { id: number; key: string }[] {
    const rows = this.#database
      .prepare('select id, key from series where tenant_id = ? and device_id = ? order by key limit ?')
      .all(tenantId, deviceId, limit) as unknown as [number, string][];
    return rows.map(([id, key]) => ({ id, key }));
  }

  #find(tenantId: string, deviceId: string, key: string): number | undefined {
    const row = this.#database
      .prepare('select id from series where tenant_id = ? and device_id = ? and key = ?')
      .get(tenantId, deviceId, key) as unknown as [number] | undefined;
    return row?.[0];
  }

  #make(tenantId: string, deviceId: string, key: string): number {
    const { lastInsertRowid } = this.#database
      .prepare('insert into series (tenant_id, device_id, key) values (?, ?, ?)')
      .run(tenantId, deviceId, key);
    return Number(lastInsertRowid);
  }

  #forgetOldest(): void {
    const oldest = this.#devices.keys().next().value;
    if (oldest !== undefined) this.#drop(oldest);
  }

  #drop(device: string): void {
    this.#remembered -= this.#devices.get(device)?.size ?? 0;
    this.#devices.delete(device);
  }
}
