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
