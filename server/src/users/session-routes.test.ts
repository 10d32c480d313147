import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Session } from '#contract/session.ts';
import { goodPassword, otherGoodPassword, ownerEmail, type PeopleApp, startPeopleApp } from '../../test/people-app.ts';
import { sessionIdleMs, sessionLifetimeMs } from './user-sessions.ts';

let app: PeopleApp;
let owner: string;

beforeEach(async () => {
  app = await startPeopleApp();
  owner = await app.setUp();
});
afterEach(() => app.stop());

const statusOf = async (auth: string): Promise<number> => (await app.request('GET', '/v1/session', { auth })).status;
const minuteMs = 60_000;

test('signing in sets a cookie that no script reads and no other site sends', async () => {
  const answer = await app.signIn(' Made@EXAMPLE.com ');
  expect(answer.status).toBe(201);
  expect(answer.body).toMatchObject({ user: { email: ownerEmail, role: 'owner' }, apiKey: null, role: 'owner' });
  const [cookie] = answer.headers.getSetCookie();
  expect(cookie).toMatch(/^gapura_session=[A-Za-z0-9_-]{43}; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict$/);
  expect(answer.headers.get('cache-control')).toBe('no-store');
  expect(await statusOf(answer.cookie)).toBe(200);
});

test('the database holds neither the token of a session nor a password', async () => {
  const { cookie } = await app.signIn(ownerEmail);
  const rows = [
    ...(await app.db.selectFrom('user_sessions').selectAll().execute()),
    ...(await app.db.selectFrom('users').selectAll().execute()),
  ];
  expect(JSON.stringify(rows)).not.toContain(cookie.split('=')[1]);
  expect(JSON.stringify(rows)).not.toContain(goodPassword);
});

test('a wrong password and an unknown address get the same answer, and both cost a hash', async () => {
  const wrong = await app.signIn(ownerEmail, 'not the password');
  const unknown = await app.signIn('nobody@example.com', 'not the password');
  for (const answer of [wrong, unknown]) {
    expect(answer.status).toBe(401);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
  }
  const { instance: _a, ...wrongBody } = wrong.body;
  const { instance: _b, ...unknownBody } = unknown.body;
  expect(wrongBody).toEqual(unknownBody);
  expect(wrongBody.code).toBe('invalid_credentials');
  expect(app.hashes()).toBe(2);
});

test('without a cookie nobody is signed in; with a stale one the session has ended', async () => {
  const none = await app.request('GET', '/v1/session');
  expect([none.status, none.body.code]).toEqual([401, 'missing_credentials']);
  const stale = await app.request('GET', '/v1/session', { auth: 'gapura_session=made-up' });
  expect([stale.status, stale.body.code]).toEqual([401, 'session_expired']);
});

test('signing out ends that session alone and takes its cookie back', async () => {
  const { cookie } = await app.signIn(ownerEmail);
  const answer = await app.request('DELETE', '/v1/session', { auth: cookie });
  expect([answer.status, answer.text]).toEqual([204, '']);
  expect(answer.headers.getSetCookie()[0]).toMatch(/^gapura_session=; .*Expires=Thu, 01 Jan 1970/);
  expect([await statusOf(cookie), await statusOf(owner)]).toEqual([401, 200]);
});

test('signing in again replaces the session that the browser had', async () => {
  const body = { email: ownerEmail, password: goodPassword };
  const again = await app.request('POST', '/v1/session', { auth: owner, body });
  expect([await statusOf(owner), await statusOf(again.cookie)]).toEqual([401, 200]);
});

test('a session that is used lasts to its absolute end and no longer', async () => {
  for (let at = 0; at < sessionLifetimeMs - sessionIdleMs; at += sessionIdleMs - minuteMs) {
    expect(await statusOf(owner)).toBe(200);
    await app.written();
    app.clock.advance(sessionIdleMs - minuteMs);
  }
  expect(await statusOf(owner)).toBe(200);
  app.clock.advance(sessionIdleMs);
  expect(await statusOf(owner)).toBe(401);
});

test('a session that is not used falls idle', async () => {
  app.clock.advance(sessionIdleMs - 1);
  expect(await statusOf(owner)).toBe(200);
  const { cookie } = await app.signIn(ownerEmail);
  app.clock.advance(sessionIdleMs);
  expect(await statusOf(cookie)).toBe(401);
});

test('last_seen is not written by every request', async () => {
  const seen = async () => (await app.db.selectFrom('user_sessions').select('last_seen_at').execute())[0]?.last_seen_at;
  const before = await seen();
  app.clock.advance(minuteMs);
  await statusOf(owner);
  app.clock.advance(minuteMs);
  await statusOf(owner);
  await app.written();
  expect(await seen()).toBe(before);
});

test('ended sessions are deleted every hour', async () => {
  app.clock.advance(sessionIdleMs);
  app.sessions.start();
  app.clock.advance(3600 * 1000);
  await expect.poll(() => app.db.selectFrom('user_sessions').select('user_id').execute()).toEqual([]);
  await app.sessions.stop();
});

test('one person has twenty sessions; the one quiet for longest makes room', async () => {
  const cookies: string[] = [];
  for (let i = 0; i < 20; i++) {
    app.clock.advance(1000);
    cookies.push((await app.signIn(ownerEmail)).cookie);
  }
  expect(await statusOf(owner)).toBe(401);
  expect(await Promise.all(cookies.map(statusOf))).toEqual(cookies.map(() => 200));
});

test('failures lock an account with a growing delay, during which no password is looked at', async () => {
  for (let i = 0; i < 5; i++) expect((await app.signIn(ownerEmail, 'wrong password')).status).toBe(401);
  const hashes = app.hashes();
  const locked = await app.signIn(ownerEmail);
  expect([locked.status, locked.body.code]).toEqual([429, 'locked_out']);
  expect(locked.headers.get('retry-after')).toBe('5');
  expect(locked.body.retryAfterMs).toBe(5000);
  expect(app.hashes()).toBe(hashes);

  app.clock.advance(5000);
  expect((await app.signIn(ownerEmail, 'wrong password')).status).toBe(401);
  expect((await app.signIn(ownerEmail)).headers.get('retry-after')).toBe('10');
  app.clock.advance(10_000);
  expect((await app.signIn(ownerEmail)).status).toBe(201);
  // The right password wipes the slate.
  for (let i = 0; i < 4; i++) await app.signIn(ownerEmail, 'wrong password');
  expect((await app.signIn(ownerEmail)).status).toBe(201);
  expect(new Set(app.counted)).toEqual(new Set(['success', 'failed', 'locked_out']));
});

test('an unknown account is locked just as a known one', async () => {
  for (let i = 0; i < 5; i++) await app.signIn('nobody@example.com', 'wrong password');
  const locked = await app.signIn('Nobody@example.com', 'wrong password');
  expect([locked.status, locked.headers.get('retry-after')]).toEqual([429, '5']);
});

test('an address that tries many accounts is locked for all of them', async () => {
  for (let i = 0; i < 20; i++) await app.signIn(`guess${i}@example.com`, 'wrong password');
  expect((await app.signIn(ownerEmail)).body.code).toBe('locked_out');
});

test('who owns an account does not wash an address clean by signing in between', async () => {
  for (let i = 0; i < 19; i++) await app.signIn(`guess${i}@example.com`, 'wrong password');
  expect((await app.signIn(ownerEmail)).status).toBe(201);
  await app.signIn('guess@example.com', 'wrong password');
  expect((await app.signIn(ownerEmail)).status).toBe(429);
});

test('attempts at the same time do not slip past the lock', async () => {
  const answers = await Promise.all(Array.from({ length: 12 }, () => app.signIn(ownerEmail, 'wrong password')));
  expect(answers.map((answer) => answer.status).sort()).toEqual([...Array(5).fill(401), ...Array(7).fill(429)]);
});

test('sign-ins are audited: good, failed, locked (once), and signing out', async () => {
  const { cookie } = await app.signIn(ownerEmail);
  await app.request('DELETE', '/v1/session', { auth: cookie });
  for (let i = 0; i < 8; i++) await app.signIn(ownerEmail, 'wrong password');
  const actions = (await app.auditOf(owner)).map((entry) => `${entry.action} ${entry.outcome}`).reverse();
  expect(actions).toEqual([
    'tenant.created success',
    'session.signed_in success',
    'session.signed_out success',
    ...Array(5).fill('session.sign_in_failed failure'),
    'session.locked_out failure',
  ]);
});

test('a new password ends all sessions and starts one', async () => {
  const { cookie: elsewhere } = await app.signIn(ownerEmail);
  const changed = await app.request<Session>('POST', '/v1/session/password', {
    auth: owner,
    body: { currentPassword: goodPassword, newPassword: otherGoodPassword },
  });
  expect([changed.status, changed.body.user?.email]).toEqual([200, ownerEmail]);
  expect([await statusOf(owner), await statusOf(elsewhere), await statusOf(changed.cookie)]).toEqual([401, 401, 200]);
  expect((await app.signIn(ownerEmail)).status).toBe(401);
  expect((await app.signIn(ownerEmail, otherGoodPassword)).status).toBe(201);
});

test.each([
  ['the current password is wrong', 'wrong password', otherGoodPassword, 401, 'invalid_credentials'],
  ['the new one is weak', goodPassword, 'password1234', 400, 'weak_password'],
  ['the new one is the old one', goodPassword, goodPassword, 400, 'weak_password'],
])('a password stays when %s', async (_, currentPassword, newPassword, status, code) => {
  const body = { currentPassword, newPassword };
  const refused = await app.request('POST', '/v1/session/password', { auth: owner, body });
  expect([refused.status, refused.body.code]).toEqual([status, code]);
  expect(await statusOf(owner)).toBe(200);
  expect((await app.signIn(ownerEmail)).status).toBe(201);
});

test('who took over a browser cannot guess the current password either', async () => {
  const body = { currentPassword: 'wrong password', newPassword: otherGoodPassword };
  const guess = () => app.request('POST', '/v1/session/password', { auth: owner, body });
  for (let i = 0; i < 5; i++) await guess();
  expect((await guess()).body.code).toBe('locked_out');
});

test('an API key has neither session nor password', async () => {
  const { id, key } = await app.addKey(owner, 'operator');
  const me = await app.request<Session>('GET', '/v1/session', { auth: key });
  expect(me.body).toMatchObject({ user: null, apiKey: { id, name: 'operator key' }, role: 'operator' });
  expect((await app.request('DELETE', '/v1/session', { auth: key })).status).toBe(403);
  const body = { currentPassword: goodPassword, newPassword: otherGoodPassword };
  expect((await app.request('POST', '/v1/session/password', { auth: key, body })).status).toBe(403);
});

test.each([
  ['another site, by what the browser says', { 'sec-fetch-site': 'cross-site' }],
  ['a sibling host', { 'sec-fetch-site': 'same-site' }],
  ['another origin', { origin: 'https://evil.example' }],
  ['an origin that hides', { origin: 'null' }],
])('a page of %s can neither sign in nor change anything', async (_, headers) => {
  const body = { email: ownerEmail, password: goodPassword };
  for (const answer of [
    await app.request('POST', '/v1/session', { body, headers }),
    await app.request('DELETE', '/v1/session', { auth: owner, headers }),
  ]) {
    expect([answer.status, answer.body.code]).toEqual([403, 'cross_site_request']);
  }
  expect(await statusOf(owner)).toBe(200);
  expect((await app.request('GET', '/v1/session', { auth: owner, headers })).status).toBe(200);
});

test('a page of this server may, also where browsers send no Sec-Fetch-Site', async () => {
  const body = { email: ownerEmail, password: goodPassword };
  for (const headers of [{ origin: app.url }, { 'sec-fetch-site': 'same-origin', origin: app.url }]) {
    expect((await app.request('POST', '/v1/session', { body, headers })).status).toBe(201);
  }
});

test('everybody changes their own name and language, and neither their role nor their address', async () => {
  const person = { email: 'wayan@example.com', password: otherGoodPassword, role: 'viewer' };
  await app.request('POST', '/v1/users', { auth: owner, body: person });
  const { cookie } = await app.signIn(person.email, otherGoodPassword);
  const body = { name: 'Wayan', language: 'id' };
  const answer = await app.request('PATCH', '/v1/session/user', { auth: cookie, body });
  expect([answer.status, answer.body]).toEqual([200, expect.objectContaining({ ...body, role: 'viewer' })]);
  const session = await app.request('GET', '/v1/session', { auth: cookie });
  expect(session.body).toMatchObject({ user: body });
  const audit = await app.request('GET', '/v1/audit?action=user.updated', { auth: owner });
  expect(audit.body).toMatchObject({
    items: [{ actor: { name: person.email }, detail: { changed: ['name', 'language'] } }],
  });
  for (const refused of [{ role: 'owner' }, { email: 'x@example.com' }, { password: goodPassword }, {}]) {
    expect((await app.request('PATCH', '/v1/session/user', { auth: cookie, body: refused })).status).toBe(400);
  }
});
