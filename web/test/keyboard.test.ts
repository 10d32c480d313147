/** Without a pointer: only keys are pressed, and what has the focus is what a person would have come to. */
import { connectAsync } from 'mqtt';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { browserPath, type TestBrowser } from './browser.ts';
import { type ConsoleWorld, signIn, startConsoleWorld } from './console-world.ts';
import { everyKind } from './every-kind.ts';

/** Further than any control of these pages is away. */
const tabsLimit = 80;

interface Focused {
  readonly role: string;
  readonly name: string;
}

describe.skipIf(browserPath === undefined)('by keyboard alone', () => {
  let world: ConsoleWorld;
  let browser: TestBrowser;
  let page: Page;

  beforeAll(async () => {
    world = await startConsoleWorld();
    browser = await world.browse();
    page = await browser.open(`${world.app.url}/sign-in`);
    await signIn(page);
  });
  afterEach(() => expect(browser.faults).toEqual([]));
  afterAll(() => world.stop());

  /** Presses Tab until a control of this name has the focus, and makes sure that the focus is to be seen. */
  async function tabTo(name: RegExp, key = 'Tab'): Promise<Focused> {
    const passed: string[] = [];
    for (let i = 0; i < tabsLimit; i++) {
      await page.keyboard.press(key);
      const focused = await page.evaluate<Focused>(focusedControl);
      if (name.test(focused.name)) {
        expect(await page.evaluate<boolean>(isFocusSeen), `focus on ${focused.name}`).toBe(true);
        return focused;
      }
      passed.push(focused.name);
    }
    throw new Error(`${name} is not reached by ${key}; there were: ${passed.join(' | ')}`);
  }

  test('a device is added with the wizard, from the palette to the green first message', async () => {
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').waitFor();
    await page.keyboard.type('Add a dev');
    await page.getByRole('option', { name: 'Add a device' }).waitFor();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Add devices' }).waitFor();
    await tabTo(/^Name/);
    await page.keyboard.type('by-keys');
    await page.keyboard.press('Enter');
    await page.getByText('Waiting for the first message').waitFor();
    await tabTo(/^Python/);
    await page.keyboard.press('Enter');
    await page.getByText('paho').first().waitFor();
    const [made] = (await world.app.client.devices.list({ search: 'by-keys' })).items;
    const { credentials } = await world.app.client.credentials.get(made?.id ?? '');
    const username = credentials.type === 'ACCESS_TOKEN' ? credentials.token : '';
    const device = await connectAsync(world.app.mqttUrl, { username, reconnectPeriod: 0 });
    await device.publishAsync('v1/devices/me/telemetry', '{"temperature":20.5}', { qos: 1 });
    await device.endAsync();
    await page.getByText('It is here').waitFor();
    await tabTo(/^Open$/);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'by-keys' }).waitFor();
  });

  test('a dashboard is edited: a widget is added, moved, resized, taken back and saved', async () => {
    const { id } = await world.app.client.dashboards.create({ name: 'Keys' });
    await page.goto(`${world.app.url}/dashboards/${id}?edit=true`);
    await page.getByText('An empty grid').waitFor();
    await tabTo(/^Add a widget$/);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor();
    await tabTo(/^Kind/);
    await page.keyboard.press('v');
    await tabTo(/^One device/);
    await page.locator('option[value="by-keys"]').waitFor({ state: 'attached' });
    await page.keyboard.type('by-keys');
    await tabTo(/^Write a key/);
    await page.keyboard.type('temperature');
    await page.keyboard.press('Enter');
    await tabTo(/^Add$/);
    await page.keyboard.press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'hidden' });

    // The grid is loaded when there is something to arrange.
    await page.getByRole('button', { name: /^Move / }).waitFor();
    await tabTo(/^Move /);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Shift+ArrowDown');
    await page.getByText('column 3, row 1, 3 wide, 3 high').waitFor();
    // Back by two steps, and one forth again.
    await page.keyboard.press('Control+z');
    await page.keyboard.press('Control+z');
    await page.keyboard.press('Control+Shift+z');
    await tabTo(/^Save$/, 'Shift+Tab');
    await page.keyboard.press('Enter');
    await page.getByText('The dashboard was saved').waitFor();
    const { layout } = await world.app.client.dashboards.get(id);
    expect(layout.widgets.map(({ kind, x, w, h }) => [kind, x, w, h])).toEqual([['value', 2, 3, 2]]);
  });

  test('a marker on a map says its name, and opens its device', async () => {
    const { client, url } = world.app;
    const device = await client.devices.create({ name: 'pump' });
    await client.telemetry.write(device.id, { lat: -6.2, lon: 106.8 });
    const { id } = await client.dashboards.create({ name: 'Map', layout: everyKind(device.id) });
    await page.goto(`${url}/dashboards/${id}`);
    await page.locator('path[role=link]').first().waitFor();
    await tabTo(/^pump/);
    await page.keyboard.press('Enter');
    await page.waitForURL(`**/devices/${device.id}`);
  });
});

/** In the page: what has the focus, by the name that a screen reader says. */
const focusedControl = `(() => {
  const one = document.activeElement;
  const label = one.labels?.[0]?.textContent;
  const by = one.getAttribute('aria-labelledby')?.split(' ').map((id) => document.getElementById(id)?.textContent).join(' ');
  return { role: one.getAttribute('role') ?? one.tagName.toLowerCase(), name: (one.getAttribute('aria-label') ?? by ?? label ?? one.textContent ?? '').trim() };
})()`;

/** In the page: whether the focus is drawn, on the element itself or around it. */
const isFocusSeen = `(() => {
  for (let one = document.activeElement, i = 0; one !== null && i < 3; one = one.parentElement, i++) {
    const style = getComputedStyle(one);
    if ((style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) || style.boxShadow !== 'none') return true;
  }
  return false;
})()`;
