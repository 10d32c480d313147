import type { Json } from '#contract/common.ts';
import type { Db } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import type { DeviceRef } from '../telemetry/store.ts';
import type { AttributeScope } from './attributes.ts';
import { maxKeysPerDevice } from './keys.ts';
import { type AttributeRow, deleteAttributes, selectKeys, selectOwners, upsertAttributes } from './queries.ts';

/** Keys to write with their values, or keys to delete. */
export interface Change {
  readonly device: DeviceRef;
  readonly scope: AttributeScope;
  readonly keys: readonly string[];
  /** Undefined for a deletion. */
  readonly values: { readonly [key: string]: Json } | undefined;
}

/** How many attributes a device has: at most `atMost`; exactly the size of `known`, when that had to be looked up. */
interface Room {
  readonly tenantId: string;
  atMost: number;
  known: Set<string> | undefined;
}

const nameOf = (scope: AttributeScope, key: string): string => `${scope}/${key}`;

/**
 * Applies changes in their order, with few statements: the last write of a key wins.
 * @returns per change the keys that it deleted, or why it was refused; a refused change leaves the others alone
 */
export async function applyBatch(trx: Db, changes: readonly Change[], now: number): Promise<(string[] | AppError)[]> {
  const ids = new Set(changes.filter(({ values }) => values !== undefined).map(({ device }) => device.deviceId));
  const rooms = new Map<string, Room>();
  for (const [deviceId, owner] of await selectOwners(trx, [...ids])) {
    rooms.set(deviceId, { tenantId: owner.tenantId, atMost: owner.attributes, known: undefined });
  }

  /** What is written and not yet in a statement; each (device, scope, key) once. */
  const pending = new Map<string, AttributeRow>();
  async function flush(): Promise<void> {
    await upsertAttributes(trx, [...pending.values()]);
    pending.clear();
  }

  async function write({ device, scope, keys, values = {} }: Change): Promise<string[] | AppError> {
    const { tenantId, deviceId } = device;
    const room = rooms.get(deviceId);
    if (room === undefined || room.tenantId !== tenantId) return new AppError('not_found', 'There is no such device.');
    if (room.atMost + keys.length > maxKeysPerDevice && room.known === undefined) {
      await flush();
      room.known = new Set((await selectKeys(trx, deviceId)).map((row) => nameOf(row.scope, row.key)));
    }
    if (room.known !== undefined) {
      const fresh = keys.filter((key) => room.known?.has(nameOf(scope, key)) === false);
      if (room.known.size + fresh.length > maxKeysPerDevice) {
        return new AppError('invalid_payload', `A device has at most ${maxKeysPerDevice} attributes.`);
      }
      for (const key of fresh) room.known.add(nameOf(scope, key));
    }
    room.atMost += keys.length;
    for (const key of keys) {
      pending.set(`${deviceId}/${nameOf(scope, key)}`, {
        tenant_id: tenantId,
        device_id: deviceId,
        scope,
        key,
        value: JSON.stringify(values[key]),
        updated_at: now,
      });
    }
    return [];
  }

  async function remove({ device, scope, keys }: Change): Promise<string[]> {
    await flush();
    const deleted = await deleteAttributes(trx, device, scope, keys);
    for (const key of deleted) rooms.get(device.deviceId)?.known?.delete(nameOf(scope, key));
    return deleted;
  }

  const outcomes: (string[] | AppError)[] = [];
  for (const change of changes) {
    outcomes.push(change.values === undefined ? await remove(change) : await write(change));
  }
  await flush();
  return outcomes;
}
