import type { Page, PageQuery } from '#contract/common.ts';
import type {
  CreateDashboard,
  Dashboard,
  DashboardSummary,
  MapSettings,
  UpdateDashboard,
} from '#contract/dashboards.ts';
import { everyItem } from './paging.ts';
import type { Requester } from './requester.ts';

/** Widgets on grids. */
export interface DashboardsClient {
  list(query?: PageQuery, signal?: AbortSignal): Promise<Page<DashboardSummary>>;
  all(signal?: AbortSignal): AsyncGenerator<DashboardSummary>;
  get(id: string, signal?: AbortSignal): Promise<Dashboard>;
  create(dashboard: CreateDashboard, signal?: AbortSignal): Promise<Dashboard>;
  /** With the `revision` that was read, a change of somebody else's in between is refused with `conflict`. */
  update(id: string, changes: UpdateDashboard, signal?: AbortSignal): Promise<Dashboard>;
  delete(id: string, signal?: AbortSignal): Promise<void>;
  /** Where map tiles come from. */
  map(signal?: AbortSignal): Promise<MapSettings>;
}

export function createDashboardsClient({ json }: Requester): DashboardsClient {
  const client: DashboardsClient = {
    list: (query, signal) => json('GET', '/v1/dashboards', { query: { ...query }, signal }),
    all: (signal) =>
      everyItem((cursor) => client.list({ limit: 200, ...(cursor !== undefined && { cursor }) }, signal)),
    get: (id, signal) => json('GET', `/v1/dashboards/${id}`, { signal }),
    create: (dashboard, signal) => json('POST', '/v1/dashboards', { json: dashboard, isCreate: true, signal }),
    update: (id, changes, signal) => json('PATCH', `/v1/dashboards/${id}`, { json: changes, signal }),
    delete: (id, signal) => json('DELETE', `/v1/dashboards/${id}`, { signal }),
    map: (signal) => json('GET', '/v1/map', { signal }),
  };
  return client;
}
