/** Attributes of devices: what a device says of itself (client), is told (shared), and never sees (server). */
import type { Json } from '#contract/common.ts';
import type { DeviceRef } from '../telemetry/store.ts';

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
