/** The dashboards of the pictures. */
import type { Page } from 'playwright-core';
import type { CreateDashboard } from '#contract/dashboards.ts';
import type { Device } from '#contract/devices.ts';

const size = { width: 900, height: 560 };

/** Five greenhouses on their terraces, as somebody would draw them. @returns a PNG as data URL */
async function drawSite(page: Page): Promise<string> {
  const houses = Array.from({ length: 5 }, (_, i) => {
    const x = 62 + i * 162;
    return `<rect x="${x}" y="105" width="128" height="350" rx="6" fill="#fdfcf8" stroke="#b9b3a5" stroke-width="2"/>
      <path d="M${x} 280 h128" stroke="#d8d3c6" stroke-width="2" stroke-dasharray="7 6"/>
      <text x="${x + 64}" y="95" text-anchor="middle" font-size="17">Greenhouse ${i + 1}</text>`;
  });
  const terraces = [30, 510].map(
    (y) => `<path d="M0 ${y} q225 -26 450 0 t450 0" fill="none" stroke="#bfcfae" stroke-width="14"/>`,
  );
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" font-family="sans-serif" fill="#6d6759">
    <rect width="100%" height="100%" fill="#eef0e4"/>${terraces.join('')}${houses.join('')}</svg>`;
  await page.setViewportSize(size);
  await page.setContent(`<body style="margin:0">${svg}</body>`);
  return `data:image/png;base64,${(await page.screenshot({ type: 'png' })).toString('base64')}`;
}

/** @param page to draw the plan on; any */
export async function greenhouses(page: Page, bed: Device): Promise<CreateDashboard> {
  const all = { type: 'profile', profileId: bed.profileId } as const;
  const one = { type: 'variable', name: 'bed' } as const;
  const at = (id: string, x: number, y: number, w: number, h: number, title: string) => ({ id, x, y, w, h, title });
  const temperature = { key: 'temperature', unit: '°C', decimals: 1 };
  const thresholds = [
    { from: 0, tone: 'ok' },
    { from: 30, tone: 'warn' },
    { from: 34, tone: 'danger' },
  ] as const;
  return {
    name: 'Greenhouses',
    description: 'Climate and soil of every bed',
    layout: {
      version: 1,
      range: '24h',
      variables: [{ name: 'bed', label: 'Bed', type: 'device', deviceId: bed.id, profileId: bed.profileId }],
      widgets: [
        {
          ...at('a', 0, 0, 3, 3, 'Temperature'),
          kind: 'value',
          source: one,
          ...temperature,
          thresholds: [...thresholds],
        },
        {
          ...at('b', 3, 0, 3, 3, 'Soil moisture'),
          ...{ kind: 'gauge', source: one, key: 'soilMoisture', min: 0, max: 100, unit: '%' },
        },
        {
          ...at('c', 6, 0, 6, 6, 'Climate'),
          kind: 'timeSeries',
          source: one,
          keys: ['temperature', 'humidity', 'soilMoisture'],
        },
        { ...at('d', 0, 3, 3, 3, 'Beds'), kind: 'statusGrid', source: all },
        {
          ...at('e', 3, 3, 3, 3, 'Watch'),
          kind: 'text',
          text: 'Above 34 °C: open the roof.\nSoil below 45 %: check the valve.',
        },
        {
          ...at('f', 0, 6, 6, 7, 'Site'),
          ...{ kind: 'map', source: all, latitudeKey: 'y', longitudeKey: 'x', valueKey: 'temperature' },
          plan: { image: await drawSite(page), ...size },
        },
        {
          ...at('g', 6, 6, 6, 7, 'All beds'),
          kind: 'table',
          source: all,
          keys: ['temperature', 'humidity', 'soilMoisture'],
          decimals: 1,
        },
      ],
    },
  };
}

/** What the other dashboards of the list hold; nobody opens them in a picture. */
export function otherDashboards(devices: ReadonlyMap<string, Device>): CreateDashboard[] {
  const board = (name: string, description: string, device: string, keys: readonly string[]): CreateDashboard => ({
    ...{ name, description },
    layout: {
      ...{ version: 1, range: '24h', variables: [] },
      widgets: keys.map((key, i) => ({
        ...{ id: key, x: 0, y: i * 4, w: 12, h: 4, title: key, kind: 'timeSeries', keys: [key] },
        source: { type: 'profile', profileId: devices.get(device)?.profileId ?? '' },
      })),
    },
  });
  return [
    board('Cold chain', 'Lorries on their way', 'DK 8123 KB', ['temperature', 'speed']),
    board('Energy', 'What each hall takes', 'ice-plant', ['power', 'voltage', 'energyKwh']),
    board('Water', 'Weirs, tanks and pumps', 'tank-east', ['level', 'flow']),
  ];
}
