/** Keys alone: what opens is closed by Escape, gives the focus back, and begins where somebody would type. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserPath, type TestBrowser } from './browser.ts';
import { type ConsoleWorld, signIn, startConsoleWorld } from './console-world.ts';

describe.skipIf(browserPath === undefined)('dialogs', () => {
  let world: ConsoleWorld;
  let browser: TestBrowser;
  let page: Page;
  let device = '';

  beforeAll(async () => {
    world = await startConsoleWorld();
    const { id } = await world.app.client.devices.create({ name: 'pump-1' });
    await world.app.client.telemetry.write(id, { temperature: 21.5 });
    device = `/devices/${id}`;
    browser = await world.browse();
    page = await browser.open(world.app.url);
    await signIn(page);
  });
  afterAll(async () => {
    expect(browser.faults).toEqual([]);
    await world.stop();
  });

  test.each([
    ['Edit', 'INPUT', () => device],
    ['Add attribute', 'INPUT', () => `${device}?tab=attributes`],
    ['Rotate', 'SELECT', () => `${device}?tab=credentials`],
    ['Revoke', 'BUTTON', () => `${device}?tab=credentials`],
    ['Custom', 'INPUT', () => `${device}?tab=chart`],
    ['New profile', 'INPUT', () => '/profiles'],
    ['Add a person', 'INPUT', () => '/people'],
    ['New API key', 'INPUT', () => '/api-keys'],
    ['New dashboard', 'INPUT', () => '/dashboards'],
  ])('what "%s" opens begins at its %s and ends with Escape', async (name, focused, path) => {
    await page.goto(world.app.url + path());
    const opener = page.locator('main').getByRole('button', { name }).first();
    await opener.focus();
    await page.keyboard.press('Enter');
    const dialog = page.getByRole('dialog');
    await dialog.waitFor();
    const within = dialog.locator(':focus');
    await within.waitFor();
    expect(await within.evaluate((element) => element.tagName)).toBe(focused);
    if (focused === 'BUTTON') expect(await within.textContent()).toBe('Cancel');
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await expect.poll(() => opener.evaluate((element) => element.matches(':focus'))).toBe(true);
  });

  test('the palette opens what makes something new from anywhere, and gives the focus back when it is left', async () => {
    await page.goto(world.app.url + device);
    const opener = page.getByRole('button', { name: 'Edit' });
    await opener.focus();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(() => opener.evaluate((element) => element.matches(':focus'))).toBe(true);

    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').waitFor();
    await page.keyboard.type('new dash');
    await page.getByRole('option', { name: 'New dashboard' }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').getByLabel('Name').fill('Pumps');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Pumps' }).waitFor();
    // The editor, not the list: closing the dialog left the address of what was made alone.
    expect(new URL(page.url()).searchParams.get('edit')).toBe('true');
    await page.goBack();
    await page.goBack();
    await page.getByRole('heading', { name: 'pump-1' }).waitFor();
  });
});
