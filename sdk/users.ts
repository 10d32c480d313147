import type { Page, PageQuery } from '#contract/common.ts';
import type { CreateUser, UpdateUser, User } from '#contract/users.ts';
import { everyItem } from './paging.ts';
import type { Requester } from './requester.ts';

/** People of the tenant. */
export interface UsersClient {
  list(query?: PageQuery, signal?: AbortSignal): Promise<Page<User>>;
  all(signal?: AbortSignal): AsyncGenerator<User>;
  get(id: string, signal?: AbortSignal): Promise<User>;
  create(user: CreateUser, signal?: AbortSignal): Promise<User>;
  update(id: string, changes: UpdateUser, signal?: AbortSignal): Promise<User>;
  delete(id: string, signal?: AbortSignal): Promise<void>;
}

export function createUsersClient({ json }: Requester): UsersClient {
  const client: UsersClient = {
    list: (query, signal) => json('GET', '/v1/users', { query: { ...query }, signal }),
    all: (signal) =>
      everyItem((cursor) => client.list({ limit: 200, ...(cursor !== undefined && { cursor }) }, signal)),
    get: (id, signal) => json('GET', `/v1/users/${id}`, { signal }),
    create: (user, signal) => json('POST', '/v1/users', { json: user, isCreate: true, signal }),
    update: (id, changes, signal) => json('PATCH', `/v1/users/${id}`, { json: changes, signal }),
    delete: (id, signal) => json('DELETE', `/v1/users/${id}`, { signal }),
  };
  return client;
}
