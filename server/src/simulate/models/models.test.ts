import { describe, expect, test } from 'vitest';
import { createRandom } from '../random.ts';
import { coldChain } from './cold-chain.ts';
import { energyMeter } from './energy-meter.ts';
import { greenhouse } from './greenhouse.ts';
import type { ModelKind } from './model.ts';

const startMs = Date.UTC(2026, 0, 1);

/** A day of readings, one a minute. */
function dayOf(kind: ModelKind, seed: string) {
  const model = kind.create(createRandom(seed));
  return Array.from({ length: 1440 }, (_, minute) => model.read(startMs + minute * 60_000));
}

describe.each([greenhouse, coldChain, energyMeter])('$name', (kind) => {
  test('the same seed gives the same day, another seed another', () => {
    expect(dayOf(kind, 'a')).toEqual(dayOf(kind, 'a'));
    expect(dayOf(kind, 'a')).not.toEqual(dayOf(kind, 'b'));
  });

  test('every reading has the same keys, the counted one among them, and only finite numbers', () => {
    const keys = Object.keys(dayOf(kind, 'a')[0] ?? {});
    expect(keys).toContain(kind.countedKey);
    for (const reading of dayOf(kind, 'a')) {
      expect(Object.keys(reading)).toEqual(keys);
      for (const value of Object.values(reading))
        if (typeof value === 'number') expect(value).toSatisfy(Number.isFinite);
    }
  });
});

test('a greenhouse is dark at midnight and bright at noon, and never leaves what its sensors can show', () => {
  const day = dayOf(greenhouse, 'a');
  // Midnight of UTC+7 is 17:00 UTC.
  expect(day[17 * 60]?.['light']).toBe(0);
  expect(day[5 * 60]?.['light']).toBeGreaterThan(40_000);
  for (const { humidity, soilMoisture } of day) {
    expect(humidity).toSatisfy((value: number) => value >= 0 && value <= 100);
    expect(soilMoisture).toSatisfy((value: number) => value >= 0 && value <= 100);
  }
});

test('an energy counter never falls', () => {
  const counts = dayOf(energyMeter, 'a').map(({ energy }) => Number(energy));
  expect(counts).toEqual(counts.toSorted((a, b) => a - b));
  expect(counts.at(-1)).toBeGreaterThan(counts[0] ?? Number.POSITIVE_INFINITY);
});

test('the load of a lorry warms while its door is open and stays cold otherwise', () => {
  const day = dayOf(coldChain, 'a');
  expect(day.some(({ doorOpen }) => doorOpen)).toBe(true);
  const warmest = Math.max(...day.map(({ temperature }) => Number(temperature)));
  const medianOf = day.map(({ temperature }) => Number(temperature)).toSorted((a, b) => a - b)[720];
  expect(warmest).toBeGreaterThan(6);
  expect(medianOf).toBeLessThan(5);
});
