/** What charts ask the server for: one question, however many lines there are. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserPath, type TestBrowser } from './browser.ts';
import { type ConsoleWorld, signIn, startConsoleWorld } from './console-world.ts';

describe.skipIf(browserPath === undefined)('the history of a chart', () => {
  let world: ConsoleWorld;
  let browser: TestBrowser;
  let page: Page;
  let asked: string[] = [];
  const ids: string[] = [];
  let profileId = '';

  beforeAll(async () => {
    world = await startConsoleWorld();
    const { client } = world.app;
    ({ id: profileId } = await client.profiles.create({ name: 'Pump' }));
    const nowMs = Date.now();
    for (const name of ['pump-1', 'pump-2', 'pump-3']) {
      const { id } = await client.devices.create({ name, profileId });
      ids.push(id);
      const values = { flow: 1, 'a,b': 2, pressure: 3 };
      await client.telemetry.write(
        id,
        Array.from({ length: 20 }, (_, i) => ({ ts: nowMs - i * 1000, values })),
      );
    }
    browser = await world.browse();
    page = await browser.open(world.app.url);
    await signIn(page);
    page.on('request', (request) => {
      const { pathname } = new URL(request.url());
      if (/\/telemetry(\/query)?$/.test(pathname)) asked.push(`${request.method()} ${pathname}`);
    });
  });
  afterAll(async () => {
    expect(browser.faults).toEqual([]);
    await world.stop();
  });

  test('of several keys of a device is one question', async () => {
    asked = [];
    await page.goto(`${world.app.url}/devices/${ids[0]}?tab=chart`);
    await page.locator('.u-legend').getByText('a,b').waitFor();
    await page.getByText('No values in this range').waitFor({ state: 'detached' });
    expect(asked).toEqual(['POST /v1/telemetry/query']);
  });

  test('stands in the address with its keys and its time, whatever a key is called', async () => {
    await page.goto(`${world.app.url}/devices/${ids[0]}?tab=chart`);
    const keys = page.getByRole('group', { name: 'Keys' });
    await keys.getByRole('button', { name: 'flow' }).click();
    await keys.getByRole('button', { name: 'pressure' }).click();
    await page.getByRole('button', { name: '24 h' }).click();
    await expect.poll(() => new URL(page.url()).searchParams.get('range')).toBe('24h');
    await page.reload();
    await page.locator('.u-legend').getByText('a,b').waitFor();
    const pressed = keys.locator('[aria-pressed=true]');
    await expect.poll(() => pressed.allTextContents()).toEqual(['a,b']);
    expect(await page.getByRole('button', { name: '24 h' }).getAttribute('aria-pressed')).toBe('true');
  });

  test('of a key of several devices is one question', async () => {
    const { id } = await world.app.client.dashboards.create({
      name: 'Pumps',
      layout: {
        version: 1,
        range: '1h',
        variables: [],
        widgets: [
          {
            ...{ id: 'a', x: 0, y: 0, w: 8, h: 6, title: 'Flow', kind: 'timeSeries', keys: ['flow'] },
            source: { type: 'profile', profileId },
          },
        ],
      },
    });
    asked = [];
    await page.goto(`${world.app.url}/dashboards/${id}`);
    for (const name of ['pump-1', 'pump-2', 'pump-3']) await page.locator('.u-legend').getByText(name).waitFor();
    expect(asked).toEqual(['POST /v1/telemetry/query']);
  });
});
