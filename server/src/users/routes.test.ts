import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Page } from '#contract/common.ts';
import type { User } from '#contract/users.ts';
import { goodPassword, otherGoodPassword, ownerEmail, type PeopleApp, startPeopleApp } from '../../test/people-app.ts';

let app: PeopleApp;
let owner: string;

beforeEach(async () => {
  app = await startPeopleApp();
  owner = await app.setUp();
});
afterEach(() => app.stop());

type UserAnswer = User & { code: string };
const create = (auth: string, change: object = {}) =>
  app.request<UserAnswer>('POST', '/v1/users', {
    auth,
    body: { email: 'ketut@example.com', role: 'viewer', password: goodPassword, ...change },
  });
const update = (auth: string, id: string, body: object) =>
  app.request<UserAnswer>('PATCH', `/v1/users/${id}`, { auth, body });
const remove = (auth: string, id: string) => app.request('DELETE', `/v1/users/${id}`, { auth });
const list = async (auth: string, query = '') =>
  (await app.request<Page<User>>('GET', `/v1/users${query}`, { auth })).body;
const idOf = async (email: string) => (await list(owner)).items.find((user) => user.email === email)?.id ?? '';

test('a user is made, read, changed and removed', async () => {
  const made = await create(owner, { email: 'Ketut@Example.com', name: 'Ketut', language: 'id' });
  expect(made.status).toBe(201);
  expect(made.body).toMatchObject({ email: 'ketut@example.com', name: 'Ketut', role: 'viewer', language: 'id' });
  expect(made.text).not.toMatch(/password|argon2/);
  const { id } = made.body;
  expect((await app.request<User>('GET', `/v1/users/${id}`, { auth: owner })).body).toEqual(made.body);

  app.clock.advance(1000);
  const changed = await update(owner, id, { role: 'operator', name: 'Ketut S.' });
  expect(changed.body).toMatchObject({ role: 'operator', name: 'Ketut S.', updatedAt: made.body.updatedAt + 1000 });
  const { cookie } = await app.signIn('ketut@example.com');
  expect((await app.request<{ role: string }>('GET', '/v1/session', { auth: cookie })).body.role).toBe('operator');

  expect((await remove(owner, id)).status).toBe(204);
  expect((await app.request('GET', `/v1/users/${id}`, { auth: owner })).status).toBe(404);
  expect((await app.request('GET', '/v1/session', { auth: cookie })).status).toBe(401);
  expect((await app.signIn('ketut@example.com')).status).toBe(401);

  const entries = (await app.auditOf(owner, `?targetId=${id}`)).map((entry) => entry.action).reverse();
  expect(entries).toEqual(['user.created', 'user.updated', 'session.signed_in', 'user.deleted']);
});

test('a list comes in pages', async () => {
  for (let i = 0; i < 4; i++) await create(owner, { email: `u${i}@example.com` });
  const first = await list(owner, '?limit=3');
  const second = await list(owner, `?limit=3&cursor=${first.nextCursor}`);
  expect([...first.items, ...second.items].map((user) => user.email)).toEqual([
    ownerEmail,
    ...[0, 1, 2, 3].map((i) => `u${i}@example.com`),
  ]);
  expect(second.nextCursor).toBeNull();
  const wrong = await app.request('GET', '/v1/users?cursor=x', { auth: owner });
  expect([wrong.status, wrong.body.code]).toEqual([400, 'invalid_cursor']);
});

test('an address is taken once over the whole server, in whatever case, and the answer does not say by whom', async () => {
  await app.addTenant('Other', 'other@example.com');
  const own = await create(owner, { email: ownerEmail.toUpperCase() });
  const foreign = await create(owner, { email: 'Other@example.com' });
  expect([own.status, own.body.code]).toEqual([409, 'email_taken']);
  expect({ ...own.body, instance: '' }).toEqual({ ...foreign.body, instance: '' });
  const { id } = (await create(owner)).body;
  expect((await update(owner, id, { email: 'other@example.com' })).body.code).toBe('email_taken');
});

test('a weak password is refused when it is set by somebody else too', async () => {
  expect((await create(owner, { password: 'ketut@example.com' })).body.code).toBe('weak_password');
  const { id } = (await create(owner)).body;
  expect((await update(owner, id, { password: 'password1234' })).body.code).toBe('weak_password');
});

test('an admin who sets a password ends the sessions of that user', async () => {
  const admin = await app.addUser(owner, 'admin');
  const viewer = await app.addUser(owner, 'viewer');
  expect((await update(admin.cookie, viewer.id, { password: otherGoodPassword })).status).toBe(200);
  expect((await app.request('GET', '/v1/session', { auth: viewer.cookie })).status).toBe(401);
  expect((await app.signIn('viewer@example.com', otherGoodPassword)).status).toBe(201);
});

test("one's own password is not changed without the current one", async () => {
  const refused = await update(owner, await idOf(ownerEmail), { password: otherGoodPassword });
  expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
});

test('nobody makes, changes or removes somebody stronger than themselves', async () => {
  const admin = await app.addUser(owner, 'admin');
  const viewer = await app.addUser(owner, 'viewer');
  const ownerId = await idOf(ownerEmail);
  for (const refused of [
    await create(admin.cookie, { role: 'owner' }),
    await update(admin.cookie, viewer.id, { role: 'owner' }),
    await update(admin.cookie, admin.id, { role: 'owner' }),
    await update(admin.cookie, ownerId, { name: 'x' }),
    await update(admin.cookie, ownerId, { password: otherGoodPassword }),
    await remove(admin.cookie, ownerId),
  ]) {
    expect([refused.status, refused.body.code]).toEqual([403, 'forbidden']);
  }
  expect((await create(admin.cookie, { role: 'admin' })).status).toBe(201);
  expect((await update(admin.cookie, viewer.id, { role: 'admin' })).status).toBe(200);
});

test.each(['operator', 'viewer'] as const)('a %s has no business with users', async (role) => {
  const { cookie, id } = await app.addUser(owner, role);
  for (const answer of [
    await create(cookie),
    await update(cookie, id, { role: 'admin' }),
    await remove(cookie, id),
    await app.request('GET', '/v1/users', { auth: cookie }),
  ]) {
    expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
  }
});

test('the last owner can neither be removed nor made something less', async () => {
  const id = await idOf(ownerEmail);
  const demoted = await update(owner, id, { role: 'admin' });
  expect([demoted.status, demoted.body.code]).toEqual([409, 'last_owner']);
  expect((await remove(owner, id)).body.code).toBe('last_owner');
  expect((await update(owner, id, { role: 'owner', name: 'Still' })).status).toBe(200);

  await app.addUser(owner, 'owner');
  expect((await update(owner, id, { role: 'admin' })).status).toBe(200);
});

test('two owners who demote each other at the same time leave one', async () => {
  const other = await app.addUser(owner, 'owner');
  const id = await idOf(ownerEmail);
  const answers = await Promise.all([
    update(owner, other.id, { role: 'viewer' }),
    update(other.cookie, id, { role: 'viewer' }),
  ]);
  expect(answers.map((answer) => answer.status).sort()).toEqual([200, expect.not.toBeOneOf([200])]);
  const owners = await app.db.selectFrom('users').select('id').where('role', '=', 'owner').execute();
  expect(owners).toHaveLength(1);
});

test('a role that was taken away is gone with the next request', async () => {
  const admin = await app.addUser(owner, 'admin');
  await update(owner, admin.id, { role: 'viewer' });
  expect((await app.request('GET', '/v1/users', { auth: admin.cookie })).status).toBe(403);
});

test('users of another tenant do not exist', async () => {
  const foreign = await app.addTenant('Other', 'other@example.com');
  const id = await idOf(ownerEmail);
  for (const answer of [
    await app.request('GET', `/v1/users/${id}`, { auth: foreign }),
    await update(foreign, id, { name: 'x' }),
    await remove(foreign, id),
  ]) {
    expect([answer.status, answer.body.code]).toEqual([404, 'not_found']);
  }
  expect((await list(foreign)).items.map((user) => user.email)).toEqual(['other@example.com']);
  expect((await app.auditOf(foreign)).every((entry) => entry.target.id !== id)).toBe(true);
});

test.each([
  ['an address without @', { email: 'ketut' }],
  ['an address with a line break', { email: 'a@b.example\nbcc:x@y' }],
  ['a name that forges a line of the log', { name: 'Ketut\u001b[2K\nroot signed in' }],
  ['half a character', { name: 'Ketut \ud800' }],
  ['an unknown role', { role: 'root' }],
  ['an unknown field', { tenantId: '00000000-0000-7000-8000-000000000000' }],
  ['a number for a name', { name: 7 }],
])('%s is an invalid request that names the field', async (_, change) => {
  const refused = await app.request('POST', '/v1/users', {
    auth: owner,
    body: { email: 'ketut@example.com', role: 'viewer', password: goodPassword, ...change },
  });
  expect([refused.status, refused.body.code]).toEqual([400, 'invalid_request']);
  expect(refused.body.errors?.[0]?.path).toMatch(/^\/body/);
});

test('hostile names come back as they were given', async () => {
  const name = '<script>alert(1)</script>=cmd|"/c calc"!A1\u202e';
  const { id } = (await create(owner, { name })).body;
  expect((await app.request<User>('GET', `/v1/users/${id}`, { auth: owner })).body.name).toBe(name);
});
