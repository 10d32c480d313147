import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ApiKey, CreatedApiKey } from '#contract/api-keys.ts';
import type { Page, Role } from '#contract/common.ts';
import { ownerEmail, type PeopleApp, startPeopleApp } from '../../test/people-app.ts';

let app: PeopleApp;
let owner: string;

beforeEach(async () => {
  app = await startPeopleApp();
  owner = await app.setUp();
});
afterEach(() => app.stop());

const create = (auth: string, body: object) =>
  app.request<CreatedApiKey & { code: string }>('POST', '/v1/api-keys', { auth, body });
const list = async (auth: string, query = '') =>
  (await app.request<Page<ApiKey>>('GET', `/v1/api-keys${query}`, { auth })).body;
const revoke = (auth: string, id: string) => app.request('DELETE', `/v1/api-keys/${id}`, { auth });
const use = (key: string) => app.request('GET', '/v1/tenant', { auth: key });

test('a key is shown once, works, and is listed without itself', async () => {
  const made = await create(owner, { name: 'Exporter', role: 'operator' });
  expect(made.status).toBe(201);
  expect(made.body.key).toMatch(/^gpr_[A-Za-z0-9]{40}$/);
  expect((await use(made.body.key)).status).toBe(200);

  await app.written();
  const { items } = await list(owner);
  expect(items).toEqual([
    {
      id: made.body.id,
      name: 'Exporter',
      role: 'operator',
      prefix: made.body.key.slice(0, 8),
      createdBy: ownerEmail,
      createdAt: app.clock.now(),
      expiresAt: null,
      lastUsedAt: app.clock.now(),
    },
  ]);
  const stored = JSON.stringify(await app.db.selectFrom('api_keys').selectAll().execute());
  expect(stored).not.toContain(made.body.key);
  expect(stored).not.toContain(made.body.key.slice(12));
});

test('a key without a role may only look', async () => {
  expect((await create(owner, { name: 'Reader' })).body.role).toBe('viewer');
});

test('a revoked key is refused with the next request', async () => {
  const { id, key } = await app.addKey(owner, 'viewer');
  expect((await use(key)).status).toBe(200);
  expect((await revoke(owner, id)).status).toBe(204);
  const refused = await use(key);
  expect([refused.status, refused.body.code]).toEqual([401, 'invalid_credentials']);
  expect((await revoke(owner, id)).status).toBe(404);
});

test('a key ends when it expires', async () => {
  const expiresAt = app.clock.now() + 60_000;
  const { key } = (await create(owner, { name: 'Short', expiresAt })).body;
  app.clock.advance(59_999);
  expect((await use(key)).status).toBe(200);
  const me = await app.request<{ expiresAt: number }>('GET', '/v1/session', { auth: key });
  expect(me.body.expiresAt).toBe(expiresAt);
  app.clock.advance(1);
  expect((await use(key)).status).toBe(401);
});

test('the last use is written at most once a minute', async () => {
  const { key } = await app.addKey(owner, 'viewer');
  const start = app.clock.now();
  const seen: (number | null | undefined)[] = [];
  for (const step of [0, 30_000, 30_000]) {
    app.clock.advance(step);
    await use(key);
    await app.written();
    seen.push((await list(owner)).items[0]?.lastUsedAt);
  }
  expect(seen).toEqual([start, start, start + 60_000]);
});

test.each([
  ['nonsense', 'gpr_x'],
  ['a key of the right form that was never made', `gpr_${'a'.repeat(40)}`],
])('%s is refused', async (_, key) => {
  const refused = await use(key);
  expect([refused.status, refused.body.code]).toEqual([401, 'invalid_credentials']);
  expect(refused.headers.get('www-authenticate')).toMatch(/^Bearer/);
});

test('two credentials at once are a mistake that is told', async () => {
  const { key } = await app.addKey(owner, 'viewer');
  const refused = await app.request('GET', '/v1/tenant', { auth: owner, headers: { authorization: `Bearer ${key}` } });
  expect([refused.status, refused.body.code]).toEqual([400, 'invalid_request']);
});

test('a key needs no same origin: no browser sends it by itself', async () => {
  const { key } = await app.addKey(owner, 'admin');
  const body = { name: 'Made by a page' };
  const headers = { origin: 'https://tools.example', 'sec-fetch-site': 'cross-site' };
  expect((await app.request('POST', '/v1/api-keys', { auth: key, body, headers })).status).toBe(201);
});

test('nobody makes or revokes a key stronger than themselves', async () => {
  const admin = await app.addUser(owner, 'admin');
  const adminKey = await app.addKey(owner, 'admin');
  const ownerKey = await app.addKey(owner, 'owner');
  for (const auth of [admin.cookie, adminKey.key]) {
    for (const refused of [await create(auth, { name: 'x', role: 'owner' }), await revoke(auth, ownerKey.id)]) {
      expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
    }
    expect((await create(auth, { name: 'x', role: 'admin' })).status).toBe(201);
  }
});

test.each(['operator', 'viewer'] as const satisfies Role[])('a %s has no business with keys', async (role) => {
  const { key, id } = await app.addKey(owner, role);
  const look = await app.request('GET', '/v1/api-keys', { auth: key });
  const answers = [await create(key, { name: 'x' }), await revoke(key, id), look];
  expect(answers.map((answer) => answer.status)).toEqual([403, 403, 403]);
});

test('keys of another tenant do not exist', async () => {
  const foreign = await app.addTenant('Other', 'other@example.com');
  const { id, key } = await app.addKey(owner, 'viewer');
  const refused = await revoke(foreign, id);
  expect([refused.status, refused.body.code]).toEqual([404, 'not_found']);
  expect((await list(foreign)).items).toEqual([]);
  expect((await use(key)).status).toBe(200);
});

test('making and revoking are audited, without the key', async () => {
  const { id, key } = await app.addKey(owner, 'viewer');
  await revoke(owner, id);
  const entries = await app.auditOf(owner, `?targetId=${id}`);
  expect(entries.map((entry) => entry.action)).toEqual(['api_key.revoked', 'api_key.created']);
  expect(JSON.stringify(entries)).not.toContain(key);
});

test('what a key does is audited under its name', async () => {
  const { id, key } = await app.addKey(owner, 'admin');
  await create(key, { name: 'x' });
  const [entry] = await app.auditOf(owner, `?actorId=${id}`);
  expect(entry).toMatchObject({ action: 'api_key.created', actor: { kind: 'api_key', name: 'admin key' } });
});

test('a list comes in pages', async () => {
  for (let i = 0; i < 5; i++) await create(owner, { name: `k${i}` });
  const first = await list(owner, '?limit=3');
  const second = await list(owner, `?limit=3&cursor=${first.nextCursor}`);
  expect([...first.items, ...second.items].map((key) => key.name)).toEqual(['k0', 'k1', 'k2', 'k3', 'k4']);
  expect(second.nextCursor).toBeNull();
});

test.each([
  ['a blank name', { name: '  ' }],
  ['an end in the past', { name: 'x', expiresAt: 1 }],
  ['an unknown field', { name: 'x', key: 'gpr_mine' }],
])('%s is an invalid request', async (_, body) => {
  const refused = await create(owner, body);
  expect([refused.status, refused.body.code]).toEqual([400, 'invalid_request']);
});
