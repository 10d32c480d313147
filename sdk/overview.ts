import type { Overview } from '#contract/overview.ts';
import type { Requester } from './requester.ts';

/** How the fleet and the server are doing. */
export interface OverviewClient {
  get(signal?: AbortSignal): Promise<Overview>;
}

export function createOverviewClient({ json }: Requester): OverviewClient {
  return { get: (signal) => json('GET', '/v1/overview', { signal }) };
}
