import { IdParams, Page } from '#contract/common.ts';
import { ConnectionEvent, ConnectionEventQuery } from '#contract/connection-events.ts';
import { type PlatformApi, principalOf } from '../http/platform-api.ts';
import type { ConnectionEventLog } from './connection-events.ts';
import { connectionEventPolicy } from './policy.ts';

export interface ConnectionEventRoutesDeps {
  readonly connectionEvents: Pick<ConnectionEventLog, 'list'>;
  readonly devices: {
    /** @throws AppError `not_found` */
    nameOf(tenantId: string, id: string): Promise<string>;
  };
}

export function registerConnectionEventRoutes(
  api: PlatformApi,
  { connectionEvents, devices }: ConnectionEventRoutesDeps,
): void {
  api.get(
    '/v1/devices/:id/connections',
    {
      config: { access: connectionEventPolicy.read },
      schema: {
        tags: ['devices'],
        summary: 'When a device connected and disconnected, newest first: its last 200 times within 30 days',
        params: IdParams,
        querystring: ConnectionEventQuery,
        response: { 200: Page(ConnectionEvent) },
      },
    },
    async (request) => {
      const { tenantId } = principalOf(request);
      const { id } = request.params;
      await devices.nameOf(tenantId, id);
      return connectionEvents.list(tenantId, id, request.query);
    },
  );
}
