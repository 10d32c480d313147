/** Each page in both themes, on a desk and on a phone: axe-core finds nothing serious, the policy is kept, nothing foreign is asked for. */
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
  // What fades in has its full contrast at the end.
  await page.evaluate(
    'Promise.all(document.getAnimations().filter((each) => each.effect.getTiming().iterations === 1).map((each) => each.finished))',
  );
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
  '/devices/:device?tab=events',
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

/** What opens over a page: its name, the page, and what opens it. */
const dialogs: readonly (readonly [name: string, path: string, open: (page: Page) => Promise<void>])[] = [
  ['a new dashboard', '/dashboards', (page) => page.getByRole('button', { name: 'New dashboard' }).click()],
  [
    'a new widget',
    '/dashboards/:dashboard?edit=true',
    (page) => page.getByRole('button', { name: 'Add a widget' }).click(),
  ],
  [
    'the variables',
    '/dashboards/:dashboard?edit=true',
    (page) => page.getByRole('button', { name: 'Variables' }).click(),
  ],
  [
    'a range of time',
    '/devices/:device?tab=chart',
    (page) => page.getByRole('button', { name: 'Custom' }).first().click(),
  ],
  ['the change of a device', '/devices/:device', (page) => page.getByRole('button', { name: 'Edit' }).first().click()],
  [
    'a new attribute',
    '/devices/:device?tab=attributes',
    (page) => page.getByRole('button', { name: 'Add attribute' }).first().click(),
  ],
  [
    'the rotation of credentials',
    '/devices/:device?tab=credentials',
    (page) => page.getByRole('button', { name: 'Rotate' }).click(),
  ],
  ['a new profile', '/profiles', (page) => page.getByRole('button', { name: 'New profile' }).click()],
  ['a new person', '/people', (page) => page.getByRole('button', { name: 'Add a person' }).click()],
  ['a new API key', '/api-keys', (page) => page.getByRole('button', { name: 'New API key' }).first().click()],
  ['the columns of the list', '/devices', (page) => page.getByRole('button', { name: /^Columns/ }).click()],
];

const views = [
  ['light', 'desk', 1280, 800],
  ['dark', 'desk', 1280, 800],
  ['light', 'phone', 390, 844],
] as const;

describe.skipIf(browserPath === undefined).each(views)(
  'in the %s theme on a %s',
  (colorScheme, place, width, height) => {
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
      browser = await world.browse({ colorScheme, width, height });
      page = await browser.open(`${world.app.url}/sign-in`);
    });
    afterAll(() => world.stop());

    async function visit(path: string): Promise<void> {
      const ids = { ':device': deviceId, ':profile': profileId, ':dashboard': dashboardId };
      const address = Object.entries(ids).reduce((text, [name, id]) => text.replace(name, id), path);
      await page.goto(world.app.url + address);
      await page.waitForSelector(path === '/nowhere' ? 'main h2' : 'main h1');
      await page.waitForLoadState('networkidle');
    }

    test('the sign-in has no serious finding', async () => {
      await page.waitForSelector('form');
      expect(await findingsOf(page)).toEqual([]);
      await signIn(page);
    });

    test.each(pages)('%s has no serious finding', async (path) => {
      await visit(path);
      expect(await findingsOf(page)).toEqual([]);
      // What is too wide scrolls within its own part, never the page.
      expect(await page.evaluate<number>('document.documentElement.scrollWidth'), 'width').toBeLessThanOrEqual(width);
    });

    test.each(dialogs)('the dialog for %s has no serious finding', async (_name, path, open) => {
      await visit(path);
      await open(page);
      await page.locator('[role=dialog], [role=menu]').first().waitFor();
      await page.waitForLoadState('networkidle');
      expect(await findingsOf(page)).toEqual([]);
    });

    test.each(['one device', 'a fleet'])('the steps of the wizard for %s have no serious finding', async (kind) => {
      await visit('/devices/add');
      const name = `${kind} ${place} ${colorScheme}`;
      if (kind === 'a fleet') {
        await page.getByRole('radio', { name: /A fleet/ }).check();
        await page.getByLabel('Name of the profile').fill(name);
        expect(await findingsOf(page)).toEqual([]);
        await page.getByRole('button', { name: 'Open the gate for them' }).click();
      } else {
        await page.getByLabel('Name', { exact: true }).fill(name);
        await page.getByRole('button', { name: 'Create the device' }).click();
      }
      await page.getByText('Waiting for the first message').waitFor();
      await page.waitForLoadState('networkidle');
      expect(await findingsOf(page)).toEqual([]);
      expect(await page.evaluate<number>('document.documentElement.scrollWidth'), 'width').toBeLessThanOrEqual(width);
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
  },
);
