import type { Addresses } from '#contract/addresses.ts';
import type { Requester } from './requester.ts';

export interface AddressesClient {
  /** Where devices find the server. */
  get(signal?: AbortSignal): Promise<Addresses>;
}

export function createAddressesClient({ json }: Requester): AddressesClient {
  return { get: (signal) => json('GET', '/v1/addresses', { signal }) };
}
