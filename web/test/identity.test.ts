/** How devices prove who they are, as people arrange it: signing keys, derived keys, and from where a device came. */
import { createHmac, generateKeyPairSync } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { signedToken } from '#sdk/device/jwt-proofs.ts';
import { browserPath, type TestBrowser } from './browser.ts';
import { type ConsoleWorld, signIn, startConsoleWorld } from './console-world.ts';

const target = '/api/v1/telemetry';
const body = '{"temperature":25.4}';

describe.skipIf(browserPath === undefined)('identities of devices', () => {
  let world: ConsoleWorld;
  let browser: TestBrowser;
  let page: Page;

  beforeAll(async () => {
    world = await startConsoleWorld();
    browser = await world.browse();
    page = await browser.open(`${world.app.url}/sign-in`);
    await signIn(page);
  });
  afterAll(() => world?.stop());

  /** @returns the status of a signed request */
  async function send(device: { sub: string; kid: string; key: string }): Promise<number> {
    const jti = Date.now();
    const token = signedToken(
      { kid: device.kid, alg: 'HS256', key: device.key },
      { sub: device.sub, method: 'POST', target, body, jti },
    );
    const headers = { authorization: `DeviceJWT ${token}`, 'content-type': 'application/json' };
    return (await fetch(world.app.url + target, { method: 'POST', headers, body })).status;
  }
  /** The value behind a copy button. */
  const copiedOf = async (name: string): Promise<string> =>
    (await page.getByText(name, { exact: true }).locator('xpath=..').locator('code').last().getAttribute('title')) ??
    '';

  test('the wizard gives a device a signing key, and its first signed message turns the page green', async () => {
    await page.goto(`${world.app.url}/devices/add`);
    await page.getByRole('radio', { name: /One device/ }).check();
    await page.getByLabel('Name', { exact: true }).fill('signer');
    await page.getByRole('radio', { name: /JSON Web Token/ }).check();
    await page.getByRole('button', { name: 'Create the device' }).click();
    await page.getByText('The key is shown this once').waitFor();
    const [kid, key] = [await copiedOf('Key id'), await copiedOf('Key')];
    const code = (await page.locator('pre').textContent()) ?? '';
    for (const part of [world.app.url, kid, key]) expect(code).toContain(part);
    const [device] = (await world.app.client.devices.list({ search: 'signer' })).items;
    expect(await send({ sub: device?.id ?? '', kid, key })).toBe(200);
    await page.getByText('It is here').waitFor();
  });

  test('the page of a device tells by which transport it came, from where, and leads to its profile', async () => {
    const [device] = (await world.app.client.devices.list({ search: 'signer' })).items;
    await page.goto(`${world.app.url}/devices/${device?.id}`);
    await page.getByText('HTTP · without TLS').waitFor();
    await page.getByText('127.0.0.1').first().waitFor();
    expect(await page.getByRole('link', { name: 'default', exact: true }).getAttribute('href')).toContain('/profiles/');
  });

  test('a signing key is rotated with an overlap: the old one works until the new one is used', async () => {
    const device = await world.app.client.devices.create({ name: 'rotator', credentials: { type: 'JWT' } });
    if (device.credentials.type !== 'JWT') throw new Error('The device has other credentials.');
    const { kid, key = '' } = device.credentials;
    await page.goto(`${world.app.url}/devices/${device.id}?tab=credentials`);
    await page.getByRole('button', { name: 'Rotate' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click();
    await page.getByRole('heading', { name: 'The new key' }).waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Show' }).click();
    const dialog = page.getByRole('dialog').locator('code');
    const shown = await dialog.evaluateAll((all) => all.map((each) => each.getAttribute('title') ?? ''));
    const fresh = shown.find((text) => /^[\w-]{43}$/.test(text)) ?? '';
    expect(await send({ sub: device.id, kid, key })).toBe(200);
    const current = await world.app.client.credentials.get(device.id);
    const freshKid = current.credentials.type === 'JWT' ? current.credentials.kid : '';
    expect(await send({ sub: device.id, kid: freshKid, key: fresh })).toBe(200);
    await expect.poll(() => send({ sub: device.id, kid, key }), { timeout: 10_000 }).toBe(401);
    await page.getByRole('button', { name: 'I have copied it' }).click();
    expect(await page.getByText(fresh).count()).toBe(0);
  });

  test('a device that holds its own key gets its public half, and is revoked', async () => {
    const device = await world.app.client.devices.create({ name: 'own key' });
    const jwk = generateKeyPairSync('ed25519').publicKey.export({ format: 'jwk' });
    await page.goto(`${world.app.url}/devices/${device.id}?tab=credentials`);
    await page.getByRole('button', { name: 'Replace' }).click();
    await page.getByRole('dialog').getByLabel('Credentials', { exact: true }).selectOption('EdDSA');
    await page.getByLabel('Public key').fill(JSON.stringify({ kty: jwk.kty, crv: jwk.crv, x: jwk.x }));
    await page.getByRole('dialog').getByRole('button', { name: 'Replace' }).click();
    await page.getByText('EdDSA', { exact: true }).waitFor();
    expect(await page.getByRole('button', { name: 'Rotate' }).count()).toBe(0);
    await page.getByRole('button', { name: 'Revoke' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
    await page.getByText('This device has no credentials').waitFor();
  });

  test('a group key is made and shown once, replaced, and turned off', async () => {
    const profile = await world.app.client.profiles.create({ name: 'factory' });
    await page.goto(`${world.app.url}/profiles/${profile.id}`);
    await page.getByRole('button', { name: 'Make a group key' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Make a group key' }).click();
    const groupKey = (await page.getByRole('dialog').locator('code').first().textContent()) ?? '';
    await page.getByRole('button', { name: 'I have copied it' }).click();
    const device = await world.app.client.devices.create({
      ...{ name: 'bed 7', profileId: profile.id, credentials: { type: 'JWT', derived: true } },
    });
    const derived = createHmac('sha256', Buffer.from(groupKey, 'base64url')).update('bed 7').digest('base64url');
    expect(device.credentials).toMatchObject({ type: 'JWT', key: derived });
    expect(await page.getByText(groupKey).count()).toBe(0);
    await page.getByRole('button', { name: 'Make a new group key' }).waitFor();
    await page.getByRole('button', { name: 'Turn off' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Turn off' }).click();
    await page.getByRole('button', { name: 'Make a group key' }).waitFor();
    expect((await world.app.client.profiles.get(profile.id)).hasGroupKey).toBe(false);
  });

  test('what was refused in the name of a device stands among its events, and how it came', async () => {
    const device = await world.app.client.devices.create({ name: 'victim', credentials: { type: 'JWT' } });
    if (device.credentials.type !== 'JWT') throw new Error('The device has other credentials.');
    const { kid, key = '' } = device.credentials;
    const request = { sub: device.id, method: 'POST', target, body: '{"temperature":99}', jti: Date.now() };
    const token = signedToken({ kid, alg: 'HS256', key }, request);
    const headers = { authorization: `DeviceJWT ${token}`, 'content-type': 'application/json' };
    expect((await fetch(world.app.url + target, { method: 'POST', headers, body })).status).toBe(401);
    await page.goto(`${world.app.url}/devices/${device.id}`);
    await page.getByRole('tab', { name: 'Events' }).click();
    await page.getByText('request_mismatch').waitFor();
    await page.getByRole('cell', { name: 'Created', exact: true }).waitFor();
  });

  test('no page wrote an error or asked another server', () => {
    expect(browser.faults).toEqual([]);
  });
});
