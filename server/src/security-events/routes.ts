import { Page } from '#contract/common.ts';
import { SecurityEvent, SecurityEventQuery } from '#contract/security-events.ts';
import { type PlatformApi, principalOf } from '../http/platform-api.ts';
import { securityEventPolicy } from './policy.ts';
import type { SecurityEventLog } from './security-events.ts';

export function registerSecurityEventRoutes(
  api: PlatformApi,
  deps: { readonly securityEvents: Pick<SecurityEventLog, 'list'> },
): void {
  api.get(
    '/v1/security-events',
    {
      config: { access: securityEventPolicy.read },
      schema: {
        tags: ['security'],
        summary: 'What was refused at the gates, newest first',
        querystring: SecurityEventQuery,
        response: { 200: Page(SecurityEvent) },
      },
    },
    (request) => deps.securityEvents.list(principalOf(request).tenantId, request.query),
  );
}
