import { hash } from 'node:crypto';
import { Type } from 'typebox';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { goodPassword, type PeopleApp, startPeopleApp } from '../../test/people-app.ts';
import { AppError } from '../errors.ts';

let app: PeopleApp;
let owner: string;
/** How often the test's own route was executed. */
let executions: number;
let gate: PromiseWithResolvers<void>;

beforeEach(async () => {
  executions = 0;
  gate = Promise.withResolvers();
  app = await startPeopleApp((api) => {
    api.post(
      '/v1/slow',
      {
        config: { access: 'viewer', idempotent: true },
        schema: { body: Type.Object({ fail: Type.Boolean() }), response: { 201: Type.Object({ n: Type.Integer() }) } },
      },
      async (request, reply) => {
        const n = ++executions;
        await gate.promise;
        if (request.body.fail) throw new AppError('name_taken');
        return reply.code(201).send({ n });
      },
    );
    api.post('/v1/plain', { config: { access: 'viewer' } }, async () => ({ n: ++executions }));
  });
  owner = await app.setUp();
});
afterEach(() => app.stop());

const post = <T = { n: number; code: string }>(path: string, key: string, body: object, auth = owner) =>
  app.request<T>('POST', path, { auth, body, headers: { 'idempotency-key': key } });
const slow = (key: string, fail = false, auth = owner) => post('/v1/slow', key, { fail }, auth);

test('the same request with the same key gets the same answer and is executed once', async () => {
  gate.resolve();
  const first = await slow('k1');
  const again = await slow('k1');
  expect([first.status, first.text]).toEqual([again.status, again.text]);
  expect(first.headers.get('idempotency-replayed')).toBeNull();
  expect(again.headers.get('idempotency-replayed')).toBe('true');
  expect(again.headers.get('content-type')).toBe(first.headers.get('content-type'));
  expect(executions).toBe(1);
  expect((await slow('k2')).body.n).toBe(2);
});

test('a key is not used for another request', async () => {
  gate.resolve();
  await slow('k1', false);
  const refused = await slow('k1', true);
  expect([refused.status, refused.body.code]).toEqual([409, 'idempotency_key_reused']);
  expect(executions).toBe(1);
});

test('of requests at the same time one is executed and all get its answer', async () => {
  const answers = Array.from({ length: 10 }, () => slow('k1'));
  const other = slow('k1', true);
  expect((await other).body.code).toBe('idempotency_key_reused');
  gate.resolve();
  const texts = (await Promise.all(answers)).map((answer) => `${answer.status} ${answer.text}`);
  expect(new Set(texts)).toEqual(new Set(['201 {"n":1}']));
  expect(executions).toBe(1);
});

test('a request that failed changed nothing and may be tried again under its key', async () => {
  gate.resolve();
  expect((await slow('k1', true)).status).toBe(409);
  expect((await slow('k1', true)).headers.get('idempotency-replayed')).toBeNull();
  expect(executions).toBe(2);
});

test('who waited for one that failed tries for themselves', async () => {
  const answers = [slow('k1', true), slow('k1', true)];
  gate.resolve();
  expect((await Promise.all(answers)).map((answer) => answer.status)).toEqual([409, 409]);
  expect(executions).toBe(2);
});

test('a client that hung up meanwhile finds its answer when it asks again', async () => {
  const abort = new AbortController();
  const gone = fetch(`${app.url}/v1/slow`, {
    method: 'POST',
    headers: { cookie: owner, 'content-type': 'application/json', 'idempotency-key': 'k1' },
    body: '{"fail":false}',
    signal: abort.signal,
  });
  await expect.poll(() => executions).toBe(1);
  abort.abort();
  await expect(gone).rejects.toThrow();
  gate.resolve();
  expect((await slow('k1')).body.n).toBe(1);
  expect(executions).toBe(1);
});

test('callers do not share keys', async () => {
  gate.resolve();
  const viewer = await app.addUser(owner, 'viewer');
  await slow('k1');
  expect((await slow('k1', false, viewer.cookie)).headers.get('idempotency-replayed')).toBeNull();
  expect(executions).toBe(2);
});

test('an answer is kept for a day', async () => {
  gate.resolve();
  await slow('k1');
  app.clock.advance(24 * 3600 * 1000 - 1);
  expect((await slow('k1')).headers.get('idempotency-replayed')).toBe('true');
  app.clock.advance(1);
  expect((await slow('k1')).headers.get('idempotency-replayed')).toBeNull();
  expect((await slow('k1')).headers.get('idempotency-replayed')).toBe('true');
  expect(executions).toBe(2);
});

test('old answers are deleted', async () => {
  gate.resolve();
  await slow('k1');
  app.clock.advance(24 * 3600 * 1000);
  app.idempotency.start();
  app.clock.advance(3600 * 1000);
  await expect.poll(() => app.db.selectFrom('idempotency_keys').select('key').execute()).toEqual([]);
  await app.idempotency.stop();
});

test('an API key is shown again to who did not hear it, but does not stand in the database', async () => {
  const first = await post<{ key: string }>('/v1/api-keys', 'k1', { name: 'Exporter' });
  const again = await post<{ key: string }>('/v1/api-keys', 'k1', { name: 'Exporter' });
  expect(again.body.key).toBe(first.body.key);
  const [row] = await app.db.selectFrom('idempotency_keys').selectAll().execute();
  expect(Buffer.from(row?.body_sealed ?? []).toString('latin1')).not.toContain(first.body.key);
  expect((await app.db.selectFrom('api_keys').select('id').execute()).length).toBe(1);
});

test('a user is made once', async () => {
  const body = { email: 'ketut@example.com', role: 'viewer', password: goodPassword };
  const answers = await Promise.all([1, 2, 3].map(() => post('/v1/users', 'k1', body)));
  expect(answers.map((answer) => answer.status)).toEqual([201, 201, 201]);
});

test('a request that is refused before it is executed does not use up its key', async () => {
  gate.resolve();
  const invalid = await app.request('POST', '/v1/slow', {
    auth: owner,
    body: {},
    headers: { 'idempotency-key': 'k1' },
  });
  expect(invalid.status).toBe(400);
  expect((await slow('k1')).status).toBe(201);
});

test.each([[''], ['x'.repeat(256)], ['sch\u00f6n']])('the key "%s" is refused', async (key) => {
  const refused = await slow(key);
  expect([refused.status, refused.body.code]).toEqual([400, 'invalid_request']);
});

test('a route that does not take part ignores the key', async () => {
  await post('/v1/plain', 'k1', {});
  await post('/v1/plain', 'k1', {});
  expect(executions).toBe(2);
});

test('the description of the API names the header where it counts', async () => {
  const { body } = await app.request<{ paths: Record<string, unknown> }>('GET', '/v1/openapi.json');
  expect(JSON.stringify(body.paths['/v1/api-keys'])).toContain('idempotency-key');
  expect(JSON.stringify(body.paths['/v1/session'])).not.toContain('idempotency-key');
});

test('what is kept of a request cannot be used to guess the password in it', async () => {
  const body = { email: 'new@example.com', password: goodPassword, role: 'viewer' };
  expect((await post<{ id: string }>('/v1/users', 'k1', body)).status).toBe(201);
  const { request_hash } = await app.db.selectFrom('idempotency_keys').selectAll().executeTakeFirstOrThrow();
  const text = `POST /v1/users\n${JSON.stringify(body)}`;
  const guesses = ['hex', 'base64', 'base64url'] as const;
  expect(guesses.map((form) => hash('sha256', text, form))).not.toContain(request_hash);
});
