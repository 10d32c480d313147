import type { Page } from '#contract/common.ts';
import type { ConnectionEvent, ConnectionEventQuery } from '#contract/connection-events.ts';
import type {
  CreateDevice,
  CreatedDevice,
  Device,
  DeviceListQuery,
  DevicePage,
  UpdateDevice,
} from '#contract/devices.ts';
import { everyItem } from './paging.ts';
import type { Requester } from './requester.ts';

export interface DevicesClient {
  /** One page: the first, the one after a `cursor`, or the one at an `offset`. */
  list(query?: DeviceListQuery, signal?: AbortSignal): Promise<DevicePage>;
  /** Every device that matches, page by page, as the loop asks for them. */
  all(query?: Omit<DeviceListQuery, 'cursor' | 'offset' | 'withTotal'>, signal?: AbortSignal): AsyncGenerator<Device>;
  get(id: string, signal?: AbortSignal): Promise<Device>;
  /** When it connected and disconnected, newest first. */
  connections(id: string, query?: ConnectionEventQuery, signal?: AbortSignal): Promise<Page<ConnectionEvent>>;
  /** The answer holds what the device proves itself with. */
  create(device: CreateDevice, signal?: AbortSignal): Promise<CreatedDevice>;
  update(id: string, changes: UpdateDevice, signal?: AbortSignal): Promise<Device>;
  /** Deletes the device with its credentials, attributes and telemetry. */
  delete(id: string, signal?: AbortSignal): Promise<void>;
}

/** Few requests for large lists, and each answer still small. */
const pageSize = 500;

export function createDevicesClient({ json }: Requester): DevicesClient {
  const client: DevicesClient = {
    list: (query, signal) => json('GET', '/v1/devices', { query: { ...query }, signal }),
    all: (query, signal) =>
      everyItem((cursor) =>
        client.list({ limit: pageSize, ...query, ...(cursor !== undefined && { cursor }) }, signal),
      ),
    get: (id, signal) => json('GET', `/v1/devices/${id}`, { signal }),
    connections: (id, query, signal) => json('GET', `/v1/devices/${id}/connections`, { query: { ...query }, signal }),
    create: (device, signal) => json('POST', '/v1/devices', { json: device, isCreate: true, signal }),
    update: (id, changes, signal) => json('PATCH', `/v1/devices/${id}`, { json: changes, signal }),
    delete: (id, signal) => json('DELETE', `/v1/devices/${id}`, { signal }),
  };
  return client;
}
