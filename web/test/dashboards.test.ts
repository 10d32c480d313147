/** What people do with dashboards beside making one (journey.test.ts) and arranging it by keyboard (keyboard.test.ts). */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { browserPath, type TestBrowser } from './browser.ts';
import { type ConsoleWorld, signIn, startConsoleWorld } from './console-world.ts';
import { everyKind } from './every-kind.ts';

describe.skipIf(browserPath === undefined)('dashboards', () => {
  let world: ConsoleWorld;
  let browser: TestBrowser;
  let page: Page;
  let deviceId: string;

  beforeAll(async () => {
    world = await startConsoleWorld();
    deviceId = (await world.app.client.devices.create({ name: 'pump-1' })).id;
    await world.app.client.telemetry.write(deviceId, { pressure: 3.5, lat: -8.65, lon: 115.21, label: 'north' });
    browser = await world.browse();
    await signIn(await browser.open(`${world.app.url}/sign-in`));
  });
  beforeEach(async () => {
    page = await browser.open(`${world.app.url}/dashboards`);
  });
  afterEach(async () => {
    await page.close();
    expect(browser.faults).toEqual([]);
  });
  afterAll(() => world.stop());

  test('a widget is dragged by its handle', async () => {
    const { id } = await world.app.client.dashboards.create({ name: 'Dragged', layout: everyKind(deviceId) });
    await page.goto(`${world.app.url}/dashboards/${id}?edit=true`);
    const from = await page.getByRole('button', { name: 'Move Temperature' }).boundingBox();
    if (from === null) throw new Error('The widget is not to be seen.');
    await page.mouse.move(from.x + 5, from.y + 5);
    await page.mouse.down();
    await page.mouse.move(from.x + 300, from.y + 10, { steps: 8 });
    await page.mouse.up();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The dashboard was saved').waitFor();
    const kept = await world.app.client.dashboards.get(id);
    expect(kept.layout.widgets.find((widget) => widget.id === 'w1')?.x).toBeGreaterThan(1);
  });

  test('who saves over the change of somebody else is told, and nothing is overwritten', async () => {
    const { id } = await world.app.client.dashboards.create({ name: 'Both', layout: everyKind(deviceId) });
    await page.goto(`${world.app.url}/dashboards/${id}?edit=true`);
    await page.getByRole('button', { name: 'Actions for Note' }).click();
    await page.getByRole('menuitem', { name: 'Delete' }).click();
    await world.app.client.dashboards.update(id, { description: 'by somebody else' });
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Somebody else has changed this dashboard').waitFor();
    expect((await world.app.client.dashboards.get(id)).layout.widgets).toHaveLength(11);
    // What was not saved is asked about before it is lost.
    await page.getByRole('link', { name: 'Devices', exact: true }).click();
    await page.getByRole('button', { name: 'Discard the changes' }).click();
    await page.getByRole('heading', { name: 'Devices', level: 1 }).waitFor();
  });

  test('every device has one, which can be kept', async () => {
    await page.goto(`${world.app.url}/devices/${deviceId}`);
    await page.getByRole('link', { name: 'Dashboard', exact: true }).click();
    await page.getByText('Made from what the device sends').waitFor();
    await page.getByRole('region', { name: 'label', exact: true }).getByText('north').waitFor();
    await page.locator('.time-chart canvas').first().waitFor();
    await page.locator('.leaflet-interactive').first().waitFor();
    await page.getByRole('button', { name: 'Keep as a dashboard' }).click();
    await page.getByRole('button', { name: 'Create' }).click();
    await page.getByRole('button', { name: 'Add a widget' }).waitFor();
  });

  test('a file that was exported comes in again, and another file is refused', async () => {
    const { id } = await world.app.client.dashboards.create({ name: 'Travelling', layout: everyKind(deviceId) });
    await page.goto(`${world.app.url}/dashboards/${id}`);
    await page.getByRole('button', { name: 'More for Travelling' }).click();
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('menuitem', { name: 'Export as JSON' }).click(),
    ]);
    const path = await download.path();
    await page.goto(`${world.app.url}/dashboards`);
    await page.locator('input[type=file]').setInputFiles(path);
    await page.getByText('Travelling was imported').waitFor();
    await page.waitForURL((url) => url.pathname.startsWith('/dashboards/') && !url.pathname.endsWith(id));
    const copy = await world.app.client.dashboards.get(new URL(page.url()).pathname.split('/').at(-1) ?? '');
    expect(copy.layout).toEqual(everyKind(deviceId));
    await page.goto(`${world.app.url}/dashboards`);
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'x.json', mimeType: 'application/json', buffer: Buffer.from('{"a":1}') });
    await page.getByText('This file is no dashboard of Gapura.').first().waitFor();
  });
});
