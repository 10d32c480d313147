/** The list of many devices: its place stands in the address, and only what is looked at is fetched and drawn. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { browserPath, type TestBrowser } from './browser.ts';
import { type ConsoleWorld, signIn, startConsoleWorld } from './console-world.ts';

const deviceCount = 1200;
const nameOf = (i: number): string => `pump-${String(i).padStart(4, '0')}`;

describe.skipIf(browserPath === undefined)('a list of many devices', () => {
  let world: ConsoleWorld;
  let browser: TestBrowser;
  let page: Page;
  /** What the page asked the list for. */
  let asked: URLSearchParams[] = [];

  beforeAll(async () => {
    world = await startConsoleWorld();
    const rows = Array.from({ length: deviceCount }, (_, i) => `${nameOf(i)},Hall ${i % 4}`);
    for await (const event of world.app.client.imports.devices(['name,label', ...rows].join('\n'))) void event;
    browser = await world.browse();
    page = await browser.open(world.app.url);
    await signIn(page);
    page.on('request', (request) => {
      const url = new URL(request.url());
      if (url.pathname === '/v1/devices') asked.push(url.searchParams);
    });
  });
  beforeEach(async () => {
    await page.goto(`${world.app.url}/devices`);
    await page.getByRole('link', { name: nameOf(0) }).waitFor();
    asked = [];
  });
  afterEach(() => expect(browser.faults).toEqual([]));
  afterAll(() => world?.stop());

  const list = () => page.getByRole('region', { name: 'Devices', exact: true });
  const rowOf = () => new URL(page.url()).searchParams.get('row');
  async function scrollTo(row: number): Promise<void> {
    await list().evaluate((element, top) => element.scrollTo({ top }), row * 40);
    await page.getByRole('link', { name: nameOf(row) }).waitFor();
    await expect.poll(rowOf).toBe(String(row + 1));
  }

  test('is scrolled as a whole: the key End leads to the last one, with some rows in the document', async () => {
    await page.getByText(`of ${deviceCount.toLocaleString('en-GB')}`).waitFor();
    await list().focus();
    await page.keyboard.press('End');
    await page.getByRole('link', { name: nameOf(deviceCount - 1) }).waitFor();
    await page.getByText(/–1,200 of 1,200$/).waitFor();
    expect(await page.locator('main tbody tr').count()).toBeLessThan(60);
    // Of twelve pages not more than those that were looked at.
    expect(new Set(asked.map((query) => query.get('offset'))).size).toBeLessThan(8);
  });

  test('the way back from a device, by the browser or by the page, leads to the same row', async () => {
    await scrollTo(700);
    await page.getByRole('link', { name: nameOf(703) }).click();
    await page.getByRole('heading', { name: nameOf(703) }).waitFor();
    await page.goBack();
    await page.getByRole('link', { name: nameOf(703) }).waitFor();
    expect(rowOf()).toBe('701');
    expect(await list().evaluate((element) => element.scrollTop)).toBe(700 * 40);

    await page.getByRole('link', { name: nameOf(703) }).click();
    await page.getByRole('heading', { name: nameOf(703) }).waitFor();
    await page.locator('main').getByRole('link', { name: 'Devices', exact: true }).click();
    await page.getByRole('link', { name: nameOf(703) }).waitFor();
    expect(rowOf()).toBe('701');
  });

  test('its address opens it at the same row elsewhere, and asks for nothing before', async () => {
    await scrollTo(900);
    const address = page.url();
    asked = [];
    await page.goto('about:blank');
    await page.goto(address);
    await page.getByRole('link', { name: nameOf(900) }).waitFor();
    expect(await list().evaluate((element) => element.scrollTop)).toBe(900 * 40);
    expect(asked.map((query) => Number(query.get('offset'))).filter((offset) => offset < 800)).toEqual([]);
  });

  test('another search or order begins at the first row', async () => {
    await scrollTo(500);
    await page.getByRole('button', { name: 'Name' }).click();
    await page.getByRole('link', { name: nameOf(deviceCount - 1) }).waitFor();
    expect(rowOf()).toBeNull();
    expect(await list().evaluate((element) => element.scrollTop)).toBe(0);
  });

  test('the box above chooses all that match, also those that were never drawn', async () => {
    await page.getByRole('searchbox').fill('hall 3');
    await page.getByText(/of 300$/).waitFor();
    await page.getByRole('checkbox', { name: 'Select all' }).check();
    await page.getByRole('region', { name: 'Actions for the selected devices' }).getByText('300 selected').waitFor();
    await page.getByRole('checkbox', { name: 'Select all' }).uncheck();
    await page.getByText('300 selected').waitFor({ state: 'detached' });
    await page.getByRole('searchbox').fill('pump');
    await page.getByText(/of 1,200$/).waitFor();
    await page.getByRole('checkbox', { name: 'Select all' }).check();
    await page.getByText('The first 1000 are selected').waitFor();
  });
});
