import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Session } from '#contract/session.ts';
import { goodPassword, ownerEmail, type PeopleApp, startPeopleApp } from '../../test/people-app.ts';

let app: PeopleApp;
beforeEach(async () => {
  app = await startPeopleApp();
});
afterEach(() => app.stop());

const isRequired = async (): Promise<boolean> =>
  (await app.request<{ required: boolean }>('GET', '/v1/setup')).body.required;
const setUp = (token: string | null, change: object = {}) =>
  app.request<Session & { code: string }>('POST', '/v1/setup', {
    body: { token, email: ownerEmail, password: goodPassword, ...change },
  });

test('the token makes the first tenant and its owner, signs in, and is spent', async () => {
  expect(await isRequired()).toBe(true);
  const token = await app.setup.ensureToken();
  const change = { email: 'Made@Example.COM', name: 'Made', tenantName: ' Subak ', language: 'id' };
  const done = await setUp(token, change);
  expect(done.status).toBe(201);
  expect(done.body).toMatchObject({
    user: { email: 'made@example.com', name: 'Made', role: 'owner', language: 'id' },
    tenant: { name: 'Subak' },
    role: 'owner',
  });
  const me = await app.request<Session>('GET', '/v1/session', { auth: done.cookie });
  expect(me.body).toEqual(done.body);
  expect(app.createdTenants).toEqual([done.body.tenant.id]);

  expect(await isRequired()).toBe(false);
  expect(await app.setup.ensureToken()).toBeNull();
  expect((await setUp(token)).body.code).toBe('already_set_up');
});

test('the tenant gets a name when none is given', async () => {
  const done = await setUp(await app.setup.ensureToken());
  expect(done.body.tenant.name).toBe('Gapura');
});

test('each start makes a fresh token; only the newest works, and only its hash is stored', async () => {
  const older = await app.setup.ensureToken();
  const newer = await app.setup.ensureToken();
  const settings = JSON.stringify(await app.db.selectFrom('settings').selectAll().execute());
  expect(settings).not.toContain(newer);
  const refused = await setUp(older);
  expect([refused.status, refused.body.code]).toEqual([403, 'setup_token_invalid']);
  expect((await setUp(newer)).status).toBe(201);
});

test('without any token nobody sets up', async () => {
  expect((await setUp('x'.repeat(40))).body.code).toBe('setup_token_invalid');
});

test('a weak password is refused with a hint and leaves the token usable', async () => {
  const token = await app.setup.ensureToken();
  for (const password of ['short', 'password1234', 'subakjatiluwih', 'made@example.com']) {
    const refused = await setUp(token, { password, tenantName: 'Subak Jatiluwih' });
    expect([refused.status, refused.body.code]).toEqual([400, 'weak_password']);
  }
  expect((await setUp(token)).status).toBe(201);
});

test.each([
  ['no e-mail address', { email: 'made' }],
  ['a field that is not known', { role: 'owner' }],
  ['an empty tenant name', { tenantName: ' ' }],
  ['a language that is not spoken', { language: 'fr' }],
  ['a password without end', { password: `${goodPassword}${'x'.repeat(256)}` }],
])('%s is an invalid request', async (_, change) => {
  const refused = await setUp(await app.setup.ensureToken(), change);
  expect([refused.status, refused.body.code]).toEqual([400, 'invalid_request']);
});

test('of two set-ups at the same time exactly one wins', async () => {
  const token = await app.setup.ensureToken();
  const answers = await Promise.all([1, 2, 3].map((i) => setUp(token, { email: `owner${i}@example.com` })));
  expect(answers.map((answer) => answer.status).sort()).toEqual([201, 409, 409]);
  expect(await app.db.selectFrom('tenants').select('id').execute()).toHaveLength(1);
  expect(await app.db.selectFrom('users').select('id').execute()).toHaveLength(1);
});

test('a page of another site cannot set up', async () => {
  const token = await app.setup.ensureToken();
  const body = { token, email: ownerEmail, password: goodPassword };
  const refused = await app.request('POST', '/v1/setup', { body, headers: { origin: 'https://evil.example' } });
  expect(refused.body.code).toBe('cross_site_request');
  expect(await isRequired()).toBe(true);
});

test('who holds the server makes the owner without a token, once', async () => {
  const owner = await app.setup.completeWithOwner({ email: ownerEmail, password: goodPassword });
  expect(owner.role).toBe('owner');
  expect((await app.signIn(ownerEmail)).status).toBe(201);
  await expect(
    app.setup.completeWithOwner({ email: 'other@example.com', password: goodPassword }),
  ).rejects.toMatchObject({ code: 'already_set_up' });
});

test('a weak password from the environment is refused too', async () => {
  await expect(app.setup.completeWithOwner({ email: ownerEmail, password: 'admin' })).rejects.toMatchObject({
    code: 'weak_password',
  });
  expect(await isRequired()).toBe(true);
});

test('a tenant that a crash left without its profile gets it at the next start', async () => {
  const tenant = await app.db.transaction().execute((trx) => app.tenants.createWithin(trx, 'Subak'));
  expect(app.createdTenants).toEqual([]);
  await app.tenants.finishAll();
  await app.tenants.finishAll();
  expect(app.createdTenants).toEqual([tenant.id]);
});
