/** The Node client and the Python example, as devices of a whole Gapura. */
import { spawn, spawnSync } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { CreateProfile } from '#contract/profiles.ts';
import { DeviceRefused } from '#sdk/device/http-device.ts';
import { createJwtDevice, type JwtDevice, UntrustedAnswer } from '#sdk/device/jwt-device.ts';
import { createFileIdentityStore, createMemoryIdentityStore, type IdentityStore } from '#sdk/device/jwt-identity.ts';
import { clientAssertion, deriveDeviceKey } from '#sdk/device/jwt-proofs.ts';
import { provisionJwt } from '#sdk/device/jwt-provision.ts';
import { createNodeDeviceHttp } from '#sdk/device/node-http.ts';
import { ProvisionError } from '#sdk/device/provision.ts';
import { startMeddler } from '../../firmware/test/meddler.ts';
import { createTestApp, type TestApp } from './create-test-app.ts';

let testApp: TestApp;
let folder: string;
const http = createNodeDeviceHttp();
beforeAll(async () => {
  testApp = await createTestApp();
  folder = await mkdtemp(join(tmpdir(), 'gapura-device-'));
});
afterAll(async () => {
  http.close();
  await testApp.stop();
  await rm(folder, { recursive: true });
});

let count = 0;
async function makeProfile(more: Partial<CreateProfile> = {}) {
  return testApp.client.profiles.create({
    name: `profile ${count++}`,
    ...more,
    provisioning: { strategy: 'ALLOW_CREATE_NEW_DEVICES', ...more.provisioning },
  });
}

async function makeDevice(more: Partial<CreateProfile> = {}) {
  const { provisioning } = await makeProfile(more);
  const identity = await provisionJwt({
    ...{ baseUrl: testApp.url, deviceName: `device ${count++}`, http },
    provisionDeviceKey: provisioning.key,
    by: { secret: provisioning.secret ?? '' },
  });
  const store = createMemoryIdentityStore(identity);
  return { ...identity, store, device: await createJwtDevice({ baseUrl: testApp.url, store, http }) };
}

const latest = async (deviceId: string): Promise<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(await testApp.client.telemetry.latest(deviceId)).map(([key, { value }]) => [key, value]),
  );

describe('the Node device', () => {
  test.each(['signed', 'bearer'] as const)('proves itself by %s tokens', async (mode) => {
    const { deviceId, store } = await makeDevice({ minAuth: mode });
    const device = await createJwtDevice({ baseUrl: testApp.url, store, http, mode });
    await testApp.client.attributes.write(deviceId, 'shared', { rate: 5 });
    await device.postTelemetry({ temperature: 21 });
    await device.postAttributes({ firmware: '1' });
    expect(await device.getAttributes({ sharedKeys: ['rate'] })).toEqual({ shared: { rate: 5 } });
    expect(await device.nextAttributeUpdate(50)).toBeUndefined();
    expect(await latest(deviceId)).toEqual({ temperature: 21 });
  });

  test('many requests at once overtake each other and are all taken', async () => {
    const { device } = await makeDevice();
    await Promise.all(Array.from({ length: 20 }, (_, i) => device.postTelemetry({ [`k${i}`]: i })));
  });

  test.each([0, Date.now() + 10 * 365 * 86_400_000])('with its clock at %s it learns the time', async (start) => {
    const { store } = await makeDevice({ requireNonce: true });
    const startedMs = performance.now();
    const now = (): number => start + performance.now() - startedMs;
    const device = await createJwtDevice({ baseUrl: testApp.url, store, http, now });
    await device.postTelemetry({ a: 1 });
    await device.postTelemetry({ a: 2 });
  });

  test('a burnt-in key that was derived from the group key opens the gate without a secret', async () => {
    const profile = await makeProfile({ provisioning: { requireProof: true } });
    const made = await testApp.request('POST', `/v1/profiles/${profile.id}/group-key`, {});
    const { groupKey } = (await made.json()) as { groupKey: string };
    const identity = await provisionJwt({
      ...{ baseUrl: testApp.url, deviceName: 'burnt', http, provisionDeviceKey: profile.provisioning.key },
      by: { deviceKey: deriveDeviceKey(groupKey, 'burnt') },
    });
    const store = createMemoryIdentityStore(identity);
    await (await createJwtDevice({ baseUrl: testApp.url, store, http })).postTelemetry({ a: 1 });
  });

  test('a wrong secret is refused', async () => {
    const { provisioning } = await makeProfile();
    const wrong = provisionJwt({
      ...{ baseUrl: testApp.url, deviceName: 'x', http, provisionDeviceKey: provisioning.key },
      by: { secret: 'something else' },
    });
    await expect(wrong).rejects.toBeInstanceOf(ProvisionError);
  });

  test('what is changed on the way is found out, both ways', async () => {
    const { deviceId, store } = await makeDevice();
    await testApp.client.attributes.write(deviceId, 'shared', { rate: 5 });
    await using up = await startMeddler(testApp.url, { request: (text) => text.replace('{"a":1}', '{"a":9}') });
    const changed = (await createJwtDevice({ baseUrl: up.url, store })).postTelemetry({ a: 1 });
    await expect(changed).rejects.toMatchObject({ status: 401, code: 'request_mismatch' });
    await using down = await startMeddler(testApp.url, { answer: (text) => text.replace('"rate":5', '"rate":6') });
    const forged = (await createJwtDevice({ baseUrl: down.url, store })).getAttributes();
    await expect(forged).rejects.toBeInstanceOf(UntrustedAnswer);
  });

  test('renews its key, and forgets the old one only after the server has proved the new one', async () => {
    const { device, store, current, deviceId } = await makeDevice();
    await device.renewKey();
    const between = await store.load();
    expect(between).toMatchObject({ current, next: { alg: 'HS256' } });
    await device.postTelemetry({ a: 1 });
    expect(await store.load()).toEqual({ ...between, current: between?.next, next: undefined });
    const old = createMemoryIdentityStore({ deviceId, instance: '', current });
    const late = await createJwtDevice({ baseUrl: testApp.url, store: old, http });
    // Requests that were on their way with the old key are still answered for a second.
    await vi.waitFor(
      () => expect(late.postTelemetry({ a: 2 })).rejects.toMatchObject({ code: 'invalid_token' }),
      10_000,
    );
  });

  test('a store that fails during the renewal leaves the old key working, and the next renewal succeeds', async () => {
    const { store } = await makeDevice();
    const full: IdentityStore = { load: store.load, save: () => Promise.reject(new Error('disk full')) };
    const device = await createJwtDevice({ baseUrl: testApp.url, store: full, http });
    await expect(device.renewKey()).rejects.toThrow('disk full');
    await device.postTelemetry({ a: 1 });
    const again: JwtDevice = await createJwtDevice({ baseUrl: testApp.url, store, http });
    await again.renewKey();
    await again.postTelemetry({ a: 2 });
  });

  test.each(['ES256', 'EdDSA'] as const)('signs with a private key of its own (%s)', async (alg) => {
    const { privateKey, publicKey } =
      alg === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519');
    const made = await testApp.client.devices.create({
      name: `own key ${alg}`,
      credentials: { type: 'JWT', alg, publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() },
    });
    if (made.credentials.type !== 'JWT') throw new Error('not a JWT');
    const { kid, instance = '' } = made.credentials;
    const key = { kid, alg, privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString() };
    const store = createMemoryIdentityStore({ deviceId: made.id, instance, current: key });
    for (const mode of ['signed', 'bearer'] as const) {
      await (await createJwtDevice({ baseUrl: testApp.url, store, http, mode })).postTelemetry({ a: 1 });
    }
    const iat = Math.floor(Date.now() / 1000);
    const answer = await fetch(`${testApp.url}/api/v1/auth/token`, {
      method: 'POST',
      body: new URLSearchParams({
        grant_type: 'client_credentials',
        client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
        client_assertion: clientAssertion(key, { sub: made.id, aud: instance, iat, exp: iat + 60 }),
      }),
    });
    expect(await answer.json()).toMatchObject({ token_type: 'Bearer', expires_in: 3600 });
  });

  test('an identity in a file is for its owner alone and survives a restart', async () => {
    const { store: given } = await makeDevice();
    const identity = await given.load();
    const store = createFileIdentityStore(join(folder, 'identity.json'));
    expect(await store.load()).toBeUndefined();
    if (identity !== undefined) await store.save(identity);
    expect((await stat(join(folder, 'identity.json'))).mode & 0o777).toBe(0o600);
    const again = createFileIdentityStore(join(folder, 'identity.json'));
    await (await createJwtDevice({ baseUrl: testApp.url, store: again, http })).postTelemetry({ a: 1 });
  });

  test('a refusal tells its code', async () => {
    const { device } = await makeDevice();
    const refused = device.request('POST', 'telemetry', '{');
    await expect(refused).rejects.toBeInstanceOf(DeviceRefused);
    await expect(refused).rejects.toMatchObject({ status: 400, code: 'invalid_payload' });
  });
});

const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!hasPython) console.warn('\n*** docs/examples/jwt_device.py is NOT TESTED here: python3 is not installed. ***\n');

test.skipIf(!hasPython)('the Python example provisions itself and sends a signed value', async () => {
  const { provisioning } = await makeProfile({ minAuth: 'signed', provisioning: { requireProof: true } });
  const example = fileURLToPath(new URL('../../docs/examples/jwt_device.py', import.meta.url));
  const words = [testApp.url, provisioning.key, provisioning.secret ?? '', 'schlaue-Ähre', '{"temperature":21.5}'];
  const python = spawn('python3', ['-I', '-B', example, ...words]);
  let output = '';
  python.stdout.on('data', (part: Buffer) => {
    output += part.toString();
  });
  python.stderr.on('data', (part: Buffer) => {
    output += part.toString();
  });
  await new Promise((resolve) => python.once('close', resolve));
  expect(output.trim()).toBe('taken');
  const { items } = await testApp.client.devices.list({ search: 'schlaue' });
  expect(await latest(items[0]?.id ?? '')).toEqual({ temperature: 21.5 });
});
