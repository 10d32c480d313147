import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Role } from '#contract/common.ts';
import { roles } from '#contract/common.ts';
import type { Device } from '#contract/devices.ts';
import type { Profile } from '#contract/profiles.ts';
import { createClient } from '#sdk/client.ts';
import { hasRole } from '../src/http/principal.ts';
import { createTestApp, makeApiKey, ownerPassword, type TestApp } from './create-test-app.ts';

/**
 * Every route of the platform API, tried by nobody, by each role, and by the owner of another tenant. The list of routes
 * comes from the running app: a new route is tried without being written down here, and must refuse by itself.
 */
let gapura: TestApp;
let keys: Record<Role, string>;
let strangerKey: string;
let profile: Profile;
let device: Device;
let apiKeyId: string;
let userId: string;

/** Keeps requests of the test from doing what they ask for when they are let in: they name what is not there. */
const nobody = '00000000-0000-7000-8000-000000000000';

/** Routes that are asked in a body which devices they mean, and what else stands in it. */
const askedInBody: [url: string, question: object][] = [
  ['/v1/telemetry/latest', {}],
  ['/v1/telemetry/query', { keys: ['secretKey'] }],
];

beforeAll(async () => {
  gapura = await createTestApp();
  const { client, url } = gapura;
  const keyOf = async (role: Role): Promise<string> =>
    role === 'owner' ? gapura.apiKey : (await client.apiKeys.create({ name: role, role })).key;
  keys = Object.fromEntries(await Promise.all(roles.map(async (role) => [role, await keyOf(role)]))) as typeof keys;

  const other = await gapura.app.createTenant('Somebody else');
  const actor = { kind: 'system', id: '', name: 'test', address: '' } as const;
  await gapura.app.users.create(
    { tenantId: other.id, role: 'owner', actor },
    { email: 'stranger@example.com', name: 'Stranger', password: ownerPassword, role: 'owner' },
  );
  strangerKey = await makeApiKey(url, 'stranger@example.com', ownerPassword, 'owner');

  profile = await client.profiles.create({ name: 'secret profile' });
  device = await client.devices.create({ name: 'secret device', profileId: profile.id });
  await client.attributes.write(device.id, 'shared', { secretAttribute: 'secret value' });
  await gapura.request('POST', `/v1/devices/${device.id}/telemetry`, { secretKey: 42 });
  const viewer = { email: 'viewer@example.com', name: 'V', password: ownerPassword, role: 'viewer' } as const;
  userId = (await client.users.create(viewer)).id;
  const listed = (await (await gapura.request('GET', '/v1/api-keys')).json()) as { items: { id: string }[] };
  apiKeyId = listed.items[0]?.id ?? '';
});

afterAll(() => gapura.stop());

/** A path of the route with ids that exist for the first tenant, or that exist for nobody. */
function pathOf(url: string, mode: 'existing' | 'absent'): string {
  const ids: [RegExp, string][] = [
    [/^\/v1\/profiles\/:id/, profile.id],
    [/^\/v1\/devices\/:id/, device.id],
    [/^\/v1\/users\/:id/, userId],
    [/^\/v1\/api-keys\/:id/, apiKeyId],
  ];
  const id = mode === 'absent' ? nobody : (ids.find(([pattern]) => pattern.test(url))?.[1] ?? nobody);
  const path = url.replace(':id', id).replace(':scope', 'shared');
  if (path.endsWith('/attributes/shared')) return `${path}?keys=secretAttribute`;
  if (url === '/v1/telemetry/latest') return `${path}?deviceIds=${mode === 'absent' ? nobody : device.id}`;
  if (url === '/v1/devices/:id/telemetry') return `${path}?keys=secretKey`;
  return path;
}

function send(method: string, path: string, key: string | undefined): Promise<Response> {
  const hasBody = method !== 'GET' && method !== 'DELETE';
  return fetch(gapura.url + path, {
    method,
    headers: {
      ...(key !== undefined && { authorization: `Bearer ${key}` }),
      ...(hasBody && { 'content-type': path.startsWith('/v1/devices/import') ? 'text/csv' : 'application/json' }),
    },
    ...(hasBody && { body: path.startsWith('/v1/devices/import') ? '' : '{}' }),
  });
}

describe('the platform API', () => {
  test('knows its routes', () => {
    const known = gapura.app.routes.map(({ method, url }) => `${method} ${url}`);
    expect(known.length).toBeGreaterThan(40);
    for (const route of [
      'GET /v1/devices/:id/telemetry',
      'POST /v1/devices/import',
      'PUT /v1/devices/:id/credentials',
    ]) {
      expect(known).toContain(route);
    }
  });

  test('lets nobody in without credentials where a role is asked for', async () => {
    for (const { method, url, access } of gapura.app.routes) {
      if (access === 'public') continue;
      const answer = await send(method, pathOf(url, 'existing'), undefined);
      expect([method, url, answer.status]).toEqual([method, url, 401]);
      expect(await answer.json()).toMatchObject({ code: 'missing_credentials' });
    }
  });

  test('is public only where that is meant', () => {
    const open = gapura.app.routes
      .filter(({ access }) => access === 'public')
      .map(({ method, url }) => `${method} ${url}`);
    expect(open.sort()).toEqual(['GET /v1/openapi.json', 'GET /v1/setup', 'POST /v1/session', 'POST /v1/setup']);
  });

  test.each(roles)('refuses a caller with the role %s exactly where a stronger one is asked for', async (role) => {
    for (const { method, url, access } of gapura.app.routes) {
      if (access === 'public' || url === '/v1/session') continue;
      const answer = await send(method, pathOf(url, 'absent'), keys[role]);
      const problem = (await answer.json().catch(() => ({}))) as { code?: string };
      // Rules inside of a route (nobody makes somebody stronger) may refuse as well; the frame's own refusal may not miss.
      const isRefused = answer.status === 403 && problem.code === 'forbidden';
      if (!hasRole(role, access)) expect([method, url, isRefused]).toEqual([method, url, true]);
      else expect([method, url, answer.status]).not.toEqual([method, url, 401]);
      expect(answer.status).toBeLessThan(500);
    }
  });

  test('shows and changes nothing of another tenant, and tells existing from absent to no one', async () => {
    for (const { method, url, access } of gapura.app.routes) {
      if (access === 'public' || !url.includes(':id')) continue;
      const existing = await send(method, pathOf(url, 'existing'), strangerKey);
      const absent = await send(method, pathOf(url, 'absent'), strangerKey);
      const [a, b] = [await existing.text(), await absent.text()];
      expect([method, url, existing.status]).toEqual([method, url, absent.status]);
      expect([404, 400]).toContain(existing.status);
      const withoutIds = (text: string): string => text.replace(/"instance":"[^"]*"/, '').replaceAll(nobody, '');
      const ids = [profile.id, device.id, userId, apiKeyId];
      expect(ids.reduce((text, id) => text.replaceAll(id, ''), withoutIds(a))).toBe(withoutIds(b));
    }
    expect((await gapura.request('GET', `/v1/devices/${device.id}`)).status).toBe(200);
    expect(await gapura.client.attributes.get(device.id, 'shared')).toMatchObject({
      secretAttribute: { value: 'secret value' },
    });
    expect(await gapura.client.telemetry.latest(device.id)).toMatchObject({ secretKey: { value: 42 } });
  });

  test('answers a question about devices of another tenant as one about devices that are not there', async () => {
    for (const [url, question] of askedInBody) {
      const ask = async (id: string, key: string): Promise<Response> =>
        fetch(gapura.url + url, {
          method: 'POST',
          headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
          body: JSON.stringify({ deviceIds: [id], ...question }),
        });
      const [theirs, absent] = [await ask(device.id, strangerKey), await ask(nobody, strangerKey)];
      expect([url, theirs.status, await theirs.text()]).toEqual([url, absent.status, await absent.text()]);
      expect([url, (await (await ask(device.id, keys.viewer)).text()).includes('secretKey')]).toEqual([url, true]);
    }
  });

  test('lists nothing of another tenant', async () => {
    for (const { method, url, access } of gapura.app.routes) {
      if (access === 'public' || method !== 'GET' || url.includes(':id')) continue;
      const text = await (await send('GET', pathOf(url, 'existing'), strangerKey)).text();
      expect([url, /secret (device|profile|value)|secretKey|secretAttribute/.test(text)]).toEqual([url, false]);
      for (const id of [profile.id, device.id, userId]) expect([url, text.includes(id)]).toEqual([url, false]);
    }
  });

  test('two tenants may use the same names', async () => {
    const stranger = createClient({ baseUrl: gapura.url, apiKey: strangerKey });
    const theirs = await stranger.profiles.create({ name: profile.name });
    const made = await stranger.devices.create({ name: device.name, profileId: theirs.id });
    expect(made.id).not.toBe(device.id);
  });

  test('a device of one tenant cannot be given a profile of another', async () => {
    const answer = await fetch(`${gapura.url}/v1/devices`, {
      method: 'POST',
      headers: { authorization: `Bearer ${strangerKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'borrower', profileId: profile.id }),
    });
    expect(answer.status).toBe(404);
  });
});
