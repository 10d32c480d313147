/** A gate is built and people and devices go through it: the whole way, in each language of the console. */
import { expect, test } from 'vitest';
import { browserPath } from './browser.ts';
import { chartTexts, keepChartTexts } from './chart-texts.ts';
import { startNewWorld } from './console-world.ts';
import { addWidget, newDashboard, saveDashboard } from './steps/dashboards.ts';
import { addAttribute, editAttribute, openTab, openToFleet, rotateToken, seeFirstMessage } from './steps/devices.ts';
import { setUp, signIn, signOut } from './steps/gate.ts';
import { importList, listOfDevices } from './steps/imports.ts';
import { createVisitor, goTo, type Language, localeOf } from './steps/visitor.ts';
import { connectDevice, provisionDevice } from './test-device.ts';
import { textsOf } from './texts.ts';

const owner = { email: 'made@example.com', password: 'sawah berundak 41 jatiluwih' };
const languages: readonly Language[] = ['en', 'id'];

test.skipIf(browserPath === undefined).each(languages)(
  'from the set-up link to the sign-out, with a device that comes in by itself and 5,000 that are imported, in "%s"',
  async (language) => {
    const world = await startNewWorld();
    try {
      const browser = await world.browse({ locale: localeOf[language] });
      await keepChartTexts(browser.context);
      const page = await browser.open(world.setupLink);
      const made = createVisitor(page, language);
      const { t, number } = made;

      await setUp(made, owner, 'Subak Jatiluwih');
      expect(await page.locator('html').getAttribute('lang')).toBe(language);

      const fleet = await openToFleet(made, 'Pump');
      const token = await provisionDevice(world.mqttUrl, 'pump-1', fleet);
      const pump = await connectDevice(world.mqttUrl, token);
      await pump.send({ pressure: 1041.5 });
      await seeFirstMessage(made, 'pump-1', number(1041.5));

      await pump.send({ pressure: 1043.25 });
      await page.getByRole('cell', { name: number(1043.25), exact: true }).waitFor();
      await openTab(made, 'chart');
      await expect.poll(() => chartTexts(page)).toContain(number(1043));
      await pump.send({ pressure: 5000 });
      await expect.poll(() => chartTexts(page)).toContain(number(5000));

      await openTab(made, 'attributes');
      await addAttribute(made, 'intervalSeconds', 15);
      await editAttribute(made, 'intervalSeconds', 3600);
      await expect.poll(() => pump.told).toEqual([{ intervalSeconds: 15 }, { intervalSeconds: 3600 }]);

      await openTab(made, 'credentials');
      const { current, old } = await rotateToken(made);
      expect([old === token, current === token]).toEqual([true, false]);
      await pump.leave();
      // Both open the gate until the new one has reached the device.
      await (await connectDevice(world.mqttUrl, old)).leave();
      const renewed = await connectDevice(world.mqttUrl, current);

      const credentials = await importList(made, listOfDevices(5000), 5000);
      expect(credentials).toHaveLength(4999);
      const [, , , imported = ''] = (credentials.at(-1) ?? '').split(',');
      await (await connectDevice(world.mqttUrl, imported)).leave();
      await goTo(made, 'devices');
      await page.getByRole('searchbox').fill('AA:4999');
      await page.getByRole('link', { name: 'AA:4999' }).click();
      await openTab(made, 'attributes');
      await page.getByRole('button', { name: t.devices.attributes.scopes.server }).click();
      await page.getByRole('cell', { name: `Hall ${4999 % 9}` }).waitFor();

      await newDashboard(made, 'Water');
      await addWidget(made, 'value', 'pump-1', 'pressure');
      await addWidget(made, 'timeSeries', 'pump-1', 'pressure');
      // The range that is looked at is the one that it opens with from then on.
      await page.getByRole('button', { name: t.common.range.live, exact: true }).click();
      await saveDashboard(made);
      await page.reload();
      await page.getByRole('heading', { name: 'Water', level: 1 }).waitFor();
      await page.getByText(number(5000), { exact: true }).waitFor();
      await expect.poll(() => chartTexts(page)).toContain(number(5000));
      await renewed.send({ pressure: 1234.5 });
      await page.getByText(number(1234.5), { exact: true }).waitFor();
      await renewed.leave();

      await signOut(made, owner.email);
      await page.goto(`${world.url}/devices?search=pump`);
      await page.waitForURL(/\/sign-in\?next=/);
      expect((await page.request.get(`${world.url}/v1/devices`)).status()).toBe(401);
      // Who signs in again goes on where they were.
      await signIn(made, owner);
      await page.getByRole('link', { name: 'pump-1' }).waitFor();
      expect(browser.faults).toEqual([]);
    } finally {
      await world.stop();
    }
  },
  90_000,
);

test('the texts of the two journeys are not the same', () => {
  expect(textsOf.id.signIn.submit).not.toBe(textsOf.en.signIn.submit);
});
