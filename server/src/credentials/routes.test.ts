import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DeviceCredentials } from '#contract/credentials.ts';
import { type RegistryApp, startRegistryApp } from '../../test/registry-app.ts';

let app: RegistryApp;
let url: string;
beforeEach(async () => {
  app = await startRegistryApp();
  const { deviceId } = await app.addDevice('a', { credentials: { type: 'ACCESS_TOKEN', token: 'first' } });
  url = `/v1/devices/${deviceId}/credentials`;
});
afterEach(() => app.stop());

test('credentials are shown, set, rotated and revoked, and the audit log holds none of them', async () => {
  const basic = { type: 'MQTT_BASIC', clientId: 'c', userName: 'u', password: 'hush hush' };
  expect((await app.request<DeviceCredentials>('operator', 'GET', url)).body.credentials).toEqual({
    type: 'ACCESS_TOKEN',
    token: 'first',
  });
  expect(await app.request<DeviceCredentials>('operator', 'PUT', url, basic)).toMatchObject({
    status: 200,
    body: { credentials: basic, retiring: null },
  });
  const rotated = await app.request<DeviceCredentials>('operator', 'POST', `${url}/rotate`, { overlapSeconds: 60 });
  expect(rotated).toMatchObject({
    status: 200,
    body: {
      credentials: { ...basic, password: expect.stringMatching(/^[A-Za-z0-9]{20}$/) },
      retiring: { credentials: basic, expiresAt: app.clock.now() + 60_000 },
    },
  });
  // Without a body, and without an overlap.
  const again = await app.request<DeviceCredentials>('operator', 'POST', `${url}/rotate`);
  expect(again).toMatchObject({ status: 200, body: { retiring: null } });
  expect((await app.request<DeviceCredentials>('operator', 'GET', url)).body).toEqual(again.body);
  expect(await app.request('operator', 'DELETE', url)).toMatchObject({ status: 204 });
  expect(await app.request('operator', 'GET', url)).toMatchObject({ status: 404, body: { code: 'not_found' } });
  expect(app.audited.map(({ action, target, detail }) => [action, target.name, detail])).toEqual([
    ['credentials.set', 'a', { type: 'MQTT_BASIC' }],
    ['credentials.rotated', 'a', { overlapSeconds: 60 }],
    ['credentials.rotated', 'a', { overlapSeconds: 0 }],
    ['credentials.revoked', 'a', {}],
  ]);
});

test.each<[fault: string, method: string, path: string, body: object, status: number, code: string]>([
  ['credentials of no use', 'PUT', '', { type: 'MQTT_BASIC' }, 400, 'invalid_payload'],
  ['an unknown type', 'PUT', '', { type: 'X509_CERTIFICATE' }, 400, 'invalid_request'],
  ['a token with a space', 'PUT', '', { type: 'ACCESS_TOKEN', token: 'a b' }, 400, 'invalid_request'],
  ['another device’s token', 'PUT', '', { type: 'ACCESS_TOKEN', token: 'token-of-b' }, 409, 'credentials_taken'],
  ['an overlap that never ends', 'POST', '/rotate', { overlapSeconds: 1e9 }, 400, 'invalid_request'],
  ['a negative overlap', 'POST', '/rotate', { overlapSeconds: -1 }, 400, 'invalid_request'],
])('%s is refused and changes nothing', async (_fault, method, path, body, status, code) => {
  await app.addDevice('b');
  expect(await app.request('operator', method, url + path, body)).toMatchObject({ status, body: { code } });
  expect((await app.request<DeviceCredentials>('operator', 'GET', url)).body.credentials).toEqual({
    type: 'ACCESS_TOKEN',
    token: 'first',
  });
  expect(app.audited).toEqual([]);
});
