import type { Tenant, UpdateTenant } from '#contract/tenants.ts';
import type { Requester } from './requester.ts';

/** The tenant of the caller. */
export interface TenantClient {
  get(signal?: AbortSignal): Promise<Tenant>;
  update(changes: UpdateTenant, signal?: AbortSignal): Promise<Tenant>;
}

export function createTenantClient({ json }: Requester): TenantClient {
  return {
    get: (signal) => json('GET', '/v1/tenant', { signal }),
    update: (changes, signal) => json('PATCH', '/v1/tenant', { json: changes, signal }),
  };
}
