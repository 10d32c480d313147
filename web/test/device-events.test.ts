/** What the page of a device tells of its coming and going, while it comes and goes. */
import { connectAsync } from 'mqtt';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserPath, type TestBrowser } from './browser.ts';
import { type ConsoleWorld, signIn, startConsoleWorld } from './console-world.ts';

describe.skipIf(browserPath === undefined)('the events of a device', () => {
  let world: ConsoleWorld;
  let browser: TestBrowser;

  beforeAll(async () => {
    world = await startConsoleWorld();
    browser = await world.browse();
  });
  afterAll(async () => {
    expect(browser.faults).toEqual([]);
    await world.stop();
  });

  test('each connect and disconnect appears while somebody looks, also for a viewer', async () => {
    const password = 'perahu-kayu-teluk-benoa-7';
    await world.app.client.users.create({ email: 'viewer@example.com', password, role: 'viewer' });
    const { id, credentials } = await world.app.client.devices.create({ name: 'night-drop' });
    const username = credentials.type === 'ACCESS_TOKEN' ? credentials.token : '';
    const page = await browser.open(world.app.url);
    await signIn(page, 'viewer@example.com', password);
    await page.goto(`${world.app.url}/devices/${id}?tab=events`);
    const rows = page.getByRole('region', { name: 'Connections' }).locator('tbody tr');
    await rows.getByText('Created', { exact: true }).waitFor();
    expect(await rows.count()).toBe(1);

    const first = await connectAsync(world.app.mqttUrl, { username, reconnectPeriod: 0 });
    await page.getByRole('cell', { name: 'Connected', exact: true }).waitFor();
    await first.endAsync();
    await page.getByRole('cell', { name: 'Disconnected', exact: true }).waitFor();
    const second = await connectAsync(world.app.mqttUrl, { username, reconnectPeriod: 0 });
    await expect.poll(() => rows.count(), { timeout: 15_000 }).toBe(4);
    expect(await rows.locator('td:first-child').allTextContents()).toEqual([
      'Connected',
      'Disconnected',
      'Connected',
      'Created',
    ]);
    await second.endAsync();
    expect(await page.getByText('Refused at the gate').count()).toBe(0);
  });
});
