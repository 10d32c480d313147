import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClient } from '#sdk/client.ts';
import { createCookieFetch } from '#sdk/cookie-fetch.ts';
import { createHttpDevice } from '#sdk/device/http-device.ts';
import { connectMqttDevice } from '#sdk/device/mqtt-device.ts';
import type { LiveChange } from '#sdk/live.ts';
import { createTestApp, ownerEmail, ownerPassword, type TestApp } from './create-test-app.ts';

let testApp: TestApp;
beforeAll(async () => {
  testApp = await createTestApp();
});
afterAll(() => testApp.stop());

test('a person signs in with a cookie, changes the name of the tenant, and signs out', async () => {
  const client = createClient({ baseUrl: testApp.url, fetch: createCookieFetch() });
  expect(await client.setup.state()).toEqual({ required: false });
  await expect(client.session.get()).rejects.toMatchObject({ code: 'missing_credentials', status: 401 });
  const wrong = client.session.signIn({ email: ownerEmail, password: 'not the password' });
  await expect(wrong).rejects.toMatchObject({ code: 'invalid_credentials' });
  const session = await client.session.signIn({ email: ownerEmail, password: ownerPassword });
  expect(session).toMatchObject({ role: 'owner', apiKey: null, user: { email: ownerEmail } });
  expect(await client.tenant.update({ name: 'Kebun' })).toMatchObject({ name: 'Kebun' });
  expect(await client.tenant.get()).toMatchObject({ name: 'Kebun' });
  await client.session.signOut();
  await expect(client.session.get()).rejects.toMatchObject({ status: 401 });
});

test('users and API keys are made, listed and removed', async () => {
  const { users, apiKeys } = testApp.client;
  const user = await users.create({
    email: 'op@example.com',
    password: 'seven-lanterns-by-the-river',
    role: 'operator',
  });
  expect(await users.update(user.id, { name: 'Op' })).toMatchObject({ name: 'Op' });
  const emails: string[] = [];
  for await (const { email } of users.all()) emails.push(email);
  expect(emails.toSorted()).toEqual(['op@example.com', ownerEmail]);
  await users.delete(user.id);
  await expect(users.get(user.id)).rejects.toMatchObject({ code: 'not_found' });

  const made = await apiKeys.create({ name: 'viewer', role: 'viewer' });
  const viewer = createClient({ baseUrl: testApp.url, apiKey: made.key });
  expect((await viewer.session.get()).apiKey?.name).toBe('viewer');
  await expect(viewer.devices.create({ name: 'no' })).rejects.toMatchObject({ code: 'forbidden', status: 403 });
  await apiKeys.delete(made.id);
  await expect(viewer.session.get()).rejects.toMatchObject({ code: 'invalid_credentials' });
});

test('profiles, devices and credentials are made, read, changed, walked and removed', async () => {
  const { profiles, devices, credentials, audit } = testApp.client;
  const profile = await profiles.create({ name: 'Pump' });
  expect(await profiles.update(profile.id, { tlsOnly: true })).toMatchObject({ tlsOnly: true });
  const names = ['pump-1', 'pump-2', 'pump-3'];
  for (const name of names) await devices.create({ name, profileId: profile.id });
  const walked: string[] = [];
  for await (const { name } of devices.all({ search: 'pump-', limit: 2, sort: 'name', order: 'desc' }))
    walked.push(name);
  expect(walked).toEqual(names.toReversed());

  const [device] = (await devices.list({ search: 'pump-2' })).items;
  const id = device?.id ?? '';
  expect(await devices.update(id, { label: 'north' })).toMatchObject({ name: 'pump-2', label: 'north' });
  const before = await credentials.get(id);
  const rotated = await credentials.rotate(id, { overlapSeconds: 60 });
  expect(rotated.retiring?.credentials).toEqual(before.credentials);
  const own = { type: 'MQTT_BASIC', clientId: 'pump-2', userName: 'pump', password: 'secret' } as const;
  expect((await credentials.set(id, own)).credentials).toEqual(own);
  await credentials.revoke(id);
  await expect(credentials.get(id)).rejects.toMatchObject({ status: 404 });
  const { key } = profile.provisioning;
  expect((await profiles.rotateProvisioning(profile.id)).provisioning.key).not.toBe(key);
  await expect(profiles.delete(profile.id)).rejects.toMatchObject({ code: 'in_use' });
  await devices.delete(id);
  await expect(devices.get(id)).rejects.toMatchObject({ code: 'not_found' });
  await expect(devices.create({ name: 'pump-1' })).rejects.toMatchObject({ code: 'name_taken', status: 409 });

  const actions: string[] = [];
  for await (const { action } of audit.all({ targetId: id, limit: 2 })) actions.push(action);
  expect(actions).toContain('device.deleted');
});

test('telemetry is written, read raw and in intervals, exported as a stream, and deleted', async () => {
  const { devices, telemetry } = testApp.client;
  const { id } = await devices.create({ name: 'meter' });
  const key = 'power, "total"';
  const from = Date.UTC(2026, 0, 1);
  await telemetry.write(
    id,
    [0, 1, 2, 3].map((minute) => ({ ts: from + minute * 60_000, values: { [key]: minute, ok: true } })),
  );

  expect(await telemetry.latest(id, [key])).toEqual({ [key]: { ts: from + 180_000, value: 3 } });
  expect(await telemetry.latestOf([id])).toEqual({
    [id]: { [key]: { ts: from + 180_000, value: 3 }, ok: { ts: from + 180_000, value: true } },
  });
  expect((await telemetry.keys(id)).map(({ key, points }) => [key, points]).toSorted()).toEqual([
    ['ok', 4],
    [key, 4],
  ]);
  const window = { keys: [key], from: new Date(from), to: from + 180_000 };
  expect(await telemetry.range(id, { ...window, order: 'desc', limit: 2 })).toEqual({
    [key]: [
      { ts: from + 120_000, value: 2 },
      { ts: from + 60_000, value: 1 },
    ],
  });
  expect(await telemetry.aggregate(id, { ...window, interval: '2m', functions: ['count', 'max'] })).toEqual({
    [key]: [
      { ts: from, count: 2, max: 1 },
      { ts: from + 120_000, count: 1, max: 2 },
    ],
  });
  const lines = (await text(await telemetry.export(id, { ...window, format: 'ndjson' }))).trim().split('\n');
  expect(lines).toHaveLength(3);
  const csv = await fetch(telemetry.exportUrl(id, { ...window, format: 'csv' }), {
    headers: { authorization: `Bearer ${testApp.apiKey}` },
  });
  expect(csv.headers.get('content-type')).toContain('text/csv');
  expect((await csv.text()).trim().split('\r\n')).toHaveLength(4);
  expect(await telemetry.delete(id, window)).toEqual({ deleted: 3 });
});

test('attributes go down to a device over both transports, and its own come up', async () => {
  const { devices, attributes, credentials } = testApp.client;
  const { id } = await devices.create({ name: 'valve' });
  const shown = (await credentials.get(id)).credentials;
  if (shown.type !== 'ACCESS_TOKEN') throw new Error('An access token was expected.');
  await attributes.write(id, 'shared', { open: true });
  const device = createHttpDevice(testApp.url, shown.token);
  await device.postAttributes({ firmware: '1.2' });
  expect(await device.getAttributes({ sharedKeys: ['open'] })).toEqual({ shared: { open: true } });
  expect((await attributes.get(id, 'client'))['firmware']?.value).toBe('1.2');

  const mqtt = await connectMqttDevice({ url: testApp.mqttUrl, protocolVersion: 5 }, shown);
  const updates: unknown[] = [];
  await mqtt.onAttributeUpdate((update) => updates.push(update));
  expect(await mqtt.requestAttributes({ clientKeys: ['firmware'] })).toEqual({ client: { firmware: '1.2' } });
  await attributes.write(id, 'shared', { open: false });
  expect(await attributes.delete(id, 'shared', ['open'])).toEqual({ deleted: ['open'] });
  await expect.poll(() => updates).toEqual([{ open: false }, { deleted: ['open'] }]);
  await mqtt.end();
});

test('a live subscription shows what a device sends', async () => {
  const { devices, telemetry, live } = testApp.client;
  const { id } = await devices.create({ name: 'seen' });
  await telemetry.write(id, { t: 1 });
  const heard: unknown[] = [];
  const subscription = live.subscribe(
    { deviceIds: [id], topics: ['telemetry'] },
    {
      onSnapshot: (known) => heard.push(known[id]?.telemetry?.['t']?.value),
      onChanges: (changes: readonly LiveChange[]) => {
        for (const change of changes)
          if (change.type === 'telemetry') heard.push(...change.points.map(({ value }) => value));
      },
    },
  );
  await expect.poll(() => heard).toEqual([1]);
  await telemetry.write(id, { t: 2 });
  await expect.poll(() => heard).toEqual([1, 2]);
  subscription.end();
});
