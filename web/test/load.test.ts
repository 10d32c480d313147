/** The console under load: keys are answered while a thousand values a second come in, and charts scroll. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { browserPath, type TestBrowser } from './browser.ts';
import { type ConsoleWorld, signIn, startConsoleWorld } from './console-world.ts';
import {
  chartCount,
  countReceived,
  createCharts,
  fleetDashboard,
  fleetSize,
  type SendingFleet,
  scrollCharts,
  startSendingFleet,
  typeUnderLoad,
  valuesPerDevice,
} from './measure.ts';

describe.skipIf(browserPath === undefined)('under load', () => {
  let world: ConsoleWorld;
  let browser: TestBrowser;
  let page: Page;
  let fleet: SendingFleet;
  let received: () => number;

  beforeAll(async () => {
    world = await startConsoleWorld();
    browser = await world.browse();
    page = await browser.open(`${world.app.url}/sign-in`);
    received = countReceived(page);
    await signIn(page);
    fleet = await startSendingFleet(world.app.client, world.app.mqttUrl);
  }, 60_000);
  afterEach(() => expect(browser.faults).toEqual([]));
  afterAll(async () => {
    await fleet?.stop();
    await world?.stop();
  });

  test('a dashboard of fifty devices is drawn in steps, and the palette answers each key', async () => {
    const board = fleetDashboard(fleet.devices[0]?.profileId ?? '');
    const { id } = await world.app.client.dashboards.create(board);
    await page.goto(`${world.app.url}/dashboards/${id}`);
    await page.getByRole('cell', { name: 'pump-49' }).waitFor();
    await page.locator('.time-chart canvas').waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').waitFor();
    const load = await typeUnderLoad(page, received, '[role=combobox]', 'pump-17 pump-23 pump-41');
    // The four widgets ask for the same values, and each is sent them.
    expect(load.received / load.seconds).toBeGreaterThan((fleetSize * valuesPerDevice) / 2);
    // Ten steps a second, four of the charts, one of the clocks, and what the keys themselves change.
    expect(load.renderings / load.seconds).toBeLessThan(60);
    expect(load.delaysMs.at(Math.floor(load.delaysMs.length / 2))).toBeLessThan(100);
    await page.keyboard.press('Escape');
  });

  test('the list of devices is drawn in steps, and its search answers each key', async () => {
    await page.goto(`${world.app.url}/devices?keys=level`);
    await page.getByRole('link', { name: 'pump-00' }).waitFor();
    const load = await typeUnderLoad(page, received, 'input[type=search]', 'pump-0');
    expect(load.received).toBeGreaterThan(0);
    expect(load.renderings / load.seconds).toBeLessThan(60);
    expect(load.delaysMs.at(Math.floor(load.delaysMs.length / 2))).toBeLessThan(100);
  });

  test.each([
    ['live', 'every point is drawn', 280],
    ['1h', 'the server makes 500 of them', 3_500],
  ] as const)('ten charts with 10,000 points each scroll (%s: %s)', async (range, _how, spanS) => {
    await fleet.stop();
    const { id } = await world.app.client.dashboards.create(await createCharts(world.app.client, range, spanS));
    await page.goto(`${world.app.url}/dashboards/${id}`);
    const { framesMs, drawn } = await scrollCharts(page);
    // The half of them within a frame and a bit, also where graphics are drawn by the processor.
    expect(framesMs[Math.floor(framesMs.length / 2)]).toBeLessThan(34);
    // Those that move are drawn, and of these only what is near the window.
    expect(drawn > 0).toBe(range === 'live');
    expect(drawn).toBeLessThan(chartCount);
  });
});
