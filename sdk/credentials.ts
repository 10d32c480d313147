import type { CredentialsRequest, DeviceCredentials, RotateCredentials } from '#contract/credentials.ts';
import type { Requester } from './requester.ts';

/** What a device proves itself with. Needs a role that may see secrets. */
export interface CredentialsClient {
  get(deviceId: string, signal?: AbortSignal): Promise<DeviceCredentials>;
  /** Replaces them; sessions that used the old ones close. */
  set(deviceId: string, credentials: CredentialsRequest, signal?: AbortSignal): Promise<DeviceCredentials>;
  /** Generates new ones of the same type; the old ones work for `overlapSeconds` longer. */
  rotate(deviceId: string, options?: RotateCredentials, signal?: AbortSignal): Promise<DeviceCredentials>;
  /** Nobody is this device any more, until it gets new ones. */
  revoke(deviceId: string, signal?: AbortSignal): Promise<void>;
}

export function createCredentialsClient({ json }: Requester): CredentialsClient {
  const path = (deviceId: string): string => `/v1/devices/${deviceId}/credentials`;
  return {
    get: (deviceId, signal) => json('GET', path(deviceId), { signal }),
    set: (deviceId, credentials, signal) => json('PUT', path(deviceId), { json: credentials, signal }),
    rotate: (deviceId, options, signal) => json('POST', `${path(deviceId)}/rotate`, { json: options ?? {}, signal }),
    revoke: (deviceId, signal) => json('DELETE', path(deviceId), { signal }),
  };
}
