import type { AuditQuery, AuditRecord } from '#contract/audit.ts';
import type { Page } from '#contract/common.ts';
import { everyItem } from './paging.ts';
import type { Requester } from './requester.ts';

/** Who did what to what, newest first. */
export interface AuditClient {
  list(query?: AuditQuery, signal?: AbortSignal): Promise<Page<AuditRecord>>;
  all(query?: Omit<AuditQuery, 'cursor'>, signal?: AbortSignal): AsyncGenerator<AuditRecord>;
}

export function createAuditClient({ json }: Requester): AuditClient {
  const client: AuditClient = {
    list: (query, signal) => json('GET', '/v1/audit', { query: { ...query }, signal }),
    all: (query, signal) =>
      everyItem((cursor) => client.list({ limit: 200, ...query, ...(cursor !== undefined && { cursor }) }, signal)),
  };
  return client;
}
