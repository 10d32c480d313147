import { AuditQuery, AuditRecord } from '#contract/audit.ts';
import { Page } from '#contract/common.ts';
import { type PlatformApi, principalOf } from '../http/platform-api.ts';
import type { AuditLog } from './audit.ts';
import { auditPolicy } from './policy.ts';

export function registerAuditRoutes(api: PlatformApi, deps: { readonly audit: AuditLog }): void {
  api.get(
    '/v1/audit',
    {
      config: { access: auditPolicy.read },
      schema: {
        tags: ['audit'],
        summary: 'Who did what, newest first',
        querystring: AuditQuery,
        response: { 200: Page(AuditRecord) },
      },
    },
    (request) => deps.audit.list(principalOf(request).tenantId, request.query),
  );
}
