/** Who comes in, as whom, in which language; who is kept out, and from what. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { ownerPassword } from '../../server/test/create-test-app.ts';
import { browserPath, type TestBrowser } from './browser.ts';
import { type ConsoleWorld, signIn, startConsoleWorld } from './console-world.ts';
import { settled } from './settled.ts';

describe.skipIf(browserPath === undefined)('at the gate', () => {
  let world: ConsoleWorld;
  let browser: TestBrowser;
  let page: Page;

  beforeAll(async () => {
    world = await startConsoleWorld();
  });
  beforeEach(async () => {
    browser = await world.browse();
    page = await browser.open(`${world.app.url}/sign-in`);
  });
  afterEach(async () => {
    await browser.context.close();
    expect(browser.faults).toEqual([]);
  });
  afterAll(() => world?.stop());

  test('a wrong password is told, and too many are locked out with the time that is left', async () => {
    for (let attempt = 0; attempt < 6; attempt++) {
      await page.locator('input[name=email]').fill('nobody@example.com');
      await page.locator('input[name=password]').fill(`wrong ${attempt}`);
      await page.locator('button[type=submit]').click();
      await page.getByRole('alert').waitFor();
      await page.locator('button[type=submit]:not([aria-busy])').waitFor();
    }
    await page.getByText(/You can try again in/).waitFor();
    expect(await page.locator('button[type=submit]').isDisabled()).toBe(true);
  });

  test('it speaks Bahasa Indonesia when it is told to, and goes on doing so', async () => {
    const email = 'sari@example.com';
    await world.app.client.users.create({ email, password: ownerPassword, role: 'operator' });
    await page.getByRole('button', { name: 'ID', exact: true }).click();
    await page.getByRole('heading', { name: 'Masuk' }).waitFor();
    await signIn(page, email);
    await page.getByRole('heading', { name: 'Ringkasan' }).waitFor();
    await page.reload();
    await page.getByRole('link', { name: 'Perangkat', exact: true }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('id');
  });

  test('a viewer changes their name and language, and the next browser speaks it after the sign-in', async () => {
    const email = 'wayan@example.com';
    await world.app.client.users.create({ email, password: ownerPassword, role: 'viewer' });
    await signIn(page, email);
    await page.goto(`${world.app.url}/settings`);
    await page.getByLabel('Your name').fill('Wayan');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Saved', { exact: true }).waitFor();
    await page.getByLabel('Language').selectOption('id');
    await page.getByRole('heading', { name: 'Akun Anda' }).waitFor();
    await expect
      .poll(async () => (await world.app.client.users.list()).items.find((user) => user.email === email))
      .toMatchObject({ name: 'Wayan', language: 'id' });
    await page.getByRole('link', { name: 'Ringkasan' }).first().click();
    await page.getByText('Wayan').first().waitFor();

    const second = await world.browse();
    const elsewhere = await second.open(`${world.app.url}/sign-in`);
    await elsewhere.getByRole('heading', { name: 'Sign in' }).waitFor();
    await signIn(elsewhere, email);
    await elsewhere.getByRole('heading', { name: 'Ringkasan' }).waitFor();
    expect(second.faults).toEqual([]);
  });

  test('a viewer is offered nothing that a viewer may not do, and the server refuses it as well', async () => {
    const password = 'perahu-kayu-teluk-benoa-7';
    const { client, url } = world.app;
    await client.users.create({ email: 'viewer@example.com', password, role: 'viewer' });
    const { id } = await client.devices.create({ name: 'looked-at' });
    const board = await client.dashboards.create({ name: 'Looked at' });
    await signIn(page, 'viewer@example.com', password);
    await page.goto(`${url}/devices?search=looked-at`);
    await page.getByRole('link', { name: 'looked-at' }).click();
    await page.getByRole('tab', { name: 'Chart' }).waitFor();
    expect(await page.getByRole('tab', { name: 'Credentials' }).count()).toBe(0);

    const writing = /^(Add|New|Create|Edit|Delete|Rotate|Revoke|Save|Import|Choose a file)/;
    const paths = ['/', '/devices', `/devices/${id}`, `/devices/${id}?tab=attributes`, '/profiles', '/dashboards'];
    for (const path of [...paths, `/dashboards/${board.id}`, `/dashboards/${board.id}?edit=true`]) {
      await page.goto(url + path);
      await page.locator('main h1').waitFor();
      await settled(page);
      const offered = page.locator('main').getByRole('button', { name: writing });
      expect(await offered.allTextContents(), path).toEqual([]);
      expect(await page.locator('main').getByRole('link', { name: writing }).allTextContents(), path).toEqual([]);
    }

    // With the cookie of the page itself, past everything that the console hides.
    const ask = (method: string, path: string, body?: object) =>
      page.request.fetch(url + path, { method, headers: { origin: url }, ...(body !== undefined && { data: body }) });
    const asked = await Promise.all([
      ask('POST', '/v1/devices', { name: 'mine' }),
      ask('DELETE', `/v1/devices/${id}`),
      ask('GET', `/v1/devices/${id}/credentials`),
      ask('PATCH', `/v1/devices/${id}/attributes/shared`, { a: 1 }),
      ask('POST', '/v1/profiles', { name: 'mine' }),
      ask('POST', '/v1/dashboards', { name: 'mine' }),
      ask('POST', '/v1/users', { email: 'x@example.com', password, role: 'owner' }),
      ask('POST', '/v1/api-keys', { name: 'mine', role: 'owner' }),
      ask('GET', '/v1/audit'),
    ]);
    expect(asked.map((answer) => answer.status())).toEqual(asked.map(() => 403));
    // Pages of others say so instead of breaking.
    for (const path of ['/people', '/api-keys', '/audit', '/import', '/devices/add']) {
      await page.goto(url + path);
      await page.locator('main h1').waitFor();
      await settled(page);
      expect(await page.locator('main').getByRole('button', { name: writing }).allTextContents(), path).toEqual([]);
    }
  });
});
