/**
 * Every page and dialog in both themes, on a desk and on a phone, in a world whose names are all markup: axe-core finds
 * nothing serious, nothing is wider than the window, what people and devices named is text, nothing foreign is asked for.
 */
import { readdirSync, readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { ownerPassword } from '../../server/test/create-test-app.ts';
import { findingsOf, look, type Place } from './accessibility.ts';
import { browserPath, type TestBrowser } from './browser.ts';
import { type ConsoleWorld, signIn, startConsoleWorld, startNewWorld } from './console-world.ts';
import { button, dialogs, pages, steps } from './page-states.ts';
import { grownFrom, type PlantedWorld, plantEverywhere, planted } from './planted.ts';
import { settled } from './settled.ts';
import { textsOf } from './texts.ts';

const t = textsOf.en;

describe.skipIf(browserPath === undefined)('every page', () => {
  let world: ConsoleWorld;
  let browser: TestBrowser;
  let page: Page;
  let ids: PlantedWorld & { emptyProfileId: string };

  beforeAll(async () => {
    world = await startConsoleWorld();
    const { client, url } = world.app;
    const { id: emptyProfileId } = await client.profiles.create({ name: `${planted} without devices` });
    ids = { ...(await plantEverywhere(client, url, ownerPassword)), emptyProfileId };
    browser = await world.browse();
    page = await browser.open(`${url}/sign-in`);
  });
  afterEach(async () => {
    expect(await grownFrom(page)).toEqual([]);
    expect(browser.faults).toEqual([]);
  });
  afterAll(() => world?.stop());

  /** First where it is narrow: what fits there fits everywhere. */
  async function visit(path: string, [place = 'phone']: readonly Place[] = []): Promise<void> {
    const address = Object.entries(ids).reduce((text, [name, id]) => text.replace(`$${name}`, id), path);
    await look(page, place);
    await page.goto(world.app.url + address);
    await page.waitForSelector('main h1, main h2');
    await settled(page);
  }

  test('the sign-in, first as it is and then when it refuses', async () => {
    await page.waitForSelector('form');
    expect(await findingsOf(page)).toEqual([]);
    await page.getByLabel(t.signIn.email).fill('nobody@example.com');
    await page.getByLabel(t.signIn.password).fill(planted);
    await button(page, t.signIn.submit);
    await page.getByRole('alert').waitFor();
    expect(await findingsOf(page)).toEqual([]);
    await signIn(page);
  });

  test.each(pages)('%s', async (path) => {
    await visit(path);
    expect(await findingsOf(page)).toEqual([]);
    if (!['/devices/add', '/import'].includes(path)) {
      // It is there, and it is text; somewhere it is the value of a field.
      const shown = await page.evaluate<string>(
        `document.querySelector('main').textContent + [...document.querySelectorAll('main input')].map((one) => one.value)`,
      );
      expect(shown).toContain(planted);
    }
  });

  test.each(dialogs)('$path with $name', async ({ path, open, places }) => {
    await visit(path, places);
    await open(page);
    const opened = page.getByRole('dialog').or(page.getByRole('menu')).first();
    await opened.waitFor();
    await settled(page);
    expect(await findingsOf(page, places, '[role=dialog], [role=menu]')).toEqual([]);
    // It stands in each of the views.
    expect(await opened.count()).toBe(1);
  });

  test.each(steps)('$path with $name', async ({ path, open }) => {
    await visit(path);
    await open(page);
    expect(await findingsOf(page)).toEqual([]);
  });

  test('an address that leads nowhere', async () => {
    await visit('/nowhere');
    expect(await findingsOf(page)).toEqual([]);
  });

  test('the set-up of a new Gapura', async () => {
    const fresh = await startNewWorld();
    try {
      const owner = await fresh.browse();
      const first = await owner.open(fresh.setupLink);
      await first.getByLabel(t.setUp.password, { exact: true }).fill('aaaaaaaaaaaa');
      await first.getByText(t.setUp.strength[0]).waitFor();
      expect(await findingsOf(first)).toEqual([]);
      expect(owner.faults).toEqual([]);
    } finally {
      await fresh.stop();
    }
  });

  test('markup that was taken for markup would be found', async () => {
    const elsewhere = await (await world.browse()).open(`${world.app.url}/sign-in`);
    await elsewhere.evaluate(`document.body.insertAdjacentHTML('beforeend', ${JSON.stringify(planted)})`);
    expect(await grownFrom(elsewhere)).toEqual([expect.stringContaining('data-planted')]);
  });

  test('none is left out', () => {
    const routes = new URL('../src/routes/', import.meta.url);
    const sources = readdirSync(routes).map((file) => readFileSync(new URL(file, routes), 'utf8'));
    const paths = sources.flatMap((source) => [...source.matchAll(/\bpath: '([^']+)'/g)].map(([, path = '']) => path));
    const visited = new Set([...pages.map((path) => path.replace(/\?.*/, '')), '/sign-in', '/setup']);
    expect(paths.filter((path) => !visited.has(path))).toEqual([]);
    expect(paths.length).toBeGreaterThan(10);
  });
});
