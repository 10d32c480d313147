import type { Page } from '#contract/common.ts';
import type { SecurityEvent, SecurityEventQuery } from '#contract/security-events.ts';
import { everyItem } from './paging.ts';
import type { Requester } from './requester.ts';

/** What was refused at the gates, newest first. */
export interface SecurityEventsClient {
  list(query?: SecurityEventQuery, signal?: AbortSignal): Promise<Page<SecurityEvent>>;
  all(query?: Omit<SecurityEventQuery, 'cursor'>, signal?: AbortSignal): AsyncGenerator<SecurityEvent>;
}

export function createSecurityEventsClient({ json }: Requester): SecurityEventsClient {
  const client: SecurityEventsClient = {
    list: (query, signal) => json('GET', '/v1/security-events', { query: { ...query }, signal }),
    all: (query, signal) =>
      everyItem((cursor) => client.list({ limit: 200, ...query, ...(cursor !== undefined && { cursor }) }, signal)),
  };
  return client;
}
