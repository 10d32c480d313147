/** What people do, from the sign-in to a device that hears of a changed attribute. */
import { connectAsync, type MqttClient } from 'mqtt';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { browserPath, type TestBrowser } from './browser.ts';
import { type ConsoleWorld, signIn, startConsoleWorld } from './console-world.ts';

describe.skipIf(browserPath === undefined)('the console', () => {
  let world: ConsoleWorld;
  let browser: TestBrowser;
  let page: Page;
  let clients: MqttClient[] = [];

  /** The language is kept with the account: who changes it is not the owner, as whom the others sign in. */
  const sari = { email: 'sari@example.com', password: 'jukung-cadik-sanur-31' };

  beforeAll(async () => {
    world = await startConsoleWorld();
    await world.app.client.users.create({ ...sari, role: 'operator' });
  });
  beforeEach(async () => {
    browser = await world.browse();
    page = await browser.open(world.app.url);
  });
  afterEach(async () => {
    await Promise.all(clients.map((client) => client.endAsync(true)));
    clients = [];
    await browser.context.clearCookies();
    expect(browser.faults).toEqual([]);
  });
  afterAll(() => world.stop());

  async function connect(username: string): Promise<MqttClient> {
    const client = await connectAsync(world.app.mqttUrl, { username, reconnectPeriod: 0 });
    clients.push(client);
    return client;
  }

  test('a device that the wizard made is green with its first message, moves live, and hears of its attributes', async () => {
    await signIn(page);
    await page.getByRole('link', { name: 'Add a device' }).first().click();
    await page.getByLabel('Name', { exact: true }).fill('lathe-1');
    await page.getByRole('button', { name: 'Create the device' }).click();
    await page.getByText('Waiting for the first message').waitFor();
    const token = (await page.locator('pre').textContent())?.match(/\/api\/v1\/([^/]+)\/telemetry/)?.[1] ?? '';

    const device = await connect(token);
    await device.publishAsync('v1/devices/me/telemetry', '{"temperature":41.5}', { qos: 1 });
    await page.getByText('It is here').waitFor();
    await page.getByText('41.5').waitFor();
    await page.getByRole('link', { name: 'Open', exact: true }).click();
    await page.getByRole('heading', { name: 'lathe-1' }).waitFor();
    await page.getByText('Online').first().waitFor();

    await device.publishAsync('v1/devices/me/telemetry', '{"temperature":43.25}', { qos: 1 });
    await page.getByText('43.25').waitFor();

    await page.getByRole('tab', { name: 'Chart' }).click();
    await page.locator('.time-chart canvas').waitFor();

    const heard = new Promise<string>((resolve) =>
      device.once('message', (_topic, payload) => resolve(String(payload))),
    );
    await device.subscribeAsync('v1/devices/me/attributes', { qos: 1 });
    await page.getByRole('tab', { name: 'Attributes' }).click();
    await page.getByRole('button', { name: 'Add attribute' }).first().click();
    await page.getByLabel('Key').fill('intervalSeconds');
    await page.getByLabel('Type').selectOption('number');
    await page.getByLabel('Value').fill('15');
    await page.getByRole('button', { name: 'Save' }).click();
    expect(JSON.parse(await heard)).toEqual({ intervalSeconds: 15 });
    await page.getByRole('cell', { name: 'intervalSeconds', exact: true }).waitFor();

    await page.getByRole('tab', { name: 'Credentials' }).click();
    await page.getByRole('button', { name: 'Rotate' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click();
    await page.getByRole('heading', { name: 'Old credentials' }).waitFor();
    // Within the overlap the old token still opens the gate.
    await connect(token);
  });

  test('a fleet that provisions itself appears in the wizard, device by device', async () => {
    await signIn(page);
    await page.goto(`${world.app.url}/devices/add`);
    await page.getByRole('radio', { name: /A fleet/ }).check();
    await page.getByLabel('Name of the profile').fill('Pump');
    await page.getByRole('button', { name: 'Open the gate for them' }).click();
    await page.locator('pre').waitFor();
    const code = await page.locator('pre').textContent();
    const body = /-d '(\{"deviceName[^']*\})'/.exec(code ?? '')?.[1] ?? '';
    const answer = await fetch(`${world.app.url}/api/v1/provision`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    });
    const { credentialsValue } = (await answer.json()) as { credentialsValue: string };
    const device = await connect(credentialsValue);
    await device.publishAsync('v1/devices/me/telemetry', '{"pressure":3}', { qos: 1 });
    await page.getByText('It is here').waitFor();
    await page.getByText('sensor-1', { exact: true }).waitFor();
  });

  test('the list is searched by keyboard and keeps its filters in the address', async () => {
    for (const name of ['silo-1', 'silo-2', 'barn-1']) await world.app.client.devices.create({ name });
    await signIn(page);
    await page.goto(`${world.app.url}/devices`);
    await page.getByRole('link', { name: 'barn-1' }).waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('silo');
    await page.getByRole('link', { name: 'barn-1' }).waitFor({ state: 'detached' });
    expect(new URL(page.url()).searchParams.get('search')).toBe('silo');
    await page.reload();
    await page.getByRole('link', { name: 'silo-2' }).waitFor();
    expect(await page.getByRole('link', { name: /barn|silo/ }).count()).toBe(2);
  });

  test('the palette finds a device by a few letters and goes there', async () => {
    await world.app.client.devices.create({ name: 'windmill-7' });
    await signIn(page);
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').waitFor();
    await page.keyboard.type('windm');
    await page.getByRole('option', { name: 'windmill-7' }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'windmill-7' }).waitFor();
  });

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

  test('signing out leads to the sign-in, and the way back is closed', async () => {
    await signIn(page);
    await page.getByRole('button', { name: /owner@example.com/ }).click();
    await page.getByRole('menuitem', { name: 'Sign out' }).click();
    await page.waitForURL('**/sign-in');
    await page.goto(`${world.app.url}/devices`);
    await page.waitForURL(/\/sign-in\?next=/);
  });

  test('it speaks Bahasa Indonesia when it is told to, and goes on doing so', async () => {
    await page.getByRole('button', { name: 'ID', exact: true }).click();
    await page.getByRole('heading', { name: 'Masuk' }).waitFor();
    await signIn(page, sari.email, sari.password);
    await page.getByRole('heading', { name: 'Ringkasan' }).waitFor();
    await page.reload();
    await page.getByRole('link', { name: 'Perangkat', exact: true }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('id');
  });

  test('in Bahasa Indonesia a device is added, is green with its first message, and a person signs out', async () => {
    await page.getByRole('button', { name: 'ID', exact: true }).click();
    await signIn(page, sari.email, sari.password);
    await page.getByRole('link', { name: 'Tambah perangkat' }).first().click();
    await page.getByLabel('Nama', { exact: true }).fill('mesin-bubut-1');
    await page.getByRole('button', { name: 'Buat perangkat' }).click();
    await page.getByText('Menunggu pesan pertama').waitFor();
    const token = (await page.locator('pre').textContent())?.match(/\/api\/v1\/([^/]+)\/telemetry/)?.[1] ?? '';
    const device = await connect(token);
    await device.publishAsync('v1/devices/me/telemetry', '{"suhu":1041.5}', { qos: 1 });
    // A decimal comma, and a point between thousands.
    await page.getByText('1.041,5').waitFor();
    await page.getByRole('link', { name: 'Buka', exact: true }).click();
    await page.getByRole('heading', { name: 'mesin-bubut-1' }).waitFor();
    for (const tab of ['Grafik', 'Atribut', 'Kredensial']) {
      await page.getByRole('tab', { name: tab }).click();
      await page.getByRole('tabpanel').waitFor();
    }
    await page.getByRole('button', { name: /sari@example.com/ }).click();
    await page.getByRole('menuitem', { name: 'Keluar' }).click();
    await page.getByRole('heading', { name: 'Masuk' }).waitFor();
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
      await page.waitForLoadState('networkidle');
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
      await page.waitForLoadState('networkidle');
      expect(await page.locator('main').getByRole('button', { name: writing }).allTextContents(), path).toEqual([]);
    }
  });

  test('what is shown is marked as old while the socket is lost, and is caught up when it is back', async () => {
    const { id, credentials } = await world.app.client.devices.create({ name: 'far-away' });
    const token = credentials.type === 'ACCESS_TOKEN' ? credentials.token : '';
    await world.app.client.telemetry.write(id, { level: 1 });
    const sockets: { close(): Promise<void> }[] = [];
    let isCut = false;
    await page.routeWebSocket(/\/v1\/live/, (socket) => {
      if (isCut) {
        void socket.close({ code: 1011 });
        return;
      }
      socket.connectToServer();
      sockets.push(socket);
    });
    await signIn(page);
    await page.goto(`${world.app.url}/devices/${id}`);
    await page.getByRole('cell', { name: '1', exact: true }).waitFor();
    const device = await connect(token);
    // What was there came with the page; this comes by the socket that is cut then.
    await expect
      .poll(
        async () => {
          await device.publishAsync('v1/devices/me/telemetry', '{"level":1.5}', { qos: 1 });
          return page.getByRole('cell', { name: '1.5', exact: true }).count();
        },
        { timeout: 15_000 },
      )
      .toBe(1);
    isCut = true;
    for (const socket of sockets) await socket.close();
    await page.getByText(/Connection lost/).waitFor();
    await device.publishAsync('v1/devices/me/telemetry', '{"level":2}', { qos: 1 });
    isCut = false;
    await page.getByText(/Connection lost/).waitFor({ state: 'detached' });
    await page.getByRole('cell', { name: '2', exact: true }).waitFor();
  });
});
