import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { HotLog } from './hot-log.ts';
import { SeriesState, unknownLatest } from './series-state.ts';
import { runThrough } from './steps.ts';

let directory: string;
let hot: HotLog;
const open = (): HotLog => new HotLog({ path: join(directory, 'hot.sqlite'), maxSizeBytes: undefined });
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gapura-state-'));
  hot = open();
});
afterEach(() => {
  hot.close();
  rmSync(directory, { recursive: true });
});

const seriesCount = 20_000;

function loaded(): SeriesState {
  const state = new SeriesState();
  for (const [page, data] of hot.statePages()) state.load(page, data);
  if (hot.isStateMissing()) state.doubtAll(seriesCount);
  return state;
}

test('on a full disk pages take the room of segments in slices, and one that was cut off is never believed', () => {
  hot.transaction(() => {
    for (let i = 0; i < 10; i++) hot.addSegment(new Uint8Array(2 ** 20));
  });
  const state = new SeriesState();
  state.reserve(seriesCount);
  for (let series = 1; series <= seriesCount; series++) state.note(series, 5, 0, series, undefined);
  const steps = state.persistInsteadOf(10, hot);
  expect(steps.next().done).toBe(false);
  expect([hot.oldestSegment(), hot.allSegments().length]).toEqual([3, 8]);
  hot.close();
  hot = open();
  expect(hot.isStateMissing()).toBe(true);
  const after = loaded();
  expect([after.latestKind(1), after.latestKind(seriesCount)]).toEqual([unknownLatest, unknownLatest]);
  // All that is known now is written with the next points, and believed from then on.
  runThrough(after.persist(hot));
  expect(hot.isStateMissing()).toBe(false);
  expect(loaded().latestKind(seriesCount)).toBe(unknownLatest);
  runThrough(steps);
  expect(hot.isStateMissing()).toBe(false);
  expect(loaded().latestTs(seriesCount)).toBe(5);
});

function noteAll(state: SeriesState, ts: number): void {
  for (let series = 1; series <= seriesCount; series += 500) state.note(series, ts, 0, series, undefined);
}

test('writing comes to its end while every commit changes every page, and what was there before it is written', () => {
  const state = new SeriesState();
  state.reserve(seriesCount);
  noteAll(state, 1);
  let steps = 0;
  for (const _ of state.persist(hot)) {
    expect(++steps).toBeLessThanOrEqual(2);
    noteAll(state, 1 + steps);
  }
  expect(loaded().latestTs(1)).toBeGreaterThanOrEqual(1);
  expect(loaded().latestTs(seriesCount - 499)).toBeGreaterThanOrEqual(1);
  runThrough(state.persist(hot));
  expect(loaded().latestTs(1)).toBe(1 + steps);
});

test('who wrote pages before room was made for others does not say that nothing is missing', () => {
  hot.transaction(() => {
    for (let i = 0; i < 10; i++) hot.addSegment(new Uint8Array(2 ** 20));
  });
  const state = new SeriesState();
  state.reserve(seriesCount);
  noteAll(state, 1);
  runThrough(state.persistInsteadOf(2, hot));
  expect(hot.isStateMissing()).toBe(false);
  noteAll(state, 2);
  const [first, second] = [state.persistInsteadOf(4, hot), state.persist(hot)];
  first.next();
  second.next();
  noteAll(state, 3);
  const third = state.persistInsteadOf(10, hot);
  third.next();
  runThrough(second);
  expect(hot.isStateMissing()).toBe(true);
  runThrough(third);
  expect(hot.isStateMissing()).toBe(false);
  expect(loaded().latestTs(seriesCount - 499)).toBe(3);
});
