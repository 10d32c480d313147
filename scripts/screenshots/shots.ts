/** Which pictures there are: where, and what somebody does there before each is taken. */
import type { Page } from 'playwright-core';
import type { Device } from '#contract/devices.ts';
import { connectDevice } from '../../web/test/test-device.ts';

export interface Shot {
  readonly name: string;
  readonly path: string;
  /** Shown in the documents; the others are to look at. */
  readonly isKept?: boolean;
  /** What has to be on the page before the picture is taken. */
  readonly waitFor?: string;
  prepare?(page: Page): Promise<unknown>;
  /** Seen without signing in. */
  readonly isPublic?: boolean;
}

export interface Places {
  readonly mqttUrl: string;
  readonly dashboardId: string;
  readonly devices: ReadonlyMap<string, Device>;
}

/** Names for devices that the wizard makes; two pictures cannot have the same. */
const names = ['gh6-bed-a', 'gh6-bed-b', 'gh7-bed-a', 'gh7-bed-b', 'gh8-bed-a', 'gh8-bed-b', 'gh9-bed-a', 'gh9-bed-b'];

async function addDevice(page: Page): Promise<string> {
  await page.getByLabel('Name', { exact: true }).fill(names.shift() ?? 'gh10-bed-a');
  await page.getByLabel('Label', { exact: true }).fill('Seedlings, new house');
  await page.getByLabel('Profile', { exact: true }).selectOption('Greenhouse');
  await page.getByRole('button', { name: 'Create the device' }).click();
  await page.getByText('Waiting for the first message').waitFor();
  return (
    (await page.getByText('Access token', { exact: true }).locator('xpath=..').locator('code').getAttribute('title')) ??
    ''
  );
}

export function shotsOf({ mqttUrl, dashboardId, devices }: Places): readonly Shot[] {
  const lorry = devices.get('DK 8123 KB');
  const device = `/devices/${lorry?.id}`;
  return [
    { name: 'sign-in', path: '/sign-in', isPublic: true },
    { name: 'overview', path: '/', waitFor: 'main ul', isKept: true },
    { name: 'devices', path: '/devices?keys=temperature', isKept: true },
    { name: 'add-device', path: '/devices/add' },
    { name: 'add-device-connect', path: '/devices/add', prepare: addDevice },
    {
      name: 'add-device-arrived',
      path: '/devices/add',
      isKept: true,
      async prepare(page) {
        const sensor = await connectDevice(mqttUrl, await addDevice(page));
        await sensor.send({ temperature: 25.4, humidity: 71, soilMoisture: 58.5, battery: 100 });
        await page.getByText('It is here').waitFor();
        // The code that was shown says the same.
        await page.getByRole('button', { name: 'mosquitto' }).click();
      },
    },
    {
      name: 'add-device-fleet',
      path: '/devices/add',
      prepare: (page) => page.getByRole('radio', { name: /A fleet/ }).check(),
    },
    { name: 'device', path: device, isKept: true },
    {
      name: 'device-chart',
      path: `${device}?tab=chart&keys=temperature`,
      waitFor: '.time-chart canvas',
      isKept: true,
      prepare: (page) => page.getByRole('button', { name: '24 h' }).click(),
    },
    ...['attributes', 'credentials', 'events', 'audit'].map((tab) => ({
      name: `device-${tab}`,
      path: `${device}?tab=${tab}`,
    })),
    {
      name: 'palette',
      path: '/',
      async prepare(page) {
        await page.keyboard.press('Control+k');
        await page.getByRole('combobox').fill('gh2');
        await page.getByRole('option', { name: 'gh2-bed-a' }).waitFor();
      },
    },
    { name: 'dashboards', path: '/dashboards' },
    { name: 'dashboard', path: `/dashboards/${dashboardId}`, waitFor: '.time-chart canvas', isKept: true },
    { name: 'dashboard-edit', path: `/dashboards/${dashboardId}?edit=true`, waitFor: 'main section[aria-label]' },
    {
      name: 'dashboard-widget',
      path: `/dashboards/${dashboardId}?edit=true`,
      async prepare(page) {
        await page.getByRole('button', { name: 'Add a widget' }).click();
        await page.getByRole('dialog').waitFor();
      },
    },
    { name: 'dashboard-device', path: `${device}/dashboard?range=24h`, waitFor: '.time-chart canvas' },
    { name: 'import', path: '/import' },
    { name: 'import-columns', path: '/import', prepare: chooseList },
    {
      name: 'import-checked',
      path: '/import',
      async prepare(page) {
        await chooseList(page);
        await page.getByRole('button', { name: 'Check the file' }).click();
        await page.getByText('Checked: nothing was changed').waitFor();
        await page.getByRole('heading', { name: 'Rows with errors' }).scrollIntoViewIfNeeded();
      },
    },
    { name: 'profiles', path: '/profiles' },
    { name: 'profile', path: `/profiles/${lorry?.profileId}` },
    { name: 'people', path: '/people' },
    { name: 'api-keys', path: '/api-keys' },
    { name: 'audit-log', path: '/audit' },
    { name: 'settings', path: '/settings' },
  ];
}

/** As a depot would send it; one row is wrong. */
async function chooseList(page: Page): Promise<void> {
  const rows = Array.from({ length: 340 }, (_, i) => {
    const mac = `A4:CF:12:0B:33:${(i % 256).toString(16).toUpperCase().padStart(2, '0')}`;
    return `${i === 200 ? '' : `${mac}-${Math.floor(i / 256)}`};${['Denpasar', 'Tabanan', 'Gianyar'][i % 3]};${60 * (1 + (i % 5))}`;
  });
  const buffer = Buffer.from(['MAC;Place;Interval', ...rows, ''].join('\n'));
  await page.locator('input[type=file]').setInputFiles({ name: 'depot.csv', mimeType: 'text/csv', buffer });
  await page.getByRole('button', { name: 'Check the file' }).waitFor();
}
