import { expect, test } from 'vitest';
import { createClient } from './client.ts';
import { createCookieFetch } from './cookie-fetch.ts';
import { GapuraError } from './error.ts';
import { answerJson, problem, startTestServer } from './test/http-server.ts';

const id = '01980000-0000-7000-8000-000000000001';

async function faultOf(promise: Promise<unknown>): Promise<GapuraError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof GapuraError) return error;
  throw new Error(`A GapuraError was expected, not ${error}`);
}

test('a request carries the API key, its query and its JSON', async () => {
  await using server = await startTestServer((_request, response) => answerJson(response, 201, { id }));
  const client = createClient({ baseUrl: server.url, apiKey: 'gpr_key' });
  await client.devices.create({ name: 'a' });
  await client.devices.list({ search: 'a b&c', active: true, limit: 5 });
  expect(server.seen.map(({ method, url, body }) => ({ method, url, body }))).toEqual([
    { method: 'POST', url: '/v1/devices', body: '{"name":"a"}' },
    { method: 'GET', url: '/v1/devices?search=a+b%26c&active=true&limit=5', body: '' },
  ]);
  expect(server.seen.map(({ headers }) => headers.authorization)).toEqual(['Bearer gpr_key', 'Bearer gpr_key']);
});

test('a base address with a path keeps its path', async () => {
  await using server = await startTestServer((_request, response) => answerJson(response, 200, {}));
  await createClient({ baseUrl: `${server.url}/gapura/` }).tenant.get();
  expect(server.seen[0]?.url).toBe('/gapura/v1/tenant');
});

test('problem details become an error with code, status, fields and request id', async () => {
  const fault = problem(400, 'invalid_request', {
    detail: '/body/name is too long.',
    instance: 'request-7',
    errors: [{ path: '/body/name', message: 'is too long' }],
  });
  await using server = await startTestServer((_request, response) => answerJson(response, 400, fault));
  const error = await faultOf(createClient({ baseUrl: server.url }).devices.create({ name: 'a' }));
  expect(error).toMatchObject({
    code: 'invalid_request',
    status: 400,
    message: '/body/name is too long.',
    requestId: 'request-7',
    errors: [{ path: '/body/name', message: 'is too long' }],
  });
});

test('an answer of something else than Gapura is told as such', async () => {
  await using server = await startTestServer((_request, response) => response.writeHead(404).end('<h1>nginx</h1>'));
  const error = await faultOf(createClient({ baseUrl: server.url }).devices.get(id));
  expect(error).toMatchObject({ code: 'unexpected_answer', status: 404 });
});

test('a 200 without JSON is told as such', async () => {
  await using server = await startTestServer((_request, response) => response.end('<h1>hello</h1>'));
  const error = await faultOf(createClient({ baseUrl: server.url }).devices.get(id));
  expect(error.code).toBe('unexpected_answer');
});

test('a server that is away is connection_failed with status 0', async () => {
  const server = await startTestServer(() => {});
  await server[Symbol.asyncDispose]();
  const error = await faultOf(createClient({ baseUrl: server.url, maxRetries: 0 }).session.get());
  expect(error).toMatchObject({ code: 'connection_failed', status: 0 });
});

test('a server that does not answer in time is connection_failed', async () => {
  await using server = await startTestServer(() => {});
  const error = await faultOf(createClient({ baseUrl: server.url, maxRetries: 0, timeoutMs: 30 }).session.get());
  expect(error).toMatchObject({ code: 'connection_failed', status: 0 });
});

test('a busy server is asked again, and a create keeps its Idempotency-Key', async () => {
  await using server = await startTestServer((_request, response, index) => {
    if (index < 2) answerJson(response, 503, problem(503, 'overloaded', { retryAfterMs: 1 }));
    else answerJson(response, 201, { id });
  });
  await createClient({ baseUrl: server.url }).devices.create({ name: 'a' });
  const keys = server.seen.map(({ headers }) => headers['idempotency-key']);
  expect(keys).toHaveLength(3);
  expect(new Set(keys).size).toBe(1);
  expect(keys[0]).toMatch(/^[0-9a-f]{32}$/);
});

test('what cannot be repeated without harm is sent once', async () => {
  await using server = await startTestServer((_request, response) =>
    answerJson(response, 503, problem(503, 'overloaded', { retryAfterMs: 1 })),
  );
  const client = createClient({ baseUrl: server.url });
  await faultOf(client.session.signIn({ email: 'a@b.c', password: 'p' }));
  await faultOf(client.credentials.rotate(id));
  expect(server.seen).toHaveLength(2);
});

test('a question that is asked in a body is repeated like any other, and creates nothing', async () => {
  await using server = await startTestServer((_request, response, index) => {
    if (index === 0) answerJson(response, 503, problem(503, 'overloaded', { retryAfterMs: 1 }));
    else answerJson(response, 200, { [id]: {} });
  });
  expect(await createClient({ baseUrl: server.url }).telemetry.latestOf([id], ['a,b'])).toEqual({ [id]: {} });
  const sent = {
    method: 'POST',
    url: '/v1/telemetry/latest',
    body: JSON.stringify({ deviceIds: [id], keys: ['a,b'] }),
  };
  expect(server.seen).toMatchObject([sent, sent]);
  expect(server.seen[0]?.headers['idempotency-key']).toBeUndefined();
});

test('a refusal is not repeated', async () => {
  await using server = await startTestServer((_request, response) =>
    answerJson(response, 404, problem(404, 'not_found')),
  );
  expect((await faultOf(createClient({ baseUrl: server.url }).devices.get(id))).code).toBe('not_found');
  expect(server.seen).toHaveLength(1);
});

test('a pause longer than ten seconds is left to the caller', async () => {
  await using server = await startTestServer((_request, response) =>
    answerJson(response, 429, problem(429, 'rate_limited'), { 'retry-after': '60' }),
  );
  const error = await faultOf(createClient({ baseUrl: server.url }).devices.get(id));
  expect(error).toMatchObject({ code: 'rate_limited', retryAfterMs: 60_000 });
  expect(server.seen).toHaveLength(1);
});

test('an aborted request is told as aborted and not repeated', async () => {
  await using server = await startTestServer(() => {});
  const end = new AbortController();
  const answer = faultOf(createClient({ baseUrl: server.url }).devices.get(id, end.signal));
  await expect.poll(() => server.seen.length).toBe(1);
  end.abort();
  expect((await answer).code).toBe('aborted');
  expect(server.seen).toHaveLength(1);
});

test('a list is walked page by page until its last one', async () => {
  await using server = await startTestServer((request, response) => {
    const cursor = new URL(request.url, 'http://x').searchParams.get('cursor');
    if (cursor === null) answerJson(response, 200, { items: [{ name: 'a' }, { name: 'b' }], nextCursor: 'two' });
    else answerJson(response, 200, { items: [{ name: 'c' }], nextCursor: null });
  });
  const names: string[] = [];
  for await (const device of createClient({ baseUrl: server.url }).devices.all({ sort: 'name' }))
    names.push(device.name);
  expect(names).toEqual(['a', 'b', 'c']);
  expect(server.seen.map(({ url }) => url)).toEqual([
    '/v1/devices?limit=500&sort=name',
    '/v1/devices?limit=500&sort=name&cursor=two',
  ]);
});

test('a walk that ends early asks for no further page', async () => {
  await using server = await startTestServer((_request, response) =>
    answerJson(response, 200, { items: [{ name: 'a' }], nextCursor: 'more' }),
  );
  for await (const _device of createClient({ baseUrl: server.url }).devices.all()) break;
  expect(server.seen).toHaveLength(1);
});

test('outside of a browser the cookie fetch keeps a session until the server ends it', async () => {
  await using server = await startTestServer((request, response) => {
    if (request.method === 'POST') {
      answerJson(response, 200, {}, { 'set-cookie': 'gapura_session=s3=cret; Path=/; HttpOnly; SameSite=Strict' });
    } else if (request.method === 'DELETE') {
      response.writeHead(204, { 'set-cookie': 'gapura_session=; Max-Age=0; Path=/' }).end();
    } else answerJson(response, 200, {});
  });
  const { session } = createClient({ baseUrl: server.url, fetch: createCookieFetch() });
  await session.signIn({ email: 'a@b.c', password: 'p' });
  await session.get();
  await session.signOut();
  await session.get();
  expect(server.seen.map(({ headers }) => headers.cookie)).toEqual([
    undefined,
    'gapura_session=s3=cret',
    'gapura_session=s3=cret',
    undefined,
  ]);
});
