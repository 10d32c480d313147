import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { createAuthenticator } from './authentication.ts';
import type { Principal } from './principal.ts';

const person: Principal = { kind: 'user', id: 'u', tenantId: 't', name: 'made@example.com', role: 'owner' };
const script: Principal = { kind: 'api_key', id: 'k', tenantId: 't', name: 'Exporter', role: 'viewer' };
const { authenticateUpgrade } = createAuthenticator({
  principalOfSession: async (token) => (token === 'good' ? person : undefined),
  principalOfApiKey: async (key) => (key === 'gpr_good' ? script : undefined),
});

/** A WebSocket upgrade with these headers, to gapura.example:8080. */
function upgrade(headers: Record<string, string>): Promise<Principal> {
  const request = new IncomingMessage(new Socket());
  Object.assign(request.headers, { host: 'gapura.example:8080', upgrade: 'websocket', ...headers });
  return authenticateUpgrade(request);
}

const cookie = 'theme=dark; gapura_session=good; other=1';

test.each([
  ['a cookie from a page of this server', { cookie, origin: 'http://gapura.example:8080' }, person],
  [
    'a cookie where the host is written in capitals',
    { cookie, origin: 'http://gapura.example:8080', host: 'GAPURA.example:8080' },
    person,
  ],
  ['a cookie on the default port', { cookie, origin: 'https://gapura.example', host: 'gapura.example:443' }, person],
  ['a cookie from no browser', { cookie }, person],
  ['a key', { authorization: 'Bearer gpr_good' }, script],
  ['a key in a header of other capitals', { authorization: 'bearer gpr_good' }, script],
  ['a key from a page anywhere', { authorization: 'Bearer gpr_good', origin: 'https://tools.example' }, script],
  ['a cookie beside the Basic credentials of a proxy', { cookie, authorization: 'Basic eDp5' }, person],
])('%s opens a WebSocket', async (_, headers, principal) => {
  expect(await upgrade(headers)).toBe(principal);
});

test.each([
  ['nothing', {}, 'missing_credentials'],
  ['another cookie', { cookie: 'not_gapura_session=good' }, 'missing_credentials'],
  ['a stale cookie', { cookie: 'gapura_session=stale' }, 'session_expired'],
  ['a wrong key', { authorization: 'Bearer gpr_bad' }, 'invalid_credentials'],
  ['an empty key', { authorization: 'Bearer ' }, 'invalid_credentials'],
  ['cookie and key', { cookie, authorization: 'Bearer gpr_good' }, 'invalid_request'],
  ['a cookie from another site', { cookie, origin: 'https://evil.example' }, 'cross_site_request'],
  ['a cookie from another port', { cookie, origin: 'http://gapura.example:9090' }, 'cross_site_request'],
  ['a cookie from a sandboxed page', { cookie, origin: 'null' }, 'cross_site_request'],
  ['a cookie from a sibling, says the browser', { cookie, 'sec-fetch-site': 'same-site' }, 'cross_site_request'],
])('%s opens no WebSocket', async (_, headers, code) => {
  await expect(upgrade(headers)).rejects.toMatchObject({ code });
});
