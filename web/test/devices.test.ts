/** The list of devices and the palette: how somebody finds one device among many. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { browserPath, type TestBrowser } from './browser.ts';
import { type ConsoleWorld, signIn, startConsoleWorld } from './console-world.ts';

describe.skipIf(browserPath === undefined)('devices', () => {
  let world: ConsoleWorld;
  let browser: TestBrowser;
  let page: Page;

  beforeAll(async () => {
    world = await startConsoleWorld();
    browser = await world.browse();
    page = await browser.open(world.app.url);
    await signIn(page);
  });
  afterEach(() => expect(browser.faults).toEqual([]));
  afterAll(() => world?.stop());

  test('the list is searched by keyboard and keeps its filters in the address', async () => {
    for (const name of ['silo-1', 'silo-2', 'barn-1']) await world.app.client.devices.create({ name });
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
    await page.goto(world.app.url);
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').waitFor();
    await page.keyboard.type('windm');
    await page.getByRole('option', { name: 'windmill-7' }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'windmill-7' }).waitFor();
  });
});
