/** Profiles, people, keys, the audit log, settings and how long telemetry is kept, as people use them. */
import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ownerPassword } from '../../server/test/create-test-app.ts';
import { browserPath, type TestBrowser } from './browser.ts';
import { type ConsoleWorld, signIn, startConsoleWorld } from './console-world.ts';

describe.skipIf(browserPath === undefined)('management', () => {
  let world: ConsoleWorld;
  let browser: TestBrowser;
  let page: Page;

  beforeAll(async () => {
    world = await startConsoleWorld();
    browser = await world.browse();
    await signIn(await browser.open(`${world.app.url}/sign-in`));
  });
  beforeEach(async () => {
    page = await browser.open(`${world.app.url}/profiles`);
  });
  afterEach(async () => {
    await page.close();
    expect(browser.faults).toEqual([]);
  });
  afterAll(() => world.stop());

  test('a profile is made, opened to its devices, and its key and secret are rotated', async () => {
    await page.getByRole('button', { name: 'New profile' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('textbox', { name: 'Name' }).fill('Weighbridge');
    await dialog.getByRole('radio', { name: 'Create devices as they come' }).check();
    await dialog.getByRole('button', { name: 'Create the profile' }).click();
    await page.getByRole('heading', { name: 'Weighbridge', level: 1 }).waitFor();
    const { client } = world.app;
    const find = async () => (await client.profiles.list()).items.find(({ name }) => name === 'Weighbridge');
    const made = await find();
    expect(made?.provisioning.strategy).toBe('ALLOW_CREATE_NEW_DEVICES');
    await page.getByText(made?.provisioning.key ?? '?').waitFor();
    await page.getByRole('radio', { name: 'Give the same credentials again' }).check();
    await page.getByRole('switch', { name: 'TLS only' }).click();
    for (const save of [0, 0]) await page.getByRole('button', { name: 'Save' }).nth(save).click();
    await page.getByText('Not saved yet').first().waitFor({ state: 'hidden' });
    await page.getByRole('button', { name: 'Rotate key and secret' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate key and secret' }).click();
    await page.getByText('Key and secret are new').waitFor();
    const rotated = await find();
    expect(rotated?.provisioning.key).not.toBe(made?.provisioning.key);
    expect([rotated?.tlsOnly, rotated?.provisioning.reprovision]).toEqual([true, 'return_existing']);
    await page.getByText(rotated?.provisioning.key ?? '?').waitFor();
  });

  test('a person is added, and sees in their language what their role may see', async () => {
    await page.goto(`${world.app.url}/people`);
    await page.getByRole('button', { name: 'Add a person' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByLabel('E-mail address').fill('made@example.com');
    await dialog.getByLabel('Language').selectOption('id');
    await dialog.getByLabel('First password').fill(ownerPassword);
    await dialog.getByRole('button', { name: 'Add a person' }).click();
    await page.getByText('made@example.com can sign in now').waitFor();

    const own = await world.browse();
    const theirs = await own.open(`${world.app.url}/sign-in`);
    await signIn(theirs, 'made@example.com');
    await theirs.getByRole('link', { name: 'Dasbor' }).waitFor();
    expect(await theirs.getByRole('link', { name: 'Orang' }).count()).toBe(0);
    await theirs.goto(`${world.app.url}/profiles`);
    await theirs.getByRole('link', { name: 'default', exact: true }).click();
    await theirs.getByText('Kebijakan').waitFor();
    expect(await theirs.getByRole('button', { name: 'Hapus' }).count()).toBe(0);
    await theirs.goto(`${world.app.url}/audit`);
    await theirs.getByText('Log audit hanya terlihat oleh administrator').waitFor();
    expect(own.faults).toEqual([]);
  });

  test('an API key is shown once, works, and is refused when it is revoked', async () => {
    await page.goto(`${world.app.url}/api-keys`);
    await page.getByRole('button', { name: 'New API key' }).first().click();
    await page.getByRole('dialog').getByLabel('Name').fill('Grafana');
    await page.getByRole('button', { name: 'Make the key' }).click();
    const key = (await page.getByRole('dialog').locator('code').first().textContent()) ?? '';
    expect(key).toMatch(/^gpr_\w{40}$/);
    const ask = () => fetch(`${world.app.url}/v1/devices`, { headers: { authorization: `Bearer ${key}` } });
    expect((await ask()).status).toBe(200);
    await page.getByRole('button', { name: 'I have copied it' }).click();
    expect(await page.getByText(key).count()).toBe(0);
    await page.getByRole('button', { name: 'Revoke Grafana' }).click();
    await page.getByRole('button', { name: 'Revoke the key' }).click();
    await page.getByText('Grafana was revoked').waitFor();
    expect((await ask()).status).toBe(401);
  });

  test('the audit log is asked by action, and what it was asked stands in the address', async () => {
    await world.app.client.devices.create({ name: 'watched' });
    await page.goto(`${world.app.url}/audit`);
    await page.getByLabel('Action').selectOption('device.created');
    await page.getByRole('link', { name: 'watched' }).waitFor();
    await page.waitForURL(/action=device\.created/);
    await page.reload();
    await page.getByRole('link', { name: 'watched' }).waitFor();
    expect(await page.getByRole('cell', { name: 'session.signed_in' }).count()).toBe(0);
  });

  test('the organisation is renamed, the authority is downloaded, and times are shown in another zone', async () => {
    await page.goto(`${world.app.url}/settings`);
    const name = page.getByLabel('Name', { exact: true });
    await name.fill('Subak Sari');
    await page.locator('form').filter({ has: name }).getByRole('button', { name: 'Save' }).click();
    await page.getByText('Renamed').waitFor();
    expect((await world.app.client.tenant.get()).name).toBe('Subak Sari');
    await page.getByText('Authority that devices trust').waitFor();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Download the authority' }).click(),
    ]);
    expect(await readFile(await download.path(), 'utf8')).toMatch(/^-----BEGIN CERTIFICATE-----/);
    await page.getByLabel('Time zone').selectOption('Asia/Jayapura');
    await page.getByLabel('Language').selectOption('id');
    await page.getByRole('heading', { name: 'Pengaturan', level: 1 }).waitFor();
    await page.getByLabel('Bahasa').selectOption('en');
    await page.getByRole('heading', { name: 'Settings', level: 1 }).waitFor();
  });

  test('the owner limits what the organisation keeps, told what will go', async () => {
    await page.goto(`${world.app.url}/settings`);
    const form = page.locator('form', { has: page.getByLabel('Keep telemetry') });
    await form.getByLabel('Keep telemetry').selectOption('days');
    await form.getByLabel('Days').fill('30');
    await form.getByText('Telemetry older than 30 days is deleted for good').waitFor();
    await form.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
    expect((await world.app.client.tenant.get()).telemetryRetentionDays).toBe(30);
  });

  test('a profile says otherwise, or follows the organisation', async () => {
    const [profile] = (await world.app.client.profiles.list()).items;
    if (profile === undefined) throw new Error('There is no profile.');
    await page.goto(`${world.app.url}/profiles/${profile.id}`);
    const form = page.locator('form', { has: page.getByLabel('Keep telemetry') });
    await form.getByText('As the organisation: 30 days').waitFor({ state: 'attached' });
    await form.getByLabel('Keep telemetry').selectOption('forever');
    await form.getByRole('button', { name: 'Save' }).click();
    await expect.poll(async () => (await world.app.client.profiles.get(profile.id)).telemetryRetentionDays).toBe(null);
    await form.getByLabel('Keep telemetry').selectOption('tenant');
    await form.getByText('Telemetry older than 30 days is deleted for good').waitFor();
  });
});
