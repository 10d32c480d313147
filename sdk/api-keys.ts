import type { ApiKey, CreateApiKey, CreatedApiKey } from '#contract/api-keys.ts';
import type { Page, PageQuery } from '#contract/common.ts';
import { everyItem } from './paging.ts';
import type { Requester } from './requester.ts';

export interface ApiKeysClient {
  list(query?: PageQuery, signal?: AbortSignal): Promise<Page<ApiKey>>;
  all(signal?: AbortSignal): AsyncGenerator<ApiKey>;
  /** The answer holds the key itself, for the only time. */
  create(apiKey: CreateApiKey, signal?: AbortSignal): Promise<CreatedApiKey>;
  delete(id: string, signal?: AbortSignal): Promise<void>;
}

export function createApiKeysClient({ json }: Requester): ApiKeysClient {
  const client: ApiKeysClient = {
    list: (query, signal) => json('GET', '/v1/api-keys', { query: { ...query }, signal }),
    all: (signal) =>
      everyItem((cursor) => client.list({ limit: 200, ...(cursor !== undefined && { cursor }) }, signal)),
    create: (apiKey, signal) => json('POST', '/v1/api-keys', { json: apiKey, isCreate: true, signal }),
    delete: (id, signal) => json('DELETE', `/v1/api-keys/${id}`, { signal }),
  };
  return client;
}
