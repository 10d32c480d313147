/**
 * Takes the pictures of docs/images: each page on a server with the demo's fleet, light and dark, on a desk and a phone.
 *
 *     npm run screenshots                          all
 *     npm run screenshots -- '^(overview|devices)$'   those whose name matches
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import type { CreateDashboard } from '#contract/dashboards.ts';
import type { Device } from '#contract/devices.ts';
import type { GapuraClient } from '#sdk/client.ts';
import { createNodeDeviceHttp } from '#sdk/device/node-http.ts';
import { startDemoFleet } from '../server/src/simulate/demo-fleet.ts';
import { createHttpTransport, createMqttTransport } from '../server/src/simulate/uplink.ts';
import { createTestApp, ownerEmail, ownerPassword, type TestApp } from '../server/test/create-test-app.ts';
import { createBrowsers } from '../web/test/browser.ts';

/** Lorries on their way: each kind of widget. */
function coldChainDashboard(device: Device | undefined): CreateDashboard {
  if (device === undefined) throw new Error('The demo has no devices.');
  const all = { type: 'profile', profileId: device.profileId } as const;
  const one = { type: 'variable', name: 'lorry' } as const;
  const at = (id: string, x: number, y: number, w: number, h: number, title: string) => ({ id, x, y, w, h, title });
  const temperature = { key: 'temperature', unit: '°C', decimals: 1 };
  return {
    name: 'Cold chain',
    description: 'Lorries on their way',
    layout: {
      version: 1,
      range: 'live',
      variables: [{ name: 'lorry', label: 'Lorry', type: 'device', deviceId: device.id, profileId: device.profileId }],
      widgets: [
        { ...at('a', 0, 0, 3, 3, 'Temperature'), kind: 'value', source: one, ...temperature },
        { ...at('b', 3, 0, 3, 3, 'Battery'), kind: 'gauge', source: one, key: 'battery', min: 0, max: 100, unit: '%' },
        { ...at('c', 6, 0, 6, 6, 'Temperature of all'), kind: 'timeSeries', source: all, keys: ['temperature'] },
        { ...at('d', 0, 3, 3, 3, 'Fleet'), kind: 'statusGrid', source: all },
        {
          ...at('e', 3, 3, 3, 3, 'Rule'),
          kind: 'text',
          text: 'Doors stay shut on the way.\nAbove 8 °C: call the depot.',
        },
        {
          ...at('f', 0, 6, 6, 6, 'Where they are'),
          ...{ kind: 'map', source: all, latitudeKey: 'latitude', longitudeKey: 'longitude', valueKey: 'temperature' },
        },
        { ...at('g', 6, 6, 6, 6, 'All'), kind: 'table', source: all, keys: ['temperature', 'battery', 'doorOpen'] },
      ],
    },
  };
}

/** What a place that has run for a day has: people, keys, dashboards, attributes, and somebody who was turned away. */
async function furnish({ client, url }: TestApp): Promise<void> {
  for (const [email, role] of [
    ['wayan@example.com', 'admin'],
    ['ketut@example.com', 'operator'],
    ['made@example.com', 'viewer'],
  ] as const) {
    await client.users.create({ email, role, password: ownerPassword });
  }
  for (const [name, role] of [
    ['Grafana', 'viewer'],
    ['Import of the depot', 'operator'],
  ] as const) {
    await client.apiKeys.create({ name, role });
  }
  for (const [name, description] of [
    ['Greenhouses', 'Climate and soil of every bed'],
    ['Energy', 'What each hall takes'],
  ] as const) {
    await client.dashboards.create({ name, description });
  }
  const devices = (await client.devices.list({ limit: 100 })).items;
  for (const [i, { id, name }] of devices.entries()) {
    if (!name.startsWith('energy')) await client.devices.update(id, { label: `Hall ${(i % 4) + 1}` });
    await client.attributes.write(id, 'shared', { intervalSeconds: 2, alarmAbove: 8, site: 'Denpasar' });
  }
  for (let i = 0; i < 7; i++) {
    await fetch(`${url}/api/v1/not-a-token-${i}/telemetry`, { method: 'POST', body: '{"a":1}' });
  }
}

/** The five minutes before the demo began, so that lines are seen from one side of a chart to the other. */
async function recallPast(client: GapuraClient): Promise<void> {
  const nowMs = Date.now();
  const stepMs = 5000;
  for (const { id } of (await client.devices.list({ limit: 100 })).items) {
    const keys = Object.keys(await client.telemetry.latest(id));
    const known = await client.telemetry.range(id, { keys, from: 0, to: nowMs, order: 'asc', limit: 1 });
    const points: { ts: number; values: Record<string, number> }[] = [];
    for (const [key, [first]] of Object.entries(known)) {
      if (first === undefined || typeof first.value !== 'number') continue;
      let value = first.value;
      for (let i = 0, ts = first.ts - stepMs; ts > nowMs - 310_000; ts -= stepMs, i++) {
        value += (first.value / 60) * Math.sin(i / 6) * Math.random() * (/^l(at|ong)itude$/.test(key) ? 0.02 : 1);
        points[i] ??= { ts, values: {} };
        (points[i] ?? { values: {} as Record<string, number> }).values[key] = value;
      }
    }
    if (points.length > 0) await client.telemetry.write(id, points);
  }
}

interface Shot {
  readonly name: string;
  readonly path: string;
  /** What has to be on the page before the picture is taken. */
  readonly waitFor?: string;
  prepare?(page: Page): Promise<void>;
  /** Seen without signing in. */
  readonly isPublic?: boolean;
}

const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
const wanted = process.argv[2] ?? '';
const directory = process.env['SCREENSHOTS_DIR'] ?? fileURLToPath(new URL('../docs/images', import.meta.url));
/** Long enough for lines to be seen in charts. */
const warmUpMs = Number(process.env['SCREENSHOTS_WARM_UP_MS'] ?? 20_000);

const app = await createTestApp();
const browsers = createBrowsers(app.url);
const http = createNodeDeviceHttp();
const fleet = await startDemoFleet(app.client, [createMqttTransport(app.mqttUrl), createHttpTransport(app.url, http)]);
await new Promise((resolve) => setTimeout(resolve, warmUpMs));
await recallPast(app.client);
const [device] = (await app.client.devices.list({ limit: 1, sort: 'name' })).items;

const dashboard = await app.client.dashboards.create(coldChainDashboard(device));
await furnish(app);

const shots: readonly Shot[] = [
  { name: 'sign-in', path: '/sign-in', isPublic: true },
  { name: 'overview', path: '/', waitFor: 'main ul' },
  { name: 'devices', path: '/devices?keys=temperature,power' },
  { name: 'add-device', path: '/devices/add' },
  {
    name: 'add-device-connect',
    path: '/devices/add',
    prepare: async (page: Page) => {
      await page.getByLabel('Name', { exact: true }).fill(`gate-${Math.random().toString(36).slice(2, 6)}`);
      await page.getByRole('button', { name: 'Create the device' }).click();
      await page.waitForSelector('pre');
    },
  },
  ...['overview', 'chart', 'attributes', 'credentials', 'audit'].map((tab) => ({
    name: `device-${tab}`,
    path: `/devices/${device?.id}?tab=${tab}${tab === 'chart' ? '&keys=temperature' : ''}`,
  })),
  {
    name: 'palette',
    path: '/',
    prepare: async (page: Page) => {
      await page.keyboard.press('Control+k');
      await page.keyboard.type('e');
    },
  },
  { name: 'profiles', path: '/profiles' },
  { name: 'import', path: '/import' },
  {
    name: 'import-columns',
    path: '/import',
    prepare: async (page: Page) => {
      const csv = 'MAC;Place;Interval\nA4:CF:12:0B:33:01;Denpasar;60\nA4:CF:12:0B:33:02;Tabanan;300\n';
      await page
        .locator('input[type=file]')
        .setInputFiles({ name: 'depot.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
      await page.getByRole('button', { name: 'Check the file' }).waitFor();
    },
  },
  {
    name: 'add-device-fleet',
    path: '/devices/add',
    prepare: async (page: Page) => void (await page.getByRole('radio', { name: /A fleet/ }).check()),
  },
  {
    name: 'dashboard-widget',
    path: `/dashboards/${dashboard.id}?edit=true`,
    prepare: async (page: Page) => {
      await page.getByRole('button', { name: 'Add a widget' }).click();
      await page.getByRole('dialog').waitFor();
    },
  },
  { name: 'people', path: '/people' },
  { name: 'api-keys', path: '/api-keys' },
  { name: 'audit-log', path: '/audit' },
  { name: 'settings', path: '/settings' },
  { name: 'profile', path: `/profiles/${device?.profileId}` },
  { name: 'dashboards', path: '/dashboards' },
  { name: 'dashboard', path: `/dashboards/${dashboard.id}`, waitFor: '.time-chart canvas' },
  { name: 'dashboard-edit', path: `/dashboards/${dashboard.id}?edit=true`, waitFor: 'main section[aria-label]' },
  { name: 'dashboard-device', path: `/devices/${device?.id}/dashboard?range=live`, waitFor: '.time-chart canvas' },
].filter(({ name }) => new RegExp(wanted).test(name));

await mkdir(directory, { recursive: true });
try {
  for (const [sizeName, size] of Object.entries(sizes)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      const browser = await browsers.browse({ ...size, colorScheme });
      const signedOut = shots.filter(({ isPublic }) => isPublic === true);
      for (const shot of signedOut) await take(await browser.open(app.url + shot.path), shot, sizeName, colorScheme);
      const page = await browser.open(`${app.url}/sign-in`);
      await page.fill('input[name=email]', ownerEmail);
      await page.fill('input[name=password]', ownerPassword);
      await page.click('button[type=submit]');
      await page.waitForSelector('h1');
      for (const shot of shots.filter(({ isPublic }) => isPublic !== true)) {
        await page.goto(app.url + shot.path);
        await take(page, shot, sizeName, colorScheme);
      }
      for (const fault of browser.faults) console.error(`${sizeName} ${colorScheme}: ${fault}`);
      await browser.context.close();
    }
  }
} finally {
  await browsers.close();
  await fleet.stop();
  http.close();
  await app.stop();
}

async function take(page: Page, shot: Shot, sizeName: string, colorScheme: string): Promise<void> {
  await page.waitForSelector(shot.waitFor ?? 'h1');
  await shot.prepare?.(page);
  // Values, fonts and charts settle.
  await page.waitForTimeout(1200);
  await page.screenshot({ path: join(directory, `${shot.name}-${sizeName}-${colorScheme}.png`) });
}
