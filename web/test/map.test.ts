/** The map of a dashboard by keyboard alone: each device on it has a name and leads to its page. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { browserPath } from './browser.ts';
import { type ConsoleWorld, signIn, startConsoleWorld } from './console-world.ts';
import { everyKind } from './every-kind.ts';

let world: ConsoleWorld;

beforeAll(async () => {
  if (browserPath !== undefined) world = await startConsoleWorld();
});
afterAll(() => world?.stop());

test.skipIf(browserPath === undefined)('a marker is reached by keys, says its name, and opens its device', async () => {
  const { client, url } = world.app;
  const device = await client.devices.create({ name: '<b>Pump</b>' });
  await client.telemetry.write(device.id, { lat: -6.2, lon: 106.8 });
  const { id } = await client.dashboards.create({ name: 'Map', layout: everyKind(device.id) });
  const browser = await world.browse();
  const page = await browser.open(`${url}/sign-in`);
  await signIn(page);
  await page.goto(`${url}/dashboards/${id}`);
  const marker = page.locator('path[role=link]').first();
  await marker.waitFor();
  expect(await marker.getAttribute('aria-label')).toContain('<b>Pump</b>');
  for (let i = 0; i < 100; i++) {
    if ((await page.evaluate('document.activeElement?.tagName.toLowerCase()')) === 'path') break;
    await page.keyboard.press('Tab');
  }
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/devices/${device.id}`);
  expect(browser.faults).toEqual([]);
});
