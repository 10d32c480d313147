import { Tenant, UpdateTenant } from '#contract/tenants.ts';
import { actorOf } from '../audit/actor-of.ts';
import type { Audit } from '../audit/audit.ts';
import { type PlatformApi, principalOf } from '../http/platform-api.ts';
import { tenantPolicy } from './policy.ts';
import type { Tenants } from './tenants.ts';

/** One's own tenant; others do not exist for a caller. */
export function registerTenantRoutes(
  api: PlatformApi,
  deps: { readonly tenants: Tenants; readonly audit: Audit },
): void {
  const tags = ['tenant'];

  api.get(
    '/v1/tenant',
    {
      config: { access: tenantPolicy.read },
      schema: { tags, summary: 'The tenant of the caller', response: { 200: Tenant } },
    },
    (request) => deps.tenants.get(principalOf(request).tenantId),
  );

  api.patch(
    '/v1/tenant',
    {
      config: { access: tenantPolicy.write },
      schema: {
        tags,
        summary: 'Rename the tenant, or say how long it keeps telemetry',
        body: UpdateTenant,
        response: { 200: Tenant },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const { name, telemetryRetentionDays } = request.body;
      const before = await deps.tenants.get(principal.tenantId);
      const tenant = await deps.tenants.update(principal.tenantId, request.body);
      const entry = {
        tenantId: tenant.id,
        actor: actorOf(principal, request),
        target: { kind: 'tenant', id: tenant.id, name: tenant.name },
        outcome: 'success',
      } as const;
      if (name !== undefined) deps.audit.record({ ...entry, action: 'tenant.renamed' });
      if (telemetryRetentionDays !== undefined) {
        deps.audit.record({
          ...entry,
          action: 'tenant.retention_changed',
          detail: { beforeDays: before.telemetryRetentionDays, afterDays: telemetryRetentionDays },
        });
      }
      return tenant;
    },
  );
}
