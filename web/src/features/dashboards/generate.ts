/** A dashboard of a device that nobody has made: from what the device sends. */
import type { DashboardLayout, Widget } from '#contract/dashboards.ts';
import type { LatestTelemetry } from '#contract/telemetry.ts';
import { freePlace } from './arrange.ts';
import { gridColumns } from './limits.ts';

/** Large figures at the top; more would be a wall. */
const valuesLimit = 8;
const linesPerChart = 4;
const chartsLimit = 6;
const tableKeysLimit = 8;

const places: readonly (readonly [latitude: string, longitude: string])[] = [
  ['latitude', 'longitude'],
  ['lat', 'lon'],
  ['lat', 'lng'],
];

export function generateLayout(
  deviceId: string,
  latest: LatestTelemetry,
  names: { readonly history: string; readonly map: string; readonly all: string },
): DashboardLayout {
  const keys = Object.keys(latest).sort((a, b) => a.localeCompare(b));
  const place = places.find(([latitude, longitude]) => latitude in latest && longitude in latest);
  const measured = keys.filter((key) => place === undefined || !place.includes(key));
  const numeric = measured.filter((key) => typeof latest[key]?.value === 'number');
  const source = { type: 'device', deviceId } as const;
  const widgets: Widget[] = [];
  const add = (
    w: number,
    h: number,
    widget: (frame: { id: string; x: number; y: number; w: number; h: number }) => Widget,
  ): void => {
    widgets.push(widget({ id: `w${widgets.length + 1}`, ...freePlace(widgets, w, h), w, h }));
  };

  const shown = [...numeric, ...measured.filter((key) => !numeric.includes(key))].slice(0, valuesLimit);
  for (const key of shown) add(3, 2, (frame) => ({ ...frame, kind: 'value', title: key, source, key }));
  // Those of like size share a chart: a line between 0 and 1 cannot be seen beside one in the thousands.
  const groups = groupBySize(numeric, latest).slice(0, chartsLimit);
  for (const group of groups) {
    add(groups.length === 1 ? gridColumns : 6, 6, (frame) => ({
      ...frame,
      kind: 'timeSeries',
      title: group.join(', ').length <= 60 ? group.join(', ') : names.history,
      source,
      keys: group,
    }));
  }
  if (place !== undefined) {
    const [latitudeKey, longitudeKey] = place;
    add(6, 6, (frame) => ({ ...frame, kind: 'map', title: names.map, source, latitudeKey, longitudeKey }));
  }
  if (keys.length > valuesLimit) {
    const rest = measured.filter((key) => !shown.includes(key)).slice(0, tableKeysLimit);
    if (rest.length > 0)
      add(gridColumns, 3, (frame) => ({ ...frame, kind: 'table', title: names.all, source, keys: rest }));
  }
  return { version: 1, range: '1h', variables: [], widgets };
}

function groupBySize(keys: readonly string[], latest: LatestTelemetry): string[][] {
  const groups = new Map<number, string[]>();
  for (const key of keys) {
    const value = latest[key]?.value;
    const size = typeof value === 'number' && value !== 0 ? Math.floor(Math.log10(Math.abs(value)) / 1.5) : 0;
    const group = groups.get(size) ?? [];
    group.push(key);
    groups.set(size, group);
  }
  return [...groups.values()].flatMap((group) => {
    const charts: string[][] = [];
    for (let i = 0; i < group.length; i += linesPerChart) charts.push(group.slice(i, i + linesPerChart));
    return charts;
  });
}
