/** Each page in both themes: axe-core finds nothing serious, the policy is kept, nothing foreign is asked for. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { browserPath, type TestBrowser } from './browser.ts';
import { type ConsoleWorld, signIn, startConsoleWorld } from './console-world.ts';
import { everyKind } from './every-kind.ts';

const axeSource = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

interface AxeViolation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

/** Serious and critical findings, in words. */
async function findingsOf(page: Page): Promise<string[]> {
  await page.evaluate(axeSource);
  const { violations } = await page.evaluate<{ violations: AxeViolation[] }>('axe.run(document)');
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`));
}

const pages = [
  '/',
  '/devices',
  '/devices?keys=temperature,state',
  '/devices/add',
  '/devices/:device',
  '/devices/:device?tab=chart',
  '/devices/:device?tab=attributes',
  '/devices/:device?tab=credentials',
  '/devices/:device?tab=audit',
  '/devices/:device/dashboard',
  '/dashboards',
  '/dashboards/:dashboard',
  '/dashboards/:dashboard?edit=true',
  '/profiles',
  '/profiles/:profile',
  '/import',
  '/people',
  '/api-keys',
  '/audit',
  '/settings',
  '/nowhere',
];

describe.skipIf(browserPath === undefined).each(['light', 'dark'] as const)('in the %s theme', (colorScheme) => {
  let world: ConsoleWorld;
  let browser: TestBrowser;
  let page: Page;
  let deviceId: string;
  let profileId: string;
  let dashboardId: string;

  beforeAll(async () => {
    world = await startConsoleWorld();
    const device = await world.app.client.devices.create({ name: '<img src=x onerror=alert(1)>', label: 'Hall 3' });
    deviceId = device.id;
    await world.app.client.telemetry.write(deviceId, { temperature: 21.5, state: '<b>on</b>', isOpen: true });
    profileId = device.profileId;
    dashboardId = (await world.app.client.dashboards.create({ name: '<b>Hall</b>', layout: everyKind(deviceId) })).id;
    await world.app.client.attributes.write(deviceId, 'shared', { interval: 10 });
    browser = await world.browse({ colorScheme });
    page = await browser.open(`${world.app.url}/sign-in`);
  });
  afterAll(() => world.stop());

  test('the sign-in has no serious finding', async () => {
    await page.waitForSelector('form');
    expect(await findingsOf(page)).toEqual([]);
    await signIn(page);
  });

  test.each(pages)('%s has no serious finding', async (path) => {
    const ids = { ':device': deviceId, ':profile': profileId, ':dashboard': dashboardId };
    const address = Object.entries(ids).reduce((text, [name, id]) => text.replace(name, id), path);
    await page.goto(world.app.url + address);
    await page.waitForSelector(path === '/nowhere' ? 'main h2' : 'main h1');
    await page.waitForLoadState('networkidle');
    expect(await findingsOf(page)).toEqual([]);
  });

  test('the palette has no serious finding', async () => {
    await page.goto(world.app.url);
    await page.waitForSelector('h1');
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').fill('img');
    await page.getByRole('option', { name: /<img/ }).waitFor();
    expect(await findingsOf(page)).toEqual([]);
  });

  test('no page wrote an error, ran what a device is named, or asked another server', () => {
    expect(browser.faults).toEqual([]);
  });
});
