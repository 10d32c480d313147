/** The network goes and comes back: what is shown is told to be old, and nothing of the time between is missing. */
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CreatedDevice } from '#contract/devices.ts';
import { createTestApp, type TestApp } from '../../server/test/create-test-app.ts';
import { type Browsers, browserPath, createBrowsers, type TestBrowser } from './browser.ts';
import { chartTexts, keepChartTexts } from './chart-texts.ts';
import { signIn } from './console-world.ts';
import { type CuttableLine, layLine } from './cuttable-line.ts';
import { connectDevice, type TestDevice } from './test-device.ts';

describe.skipIf(browserPath === undefined)('when the connection is lost', () => {
  let app: TestApp;
  let line: CuttableLine;
  let browsers: Browsers;
  let browser: TestBrowser;
  let page: Page;
  let id: string;
  let device: TestDevice;

  beforeAll(async () => {
    app = await createTestApp();
    line = await layLine(app.url);
    browsers = createBrowsers(line.url);
    browser = await browsers.browse();
    await keepChartTexts(browser.context);
    page = await browser.open(line.url);
    await signIn(page);
  });
  beforeEach(async (context) => {
    const made = await app.client.devices.create({ name: context.task.id });
    id = made.id;
    device = await connectDevice(app.mqttUrl, tokenOf(made));
    await device.send({ level: 1.5 });
  });
  afterEach(async () => {
    line.mend();
    await device.leave();
    expect(browser.faults).toEqual([]);
  });
  afterAll(async () => {
    await browsers.close();
    await line.close();
    await app.stop();
  });

  const lost = () => page.getByText(/^Connection lost\./);

  test('latest values are told to be old, and are caught up when it is back', async () => {
    await page.goto(`${line.url}/devices/${id}`);
    await page.getByRole('cell', { name: '1.5', exact: true }).waitFor();
    await page.getByText('Online', { exact: true }).first().waitFor();
    line.cut();
    await lost().waitFor();
    await page.getByText('State unknown: connection lost').first().waitFor();
    await device.send({ level: 2 });
    expect(await page.getByRole('cell', { name: '1.5', exact: true }).count()).toBe(1);
    line.mend();
    await lost().waitFor({ state: 'detached' });
    await page.getByRole('cell', { name: '2', exact: true }).waitFor();
    await page.getByText('Online', { exact: true }).first().waitFor();
    await device.send({ level: 3 });
    await page.getByRole('cell', { name: '3', exact: true }).waitFor();
  });

  test('a chart has what came meanwhile, though it was no longer the latest', async () => {
    await page.goto(`${line.url}/devices/${id}?tab=chart`);
    await expect.poll(() => chartTexts(page)).not.toEqual([]);
    line.cut();
    await lost().waitFor();
    await device.send({ level: 5000 });
    await device.send({ level: 2 });
    expect(await chartTexts(page)).not.toContain('5,000');
    line.mend();
    await expect.poll(() => chartTexts(page)).toContain('5,000');
  });
});

function tokenOf({ credentials }: CreatedDevice): string {
  if (credentials.type !== 'ACCESS_TOKEN') throw new Error('The device has other credentials.');
  return credentials.token;
}
