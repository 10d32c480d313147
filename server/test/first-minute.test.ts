import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestApp, type TestApp } from './create-test-app.ts';

/** The way of a newcomer: a profile, a device that provisions itself, a value sent and read back. */
let gapura: TestApp;

beforeAll(async () => {
  gapura = await createTestApp();
});

afterAll(() => gapura.stop());

const json = { 'content-type': 'application/json' };

test('a device provisions itself over HTTP, sends telemetry, and it is read back', async () => {
  const profile = await gapura.client.profiles.create({
    name: 'greenhouse',
    provisioning: { strategy: 'ALLOW_CREATE_NEW_DEVICES' },
  });
  const provisioned = await fetch(`${gapura.url}/api/v1/provision`, {
    method: 'POST',
    headers: json,
    body: JSON.stringify({
      deviceName: 'bed-1',
      provisionDeviceKey: profile.provisioning.key,
      provisionDeviceSecret: profile.provisioning.secret,
    }),
  });
  expect(provisioned.status).toBe(200);
  const answer = (await provisioned.json()) as Record<string, string>;
  expect(answer).toEqual({
    credentialsType: 'ACCESS_TOKEN',
    credentialsValue: expect.stringMatching(/^[A-Za-z0-9]{20}$/),
    status: 'SUCCESS',
  });

  const sent = await fetch(`${gapura.url}/api/v1/${answer['credentialsValue']}/telemetry`, {
    method: 'POST',
    headers: json,
    body: '{"temperature":24.5}',
  });
  expect([sent.status, await sent.text()]).toEqual([200, '']);

  const devices = await (await gapura.request('GET', '/v1/devices?search=bed-1')).json();
  expect(devices).toMatchObject({ items: [{ name: 'bed-1', profileName: 'greenhouse', active: true }] });
  const [{ id }] = (devices as { items: [{ id: string }] }).items;
  const latest = await (await gapura.request('GET', `/v1/devices/${id}/telemetry/latest`)).json();
  expect(latest).toEqual({ temperature: { ts: expect.any(Number), value: 24.5 } });
  const server = await (await gapura.request('GET', `/v1/devices/${id}/attributes/server`)).json();
  expect(server).toMatchObject({ provisionState: { value: 'provisioned' }, active: { value: true } });
});
