/**
 * Takes the pictures of docs/images, light and dark, on a desk and a phone, of a place that has run for a day.
 *
 *     npm run screenshots                              those that the documents show
 *     SCREENSHOTS_DIR=/tmp/x npm run screenshots       all, to look at
 *     npm run screenshots -- '^(overview|devices)$'    those whose name matches
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright-core';
import { createClient, type GapuraClient } from '#sdk/client.ts';
import { createCookieFetch } from '#sdk/cookie-fetch.ts';
import { signIn, startNewWorld } from '../web/test/console-world.ts';
import { settled } from '../web/test/settled.ts';
import { greenhouses, otherDashboards } from './screenshots/dashboards.ts';
import { createLivingFleet } from './screenshots/fleet.ts';
import { type Shot, shotsOf } from './screenshots/shots.ts';

const sizes = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };
const wanted = new RegExp(process.argv[2] ?? '');
const ownDirectory = process.env['SCREENSHOTS_DIR'];
const directory = ownDirectory ?? fileURLToPath(new URL('../docs/images', import.meta.url));
/** Long enough for the curves of messages and points to be seen on the overview. */
const warmUpMs = Number(process.env['SCREENSHOTS_WARM_UP_MS'] ?? 60_000);
const owner = { email: 'made@example.com', password: 'sawah berundak 41 jatiluwih' };

const setUpShot: Shot = {
  ...{ name: 'set-up', path: '/setup', isKept: true },
  async prepare(page) {
    await page.getByLabel('Organisation').fill('Subak Jatiluwih');
    await page.getByLabel('Your name').fill('Made Wirawan');
    await page.getByLabel('E-mail address').fill(owner.email);
    await page.getByLabel('Password').fill(owner.password);
    await page.getByText('Very good').waitFor();
  },
};
const isWanted = ({ name, isKept }: Shot): boolean =>
  wanted.test(name) && (isKept === true || ownDirectory !== undefined || process.argv[2] !== undefined);

// As the devices of the place know it: what the wizard shows shall be what somebody would read.
const world = await startNewWorld({ publicUrl: 'http://gapura.jatiluwih.example:8080', mqttPort: 1883 });
await mkdir(directory, { recursive: true });
try {
  if (isWanted(setUpShot)) {
    for (const size of Object.keys(sizes)) {
      const { context, open } = await world.browse();
      await take(await open('about:blank'), setUpShot, size, world.setupLink);
      await context.close();
    }
  }
  const client = createClient({ baseUrl: world.url, fetch: createCookieFetch() });
  const token = new URL(world.setupLink).hash.replace('#token=', '');
  await client.setup.complete({ ...owner, token, name: 'Made Wirawan', tenantName: 'Subak Jatiluwih', language: 'en' });
  await client.session.signIn(owner);
  const fleet = await createLivingFleet(client, world.mqttUrl);
  // Its history did not all arrive in this minute.
  await world.restart();
  const endFleet = await fleet.live();
  await furnish(client);
  const drawing = await world.browse();
  const bed = fleet.devices.get('gh1-bed-a');
  if (bed === undefined) throw new Error('The fleet has no greenhouse.');
  const dashboard = await client.dashboards.create(await greenhouses(await drawing.open('about:blank'), bed));
  for (const other of otherDashboards(fleet.devices)) await client.dashboards.create(other);
  await new Promise((resolve) => setTimeout(resolve, warmUpMs));

  const shots = shotsOf({ mqttUrl: world.mqttUrl, dashboardId: dashboard.id, devices: fleet.devices }).filter(isWanted);
  for (const size of Object.keys(sizes)) {
    const { open, faults } = await world.browse();
    const page = await open(`${world.url}/sign-in`);
    for (const shot of shots.filter(({ isPublic }) => isPublic === true)) await take(page, shot, size);
    await page.goto(`${world.url}/sign-in`);
    await signIn(page, owner.email, owner.password);
    for (const shot of shots.filter(({ isPublic }) => isPublic !== true)) await take(page, shot, size);
    for (const fault of faults) console.error(`${size}: ${fault}`);
  }
  await endFleet();
} finally {
  await world.stop();
}

/** In both themes. */
async function take(page: Page, shot: Shot, size: string, url = world.url + shot.path): Promise<void> {
  await page.setViewportSize(size === 'phone' ? sizes.phone : sizes.desktop);
  await page.emulateMedia({ colorScheme: 'light' });
  await page.goto(url);
  await page.waitForSelector(shot.waitFor ?? 'h1');
  await settled(page);
  await shot.prepare?.(page);
  await settled(page);
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme });
    // Values, fonts and charts settle; what flashes is over.
    await page.waitForTimeout(700);
    await page.screenshot({ path: join(directory, `${shot.name}-${size}-${colorScheme}.png`) });
  }
  console.log(`${shot.name}, ${size}`);
}

/** What a place that has run for a while has: people, keys, and somebody who was turned away. */
async function furnish(client: GapuraClient): Promise<void> {
  const { password } = owner;
  for (const [name, role, language] of [
    ['Wayan Sudarma', 'admin', 'id'],
    ['Ketut Ariani', 'operator', 'id'],
    ['Nyoman Putra', 'viewer', 'en'],
  ] as const) {
    const email = `${name.split(' ')[0]?.toLowerCase()}@example.com`;
    await client.users.create({ ...{ email, name, role, language, password } });
    if (role !== 'viewer') await createClient({ baseUrl: world.url }).session.signIn({ email, password });
  }
  for (const [name, role] of [
    ['Grafana', 'viewer'],
    ['Import of the depot', 'operator'],
  ] as const) {
    const { key } = await client.apiKeys.create({ name, role });
    await createClient({ baseUrl: world.url, apiKey: key }).devices.list({ limit: 1 });
  }
  for (let i = 0; i < 9; i++) {
    await fetch(`${world.url}/api/v1/not-a-token-${i}/telemetry`, { method: 'POST', body: '{"a":1}' });
    if (i % 3 > 0) continue;
    const request = { deviceName: `sensor-${i}`, provisionDeviceKey: 'old-firmware', provisionDeviceSecret: 'old' };
    await fetch(`${world.url}/api/v1/provision`, { method: 'POST', body: JSON.stringify(request) });
  }
}
