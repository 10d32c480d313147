import { expect, test, vi } from 'vitest';
import { startDeviceHttpServer } from '../../../test/device-http-server.ts';
import type { CloseReason, DownlinkWaiter } from '../../sessions/sessions.ts';

type Server = Awaited<ReturnType<typeof startDeviceHttpServer>>;

/** Starts a poll and resolves when it waits, with what sessions hold of it and its answer to come. */
async function poll(server: Server, query = ''): Promise<{ waiter: DownlinkWaiter; answer: Promise<Response> }> {
  const before = new Set(server.waiters);
  const answer = server.send('GET', `/T/attributes/updates${query}`);
  const waiter = await vi.waitFor(() => {
    const found = [...server.waiters].find((one) => !before.has(one));
    if (found === undefined) throw new Error('no poll waits yet');
    return found;
  });
  return { waiter, answer };
}

test.each([{ k: 1, name: 'x' }, { deleted: ['k1'] }])('an update ends the poll: %j', async (body) => {
  await using server = await startDeviceHttpServer();
  const { waiter, answer } = await poll(server);
  waiter.deliver({ kind: 'attributes', body });
  // A second one finds nobody.
  waiter.deliver({ kind: 'attributes', body: { late: true } });
  const response = await answer;
  expect(response.status).toBe(200);
  expect(response.headers.get('content-type')).toBe('application/json');
  expect(await response.json()).toEqual(body);
  expect(server.waiters.size).toBe(0);
  expect(server.touched).toEqual(['device-T']);
});

test.each([
  ['?timeout=20000', 20_000],
  ['', 60_000],
  ['?timeout=0', 60_000],
  ['?timeout=', 60_000],
  ['?timeout=300001', 300_000],
  ['?timeout=99999999999', 300_000],
])('a poll with "%s" is answered with 408 after %i ms', async (query, timeoutMs) => {
  await using server = await startDeviceHttpServer();
  const { answer } = await poll(server, query);
  server.clock.advance(timeoutMs - 1);
  expect(server.waiters.size).toBe(1);
  server.clock.advance(1);
  const response = await answer;
  expect([response.status, await response.text()]).toEqual([408, '']);
  expect(server.waiters.size).toBe(0);
});

test.each(['abc', '-1', '1.5', '1e3'])('the timeout "%s" is no number of milliseconds', async (timeout) => {
  await using server = await startDeviceHttpServer();
  const response = await server.send('GET', `/T/attributes/updates?timeout=${timeout}`);
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ code: 'invalid_request' });
  expect(server.waiters.size).toBe(0);
});

test.each<[CloseReason, number, string]>([
  ['device_deleted', 403, 'Device was deleted!'],
  ['credentials_revoked', 401, ''],
  ['device_disabled', 403, '"code":"device_disabled"'],
  ['taken_over', 408, ''],
  ['shutting_down', 503, '"code":"shutting_down"'],
])('when a session would be closed as %s, the poll is answered with %i', async (reason, status, text) => {
  await using server = await startDeviceHttpServer();
  const { waiter, answer } = await poll(server);
  waiter.close(reason);
  const response = await answer;
  expect(response.status).toBe(status);
  const body = await response.text();
  if (text.startsWith('"')) expect(body).toContain(text);
  else expect(body).toBe(text);
});

test('a client that goes away leaves nothing behind', async () => {
  await using server = await startDeviceHttpServer({ maxPolls: 1 });
  const socket = server.connect();
  socket.write('GET /api/v1/T/attributes/updates HTTP/1.1\r\nHost: x\r\n\r\n');
  await vi.waitFor(() => expect(server.waiters.size).toBe(1));
  socket.destroy();
  await vi.waitFor(() => expect(server.waiters.size).toBe(0));
  // Its place is free again, and no timer answers to nobody.
  server.clock.advance(60_000);
  const { waiter, answer } = await poll(server);
  waiter.deliver({ kind: 'attributes', body: { k: 1 } });
  expect((await answer).status).toBe(200);
});

test('no more polls wait than the limit', async () => {
  await using server = await startDeviceHttpServer({ maxPolls: 2 });
  const first = await poll(server);
  const second = await poll(server);
  const refused = await server.send('GET', '/T/attributes/updates');
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  second.waiter.deliver({ kind: 'attributes', body: {} });
  await second.answer;
  const third = await poll(server);
  for (const { waiter, answer } of [first, third]) {
    waiter.deliver({ kind: 'attributes', body: {} });
    expect((await answer).status).toBe(200);
  }
});

test('the end of the server ends the polls', async () => {
  await using server = await startDeviceHttpServer();
  const { answer } = await poll(server);
  await server.api.stop();
  const response = await answer;
  expect(response.status).toBe(503);
  expect(await response.json()).toMatchObject({ code: 'shutting_down' });
});
