/** The number of each series, remembered by device within a limit. */
import type { DeviceRef } from '../store.ts';
import type { HotLog } from './hot-log.ts';

/** Series remembered at most: about 40 MB. Beyond that the devices that were remembered first are looked up anew. */
const rememberedLimit = 200_000;
/** Keys that are remembered as the whole list of a device. */
const wholeListLimit = 20_000;

export interface NumberedKey {
  readonly id: number;
  readonly key: string;
}

export interface DeviceSeries {
  readonly tenantId: string;
  readonly deviceId: string;
  readonly keys: Map<string, number>;
  /** Whether `keys` has all of them. */
  readonly isWhole: boolean;
  /** All of them in their order; made when somebody asks. */
  listed: readonly NumberedKey[] | undefined;
}

export class SeriesIds {
  readonly #hot: HotLog;
  readonly #limit: number;
  /** By tenant, then by device: joining the two names would cost more than both lookups. */
  readonly #tenants = new Map<string, Map<string, DeviceSeries>>();
  /** From the one that was remembered first to the last. */
  readonly #devices = new Set<DeviceSeries>();
  #remembered = 0;
  /** Changes when a number that was given before may not stand for its series any more. */
  version = 0;

  constructor(hot: HotLog, limit: number = rememberedLimit) {
    this.#hot = hot;
    this.#limit = limit;
  }

  device(tenantId: string, deviceId: string): DeviceSeries {
    let devices = this.#tenants.get(tenantId);
    const known = devices?.get(deviceId);
    if (known !== undefined) return known;
    const rows = this.#hot.rows<[number, string]>(
      'select id, key from series where tenant_id = ? and device_id = ? limit ?',
      tenantId,
      deviceId,
      wholeListLimit + 1,
    );
    const isWhole = rows.length <= wholeListLimit;
    const keys = new Map(rows.map(([id, key]) => [key, id]));
    const device: DeviceSeries = { tenantId, deviceId, keys, isWhole, listed: undefined };
    while (this.#remembered + keys.size > this.#limit && this.#devices.size > 0) this.#forgetOldest();
    // Forgetting others may have forgotten the tenant.
    devices = this.#tenants.get(tenantId);
    if (devices === undefined) {
      devices = new Map();
      this.#tenants.set(tenantId, devices);
    }
    devices.set(deviceId, device);
    this.#devices.add(device);
    this.#remembered += keys.size;
    return device;
  }

  /** Finds the series, or makes it: call this in a transaction, and `clear` when that is rolled back. */
  findOrMake(device: DeviceSeries, key: string): number {
    const known = device.keys.get(key) ?? this.#find(device, key);
    if (known !== undefined) return known;
    const { lastInsertRowid } = this.#hot
      .prepare('insert into series (tenant_id, device_id, key) values (?, ?, ?)')
      .run(device.tenantId, device.deviceId, key);
    const id = Number(lastInsertRowid);
    device.keys.set(key, id);
    device.listed = undefined;
    this.#remembered++;
    return id;
  }

  /**
   * The series of these keys that exist, in the order asked; all of the device when `keys` is undefined.
   * @param limit of those listed when no keys are named
   */
  existing(ref: DeviceRef, keys: readonly string[] | undefined, limit = Infinity): readonly NumberedKey[] {
    const device = this.device(ref.tenantId, ref.deviceId);
    if (keys !== undefined) {
      return [...new Set(keys)].flatMap((asked) => {
        const key = asked.toWellFormed();
        const id = device.keys.get(key) ?? this.#find(device, key);
        return id === undefined ? [] : [{ id, key }];
      });
    }
    if (!device.isWhole) {
      return this.#hot
        .rows<[number, string]>(
          'select id, key from series where tenant_id = ? and device_id = ? order by key limit ?',
          ref.tenantId,
          ref.deviceId,
          limit === Infinity ? -1 : limit,
        )
        .map(([id, key]) => ({ id, key }));
    }
    device.listed ??= [...device.keys].map(([key, id]) => ({ id, key })).sort((a, b) => (a.key < b.key ? -1 : 1));
    return device.listed.length > limit ? device.listed.slice(0, limit) : device.listed;
  }

  /** The device was deleted. */
  forget({ tenantId, deviceId }: DeviceRef): void {
    this.version++;
    const device = this.#tenants.get(tenantId)?.get(deviceId);
    if (device !== undefined) this.#drop(device);
  }

  clear(): void {
    this.version++;
    this.#devices.clear();
    this.#tenants.clear();
    this.#remembered = 0;
  }

  #find(device: DeviceSeries, key: string): number | undefined {
    if (device.isWhole) return undefined;
    const [row] = this.#hot.rows<[number]>(
      'select id from series where tenant_id = ? and device_id = ? and key = ?',
      device.tenantId,
      device.deviceId,
      key,
    );
    return row?.[0];
  }

  #forgetOldest(): void {
    const oldest = this.#devices.values().next().value;
    if (oldest !== undefined) this.#drop(oldest);
  }

  #drop(device: DeviceSeries): void {
    const devices = this.#tenants.get(device.tenantId);
    devices?.delete(device.deviceId);
    if (devices?.size === 0) this.#tenants.delete(device.tenantId);
    this.#devices.delete(device);
    this.#remembered -= device.keys.size;
  }
}
