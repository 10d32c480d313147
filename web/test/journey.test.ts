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

  beforeAll(async () => {
    world = await startConsoleWorld();
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
    await signIn(page);
    await page.getByRole('heading', { name: 'Ringkasan' }).waitFor();
    await page.reload();
    await page.getByRole('link', { name: 'Perangkat', exact: true }).waitFor();
    expect(await page.locator('html').getAttribute('lang')).toBe('id');
  });

  test('a viewer is offered nothing that a viewer may not do', async () => {
    const password = 'perahu-kayu-teluk-benoa-7';
    await world.app.client.users.create({ email: 'viewer@example.com', password, role: 'viewer' });
    await world.app.client.devices.create({ name: 'looked-at' });
    await signIn(page, 'viewer@example.com', password);
    await page.goto(`${world.app.url}/devices?search=looked-at`);
    await page.getByRole('link', { name: 'looked-at' }).click();
    await page.getByRole('tab', { name: 'Chart' }).waitFor();
    expect(await page.getByRole('tab', { name: 'Credentials' }).count()).toBe(0);
    expect(await page.getByRole('button', { name: 'Edit' }).count()).toBe(0);
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
    isCut = true;
    for (const socket of sockets) await socket.close();
    await page.getByText(/Connection lost/).waitFor();
    const device = await connect(token);
    await device.publishAsync('v1/devices/me/telemetry', '{"level":2}', { qos: 1 });
    isCut = false;
    await page.getByText(/Connection lost/).waitFor({ state: 'detached' });
    await page.getByRole('cell', { name: '2', exact: true }).waitFor();
  });
});
