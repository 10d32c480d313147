import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestApp, type TestApp } from './create-test-app.ts';

/** What the HTTP listeners do before anybody's handler: forms of targets, upgrades, proxies, bodies beyond reason. */
let gapura: TestApp;
let token: string;

beforeAll(async () => {
  gapura = await createTestApp({ trustProxy: true });
  token = 'front-token';
  await gapura.client.devices.create({ name: 'front', credentials: { type: 'ACCESS_TOKEN', token } });
});
afterAll(() => gapura.stop());

/** @returns all that comes back for these bytes; they ask for the end of the connection */
async function raw(...lines: readonly string[]): Promise<string> {
  const socket = connect(gapura.addresses.httpPort, '127.0.0.1');
  socket.write(lines.join('\r\n'));
  return text(socket);
}

describe('targets', () => {
  test('the absolute form reaches the device API and the platform API alike', async () => {
    const head = ['Host: gapura', 'Connection: close', '', ''];
    expect(await raw(`GET http://gapura/api/v1/${token}/attributes HTTP/1.1`, ...head)).toMatch(/^HTTP\/1.1 200 /);
    expect(await raw('GET http://gapura/v1/session HTTP/1.1', ...head)).toContain('missing_credentials');
    expect(await raw('GET http://gapura?x HTTP/1.1', ...head)).toMatch(/^HTTP\/1.1 \d\d\d /);
  });

  test('a path that cannot be decoded is a problem as all others', async () => {
    const answer = await gapura.request('GET', '/v1/devices/%zz');
    expect(await answer.json()).toMatchObject({ status: 400, code: 'invalid_request' });
  });

  test('however a path of the API is written, its answer is kept by nobody', async () => {
    const answer = await gapura.request('GET', '/%761/devices');
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
  });
});

describe('upgrades', () => {
  test('an offer of HTTP/2 is declined and the request answered', async () => {
    const offer = [
      'Host: gapura',
      'Connection: close, Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABk',
    ];
    const body = '{"t":1}';
    const post = `POST /api/v1/${token}/telemetry HTTP/1.1`;
    expect(await raw(post, ...offer, `Content-Length: ${body.length}`, '', body)).toMatch(/^HTTP\/1.1 200 /);
    expect(await raw('GET /healthz HTTP/1.1', ...offer, '', '')).toMatch(/^HTTP\/1.1 200 /);
  });
});

describe('bodies', () => {
  test.each(['attributes/shared', 'attributes/server'])('JSON of absurd depth is refused at %s', async (path) => {
    const device = await gapura.client.devices.create({ name: `deep-${path}` });
    const answer = await fetch(`${gapura.url}/v1/devices/${device.id}/${path}`, {
      method: 'PATCH',
      headers: { authorization: `Bearer ${gapura.apiKey}`, 'content-type': 'application/json' },
      body: `{"k":${'['.repeat(300_000)}${']'.repeat(300_000)}}`,
    });
    expect(await answer.json()).toMatchObject({ status: 400, code: 'invalid_request' });
  });
});

describe('behind a proxy', () => {
  /** From an address that the proxy saw; what the client itself claims comes before it. */
  const from = (claimed: string, seen: string) => ({ 'x-forwarded-for': `${claimed}, ${seen}` });

  test('an address cannot dodge the lock-out of sign-ins by claiming others', async () => {
    const statuses: number[] = [];
    for (let i = 0; i < 25; i++) {
      const answer = await fetch(`${gapura.url}/v1/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...from(`10.0.0.${i}`, '192.0.2.1') },
        body: JSON.stringify({ email: `nobody-${i}@example.com`, password: 'wrong-wrong-wrong' }),
      });
      statuses.push(answer.status);
    }
    expect(statuses).toContain(429);
  });

  test('one that guesses tokens does not shut out devices of other addresses', async () => {
    const get = (shown: string, headers: Record<string, string>) =>
      fetch(`${gapura.url}/api/v1/${shown}/attributes`, { headers }).then((answer) => answer.status);
    const guesses: number[] = [];
    for (let i = 0; i < 62; i++) guesses.push(await get(`guess-${i}`, from(`10.0.0.${i}`, '192.0.2.2')));
    expect(guesses.at(-1)).toBe(429);
    expect(await get('unseen', from('192.0.2.2', '192.0.2.3'))).toBe(401);
  });

  test('TLS that ends at the proxy counts, TLS that the client only claims does not', async () => {
    const profile = await gapura.client.profiles.create({ name: 'tls', tlsOnly: true });
    const credentials = { type: 'ACCESS_TOKEN', token: 'tls-token' } as const;
    await gapura.client.devices.create({ name: 'tls', profileId: profile.id, credentials });
    const get = (protocol: string) =>
      fetch(`${gapura.url}/api/v1/tls-token/attributes`, { headers: { 'x-forwarded-proto': protocol } });
    expect((await get('http, https')).status).toBe(200);
    expect(await (await get('https, http')).json()).toMatchObject({ code: 'https_required' });
  });
});
