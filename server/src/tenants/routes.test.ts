import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Role, roles } from '#contract/common.ts';
import type { Tenant } from '#contract/tenants.ts';
import { type PeopleApp, startPeopleApp } from '../../test/people-app.ts';
import { hasRole } from '../http/principal.ts';

let app: PeopleApp;
let owner: string;

beforeAll(async () => {
  app = await startPeopleApp();
  owner = await app.setUp();
});
afterAll(() => app.stop());

test('the owner renames the tenant, everybody reads its name', async () => {
  const viewer = await app.addKey(owner, 'viewer');
  const renamed = await app.request<Tenant>('PATCH', '/v1/tenant', { auth: owner, body: { name: ' Subak Baru ' } });
  expect([renamed.status, renamed.body.name]).toEqual([200, 'Subak Baru']);
  const read = await app.request<Tenant>('GET', '/v1/tenant', { auth: viewer.key });
  expect(read.body).toEqual(renamed.body);
  const [entry] = await app.auditOf(owner, '?action=tenant.renamed');
  expect(entry?.target.name).toBe('Subak Baru');
});

test('a tenant has a name', async () => {
  for (const name of ['', '  ', 'two\nlines', 7]) {
    const refused = await app.request('PATCH', '/v1/tenant', { auth: owner, body: { name } });
    expect([refused.status, refused.body.code]).toEqual([400, 'invalid_request']);
  }
});

test('the owner says how long telemetry is kept, and the audit log tells before and after', async () => {
  const change = (telemetryRetentionDays: unknown) =>
    app.request<Tenant>('PATCH', '/v1/tenant', { auth: owner, body: { telemetryRetentionDays } });
  const { name } = (await app.request<Tenant>('GET', '/v1/tenant', { auth: owner })).body;
  expect((await change(90)).body).toMatchObject({ name, telemetryRetentionDays: 90 });
  expect((await change(null)).body.telemetryRetentionDays).toBeNull();
  for (const days of [0, -1, 36_501, 1.5, '90', 'tenant'])
    expect([days, (await change(days)).status]).toEqual([days, 400]);
  const entries = await app.auditOf(owner, '?action=tenant.retention_changed');
  expect(entries.map((entry) => entry.detail)).toEqual([
    { beforeDays: 90, afterDays: null },
    { beforeDays: null, afterDays: 90 },
  ]);
  const empty = await app.request('PATCH', '/v1/tenant', { auth: owner, body: {} });
  expect(empty.status).toBe(400);
});

test('another tenant has another name', async () => {
  const foreign = await app.addTenant('Other', 'other@example.com');
  expect((await app.request<Tenant>('GET', '/v1/tenant', { auth: foreign })).body.name).toBe('Other');
});

describe('every route asks for its role', () => {
  const keys = new Map<Role, string>();
  beforeAll(async () => {
    for (const role of roles) keys.set(role, (await app.addKey(owner, role)).key);
  });
  const unknownId = '019b76da-a800-7000-98ee-000000000001';

  test('nobody passes without credentials', async () => {
    const routes = app.routes.filter((route) => route.access !== 'public');
    expect(routes.length).toBeGreaterThanOrEqual(14);
    for (const { method, url } of routes) {
      const answer = await app.request(method, url.replace(':id', unknownId));
      expect([method, url, answer.status, answer.body.code]).toEqual([method, url, 401, 'missing_credentials']);
    }
  });

  test('a weaker role is refused before its request is looked at, a sufficient one is not', async () => {
    for (const { method, url, access } of app.routes) {
      if (access === 'public') continue;
      for (const role of roles) {
        const answer = await app.request(method, url.replace(':id', unknownId), { auth: keys.get(role) });
        const isRefused = answer.text.includes('This needs the role');
        expect([method, url, role, isRefused]).toEqual([method, url, role, !hasRole(role, access)]);
      }
    }
  });
});
