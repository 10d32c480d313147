import { Overview } from '#contract/overview.ts';
import { type PlatformApi, principalOf } from '../http/platform-api.ts';
import type { OverviewReader } from './overview.ts';
import { overviewPolicy } from './policy.ts';

export function registerOverviewRoutes(
  api: PlatformApi,
  deps: { readonly overview: Pick<OverviewReader, 'read'> },
): void {
  api.get(
    '/v1/overview',
    {
      config: { access: overviewPolicy.read },
      schema: {
        tags: ['overview'],
        summary: 'How the fleet and the server are doing',
        response: { 200: Overview },
      },
    },
    (request) => deps.overview.read(principalOf(request).tenantId),
  );
}
