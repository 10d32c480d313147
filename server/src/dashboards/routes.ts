import { Type } from 'typebox';
import { IdParams, Page, PageQuery } from '#contract/common.ts';
import { CreateDashboard, Dashboard, DashboardSummary, MapSettings, UpdateDashboard } from '#contract/dashboards.ts';
import { actorOf } from '../audit/actor-of.ts';
import type { Audit } from '../audit/audit.ts';
import { type PlatformApi, principalOf } from '../http/platform-api.ts';
import type { Principal } from '../http/principal.ts';
import type { Dashboards } from './dashboards.ts';
import { dashboardPolicy } from './policy.ts';

export interface DashboardRoutesDeps {
  readonly dashboards: Dashboards;
  readonly audit: Audit;
  readonly map: MapSettings;
}

export function registerDashboardRoutes(api: PlatformApi, { dashboards, audit, map }: DashboardRoutesDeps): void {
  const tags = ['dashboards'];

  function record(
    principal: Principal,
    request: { readonly ip: string },
    action: string,
    { id, name }: { readonly id: string; readonly name: string },
    changed?: readonly string[],
  ): void {
    audit.record({
      tenantId: principal.tenantId,
      actor: actorOf(principal, request),
      action,
      target: { kind: 'dashboard', id, name },
      outcome: 'success',
      ...(changed !== undefined && { detail: { changed: [...changed] } }),
    });
  }

  api.get(
    '/v1/dashboards',
    {
      config: { access: dashboardPolicy.read },
      schema: {
        tags,
        summary: 'Dashboards by name, without their layouts',
        querystring: PageQuery,
        response: { 200: Page(DashboardSummary) },
      },
    },
    (request) => dashboards.list(principalOf(request).tenantId, request.query),
  );

  api.post(
    '/v1/dashboards',
    {
      config: { access: dashboardPolicy.write, idempotent: true },
      schema: { tags, summary: 'Create a dashboard', body: CreateDashboard, response: { 201: Dashboard } },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const dashboard = await dashboards.create(principal.tenantId, request.body);
      record(principal, request, 'dashboard.created', dashboard);
      return reply.code(201).header('location', `/v1/dashboards/${dashboard.id}`).send(dashboard);
    },
  );

  api.get(
    '/v1/dashboards/:id',
    {
      config: { access: dashboardPolicy.read },
      schema: { tags, summary: 'One dashboard with its layout', params: IdParams, response: { 200: Dashboard } },
    },
    (request) => dashboards.get(principalOf(request).tenantId, request.params.id),
  );

  api.patch(
    '/v1/dashboards/:id',
    {
      config: { access: dashboardPolicy.write },
      schema: {
        tags,
        summary: 'Change a dashboard; with `revision` only if nobody else has',
        params: IdParams,
        body: UpdateDashboard,
        response: { 200: Dashboard },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const dashboard = await dashboards.update(principal.tenantId, request.params.id, request.body);
      const changed = Object.keys(request.body).filter((field) => field !== 'revision');
      record(principal, request, 'dashboard.updated', dashboard, changed);
      return dashboard;
    },
  );

  api.delete(
    '/v1/dashboards/:id',
    {
      config: { access: dashboardPolicy.write },
      schema: { tags, summary: 'Delete a dashboard', params: IdParams, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const removed = await dashboards.remove(principal.tenantId, request.params.id);
      record(principal, request, 'dashboard.deleted', removed);
      return reply.code(204).send(null);
    },
  );

  api.get(
    '/v1/map',
    {
      config: { access: dashboardPolicy.read },
      schema: { tags, summary: 'Where map tiles come from', response: { 200: MapSettings } },
    },
    async () => map,
  );
}
