/** The console in a real browser: a thousand values a second, ten charts of 10,000 points, a list of 100,000 devices. */
import type { Page } from 'playwright-core';
import type { DeviceListQuery } from '#contract/devices.ts';
import type { GapuraClient } from '#sdk/client.ts';

import { type Browsers, browserPath, createBrowsers } from '../web/test/browser.ts';
import { signIn } from '../web/test/console-world.ts';
import {
  countReceived,
  createCharts,
  fleetDashboard,
  type Load,
  scrollCharts,
  startSendingFleet,
  typeUnderLoad,
} from '../web/test/measure.ts';
import { type BenchOptions, type BenchResult, type Figure, median, percentile } from './lib/bench.ts';
import { type BenchServer, createDataDir, owner, startServer } from './lib/server.ts';

const listedDevices = 100_000;
const pageSize = 100;

export async function run({ full, log }: BenchOptions): Promise<BenchResult> {
  const summary = 'the console in Chromium, on the machine of the server and the devices; graphics by the processor';
  if (browserPath === undefined) {
    log('LEFT OUT: there is no Chromium on this machine');
    return { name: 'console', summary: 'left out: there is no Chromium on this machine', figures: [], failures: [] };
  }
  const figures: Figure[] = [];
  // Each on a server of its own: what one leaves behind is not in the way of the next.
  for (const [name, part] of [
    ['live values', liveValues],
    ['charts', charts],
    ['many devices', manyDevices],
  ] as const) {
    log(name);
    const dataDir = await createDataDir();
    const server = await startServer(dataDir.path);
    const browsers = createBrowsers(server.httpUrl);
    try {
      const client = await server.signIn();
      figures.push(...(await part({ server, client, browsers, full })));
    } finally {
      await browsers.close();
      await server.stop();
      await dataDir.remove();
    }
  }
  return { name: 'console', summary, figures, failures: [] };
}

interface Place {
  readonly server: BenchServer;
  readonly client: GapuraClient;
  readonly browsers: Browsers;
  readonly full: boolean;
}

async function openSignedIn({ server, browsers }: Place, page?: Page): Promise<Page> {
  const opened = page ?? (await (await browsers.browse()).open(`${server.httpUrl}/sign-in`));
  await signIn(opened, owner.email, owner.password);
  return opened;
}

async function liveValues(place: Place): Promise<Figure[]> {
  const { server, client, browsers } = place;
  const blank = await (await browsers.browse()).open(`${server.httpUrl}/sign-in`);
  const received = countReceived(blank);
  const page = await openSignedIn(place, blank);
  const fleet = await startSendingFleet(client, server.mqttUrl);
  try {
    const { id } = await client.dashboards.create(fleetDashboard(fleet.devices[0]?.profileId ?? ''));
    await page.goto(`${server.httpUrl}/dashboards/${id}`);
    await page.getByRole('cell', { name: 'pump-49' }).waitFor();
    await page.locator('.time-chart canvas').waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('combobox').waitFor();
    const board = await typeUnderLoad(page, received, '[role=combobox]', 'pump-17 pump-23 pump-41');
    await page.goto(`${server.httpUrl}/devices?keys=level`);
    await page.getByRole('link', { name: 'pump-00' }).waitFor();
    const list = await typeUnderLoad(page, received, 'input[type=search]', 'pump-0');
    return [...ofLoad('dashboard of 50 devices', board), ...ofLoad('list of 50 devices', list)];
  } finally {
    await fleet.stop();
  }
}

function ofLoad(name: string, { received, renderings, seconds, delaysMs }: Load): Figure[] {
  return [
    { name: `${name}: values received`, value: received / seconds, unit: '/s' },
    { name: `${name}: renderings`, value: renderings / seconds, unit: '/s' },
    { name: `${name}: a key is painted after, median`, value: median(delaysMs), unit: 'ms', goal: '≤ 100' },
    { name: `${name}: a key is painted after, at most`, value: Math.max(...delaysMs), unit: 'ms', goal: '≤ 100' },
  ];
}

async function charts(place: Place): Promise<Figure[]> {
  const { server, client } = place;
  const page = await openSignedIn(place);
  const figures: Figure[] = [];
  for (const [range, spanS] of [
    ['live', 280],
    ['1h', 3500],
  ] as const) {
    const { id } = await client.dashboards.create(await createCharts(client, range, spanS));
    await page.goto(`${server.httpUrl}/dashboards/${id}`);
    const { framesMs } = await scrollCharts(page);
    for (const [what, share] of [
      ['median', 0.5],
      ['95 %', 0.95],
      ['at most', 1],
    ] as const) {
      figures.push({
        name: `scrolling 10 charts, ${range}: a frame, ${what}`,
        value: percentile(framesMs, share),
        unit: 'ms',
      });
    }
  }
  return figures;
}

async function manyDevices(place: Place): Promise<Figure[]> {
  const { client, full } = place;
  const rows = Array.from({ length: listedDevices }, (_, i) => `sensor-${String(i).padStart(6, '0')},Hall ${i % 997}`);
  const beganMs = performance.now();
  for await (const event of client.imports.devices(['name,label', ...rows, ''].join('\n'))) {
    if (event.type === 'summary' && event.created !== listedDevices) throw new Error(JSON.stringify(event));
  }
  const figures: Figure[] = [
    {
      name: `import of ${listedDevices.toLocaleString('en')} devices`,
      value: (performance.now() - beganMs) / 1000,
      unit: 's',
    },
  ];
  const questions: readonly (readonly [string, DeviceListQuery])[] = [
    ['first page by name', {}],
    ['newest activity first', { sort: 'lastActivityTime', order: 'desc' }],
    ['newest device first', { sort: 'createdAt', order: 'desc' }],
    ['online only', { active: true }],
    ['a name is searched', { search: 'sensor-07312' }],
    ['a label is searched', { search: 'Hall 512' }],
    ['a search that finds nothing', { search: 'nowhere' }],
  ];
  for (const [name, question] of questions) {
    const timesMs: number[] = [];
    for (let i = 0; i < (full ? 200 : 40); i++)
      timesMs.push(await timeOf(() => client.devices.list({ ...question, limit: pageSize })));
    figures.push({ name: `${name}, median`, value: median(timesMs), unit: 'ms' });
    figures.push({ name: `${name}, 95 %`, value: percentile(timesMs, 0.95), unit: 'ms' });
  }
  return [...figures, ...(await inTheBrowser(place))];
}

async function inTheBrowser(place: Place): Promise<Figure[]> {
  const page = await openSignedIn(place);
  const url = `${place.server.httpUrl}/devices`;
  const link = (name: string) => page.getByRole('link', { name });
  const openMs = await timeOf(async () => {
    await page.goto(url);
    await link('sensor-000000').waitFor();
  });
  const rows = await page.locator('main tbody tr').count();
  const searchMs = await timeOf(async () => {
    await page.getByRole('searchbox').pressSequentially('sensor-07312');
    await link('sensor-000000').waitFor({ state: 'detached' });
    await link('sensor-073120').waitFor();
  });
  await page.goto(url);
  await link('sensor-000000').waitFor();
  const orderMs = await timeOf(async () => {
    await page.getByRole('button', { name: 'Name' }).click();
    await link(`sensor-0${listedDevices - 1}`).waitFor();
  });
  return [
    { name: 'the list opens', value: openMs, unit: 'ms' },
    { name: 'its rows in the document', value: rows, unit: '' },
    { name: 'a search, with its typing', value: searchMs, unit: 'ms' },
    { name: 'another order', value: orderMs, unit: 'ms' },
  ];
}

async function timeOf(work: () => Promise<unknown>): Promise<number> {
  const beganMs = performance.now();
  await work();
  return performance.now() - beganMs;
}
