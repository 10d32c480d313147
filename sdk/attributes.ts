import type { AttributeScope, Attributes, DeletedAttributes, WriteAttributes } from '#contract/attributes.ts';
import type { Requester } from './requester.ts';

/** client: what the device says of itself; shared: what it is told; server: what it never sees. */
export interface AttributesClient {
  /** All of the scope when no keys are named. */
  get(deviceId: string, scope: AttributeScope, keys?: readonly string[], signal?: AbortSignal): Promise<Attributes>;
  /** Writes these and leaves the others; a device that listens hears of shared ones at once. */
  write(deviceId: string, scope: AttributeScope, values: WriteAttributes, signal?: AbortSignal): Promise<Attributes>;
  delete(
    deviceId: string,
    scope: AttributeScope,
    keys: readonly string[],
    signal?: AbortSignal,
  ): Promise<DeletedAttributes>;
}

export function createAttributesClient({ json }: Requester): AttributesClient {
  const path = (deviceId: string, scope: AttributeScope): string => `/v1/devices/${deviceId}/attributes/${scope}`;
  return {
    get: (deviceId, scope, keys, signal) => json('GET', path(deviceId, scope), { query: { keys }, signal }),
    write: (deviceId, scope, values, signal) => json('PATCH', path(deviceId, scope), { json: values, signal }),
    delete: (deviceId, scope, keys, signal) => json('DELETE', path(deviceId, scope), { query: { keys }, signal }),
  };
}
