import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { TelemetryDatabase } from './database.ts';
import { SeriesIds } from './series-ids.ts';

let directory: string;
let database: TelemetryDatabase;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gapura-series-'));
  database = new TelemetryDatabase({ path: join(directory, 't.sqlite'), maxSizeBytes: undefined });
});
afterEach(() => {
  database.close();
  rmSync(directory, { recursive: true });
});

test('more series than are remembered keep their numbers', () => {
  const series = new SeriesIds(database, 10);
  const names = Array.from({ length: 50 }, (_, i) => [`device-${i % 7}`, `key-${i}`] as const);
  const ids = names.map(([device, key]) => series.findOrMake('t', device, key));
  expect(new Set(ids).size).toBe(50);
  for (let i = names.length - 1; i >= 0; i--) {
    const [device, key] = names[i] ?? ['', ''];
    expect(series.findOrMake('t', device, key)).toBe(ids[i]);
  }
});

test('a device with more keys than are remembered works as well', () => {
  const series = new SeriesIds(database, 3);
  const ids = Array.from({ length: 20 }, (_, i) => series.findOrMake('t', 'd', `key-${i}`));
  expect(
    series
      .existing({ tenantId: 't', deviceId: 'd' }, undefined)
      .map(({ id }) => id)
      .sort(),
  ).toEqual(ids.sort());
});

test('the same names in another tenant or device are other series', () => {
  const series = new SeriesIds(database);
  const ids = [
    series.findOrMake('t', 'd', 'k'),
    series.findOrMake('u', 'd', 'k'),
    series.findOrMake('t', 'e', 'k'),
    series.findOrMake('t', 'd', 'l'),
  ];
  expect(new Set(ids).size).toBe(4);
});

test('after a fault of the file the next call opens it anew, and series made in a failed transaction are forgotten', () => {
  const series = new SeriesIds(database);
  const id = database.transaction(() => series.findOrMake('t', 'd', 'k'));
  database.recover({ message: 'disk I/O error', errcode: 10 });
  expect(series.existing({ tenantId: 't', deviceId: 'd' }, ['k'])).toEqual([{ id, key: 'k' }]);
  expect(() =>
    database.transaction(() => {
      series.findOrMake('t', 'd', 'lost');
      throw new Error('disk full');
    }),
  ).toThrow('disk full');
  series.clear();
  expect(series.existing({ tenantId: 't', deviceId: 'd' }, undefined)).toEqual([{ id, key: 'k' }]);
});
