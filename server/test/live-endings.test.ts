/** People who look live are let go as soon as they may not look any more, against a whole Gapura. */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { liveCloseCodes } from '#contract/live.ts';
import { createTestApp, type TestApp } from './create-test-app.ts';
import { connectLive, type LiveClient } from './live-client.ts';

let app: TestApp;
beforeAll(async () => {
  app = await createTestApp();
});
afterAll(() => app.stop());

const password = 'quiet-lantern-over-the-harbour-7';
let made = 0;

interface Person {
  readonly id: string;
  readonly email: string;
  readonly cookie: string;
}

async function makePerson(): Promise<Person> {
  const email = `person${made++}@example.com`;
  const created = await app.request('POST', '/v1/users', { email, password, role: 'viewer' });
  const { id } = (await created.json()) as { id: string };
  const signIn = await fetch(`${app.url}/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  const cookie = signIn.headers.getSetCookie()[0]?.split(';')[0];
  if (cookie === undefined) throw new Error(`Sign-in failed: ${await signIn.text()}`);
  return { id, email, cookie };
}

async function look(headers: Record<string, string>): Promise<LiveClient> {
  const client = await connectLive(`${app.url.replace('http', 'ws')}/v1/live`, headers);
  onTestFinished(() => client.socket.terminate());
  client.send({ type: 'unsubscribe', id: 'round-trip' });
  await client.until(({ id }) => id === 'round-trip');
  return client;
}

const changeOwnPassword = ({ cookie }: Person) =>
  fetch(`${app.url}/v1/session/password`, {
    method: 'POST',
    headers: { cookie, 'content-type': 'application/json' },
    body: JSON.stringify({ currentPassword: password, newPassword: `${password}-and-more` }),
  });

test.each<[what: string, end: (person: Person) => Promise<Response>]>([
  ['signs out', ({ cookie }) => fetch(`${app.url}/v1/session`, { method: 'DELETE', headers: { cookie } })],
  ['changes the own password', changeOwnPassword],
  ['gets another password', ({ id }) => app.request('PATCH', `/v1/users/${id}`, { password: `${password}-and-more` })],
  ['is deleted', ({ id }) => app.request('DELETE', `/v1/users/${id}`)],
])('who %s sees nothing any more, others go on', async (_what, end) => {
  const [person, other] = [await makePerson(), await makePerson()];
  const [client, stays] = [await look({ cookie: person.cookie }), await look({ cookie: other.cookie })];
  expect((await end(person)).status).toBeLessThan(300);
  expect(await client.closed).toBe(liveCloseCodes.sessionEnded);
  stays.send({ type: 'unsubscribe', id: 'still here' });
  expect(await stays.until(({ id }) => id === 'still here')).toBeDefined();
});

test('a revoked API key sees nothing any more', async () => {
  const made = await app.request('POST', '/v1/api-keys', { name: 'dashboard on the wall' });
  const { id, key } = (await made.json()) as { id: string; key: string };
  const client = await look({ authorization: `Bearer ${key}` });
  expect((await app.request('DELETE', `/v1/api-keys/${id}`)).status).toBe(204);
  expect(await client.closed).toBe(liveCloseCodes.sessionEnded);
});
