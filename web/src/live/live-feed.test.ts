import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { LiveChange, LiveListener, LiveWanted } from '#sdk/live.ts';
import { type LiveView, openLiveFeed } from './live-feed.ts';
import { createSteps, stepMs } from './steps.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function start(steps = createSteps()) {
  let listener: LiveListener | undefined;
  const views: LiveView[] = [];
  let gaps = 0;
  let ended = 0;
  const live = {
    subscribe(_wanted: LiveWanted, given: LiveListener) {
      listener = given;
      return { end: () => void ended++ };
    },
  };
  const end = openLiveFeed(live, { deviceIds: ['a', 'b'] }, steps, {
    onView: (view) => views.push(view),
    onGap: () => void gaps++,
  });
  if (listener === undefined) throw new Error('Nothing was subscribed.');
  return { listener, views, end, gaps: () => gaps, ended: () => ended };
}
const point = (deviceId: string, ts: number, value: number): LiveChange => ({
  type: 'telemetry',
  deviceId,
  points: [{ key: 'k', ts, value }],
});

test('a thousand changes in one step are one rendering, and the latest is shown', () => {
  const { listener, views } = start();
  listener.onSnapshot({ a: {}, b: {} });
  for (let i = 1; i <= 1000; i++) listener.onChanges([point('a', i, i)], false);
  expect(views).toHaveLength(1);
  vi.advanceTimersByTime(stepMs);
  expect(views).toHaveLength(2);
  expect(views[1]?.devices.get('a')?.telemetry).toEqual({ k: { ts: 1000, value: 1000 } });
});

test('deleted points are gone from the view, and the history is asked anew', () => {
  const { listener, views, gaps } = start();
  listener.onSnapshot({
    a: { telemetry: { k: { ts: 10, value: 1 }, l: { ts: 10, value: 1 }, m: { ts: 3, value: 1 } } },
  });
  const deleted: LiveChange = { type: 'telemetryDeleted', deviceId: 'a', keys: ['k', 'm'], fromTs: 5, toTs: 11 };
  listener.onChanges([deleted, point('a', 2, 7)], false);
  vi.advanceTimersByTime(stepMs);
  expect(views.at(-1)?.devices.get('a')?.telemetry).toEqual({
    k: { ts: 2, value: 7 },
    l: { ts: 10, value: 1 },
    m: { ts: 3, value: 1 },
  });
  expect(gaps()).toBe(1);
});

test('what changed for many widgets is told in the same step', () => {
  const told: number[] = [];
  const steps = createSteps();
  const feeds = Array.from({ length: 50 }, (_, i) => ({ ...start(steps), startsAtMs: i }));
  for (const { listener } of feeds) listener.onSnapshot({ a: {} });
  for (const { listener, startsAtMs } of feeds) {
    vi.advanceTimersByTime(startsAtMs % 2);
    listener.onChanges([point('a', 1, 1)], false);
  }
  const before = feeds.map(({ views }) => views.length);
  vi.advanceTimersToNextTimer();
  for (const { views } of feeds) told.push(views.length);
  expect([before, told]).toEqual([Array(50).fill(1), Array(50).fill(2)]);
});

test('an older point does not replace a newer one, and one of the same time does', () => {
  const { listener, views } = start();
  listener.onSnapshot({ a: { telemetry: { k: { ts: 10, value: 1 } } } });
  listener.onChanges([point('a', 9, 2)], false);
  vi.advanceTimersByTime(stepMs);
  expect(views.at(-1)?.devices.get('a')?.telemetry).toEqual({ k: { ts: 10, value: 1 } });
  listener.onChanges([point('a', 10, 3)], false);
  vi.advanceTimersByTime(stepMs);
  expect(views.at(-1)?.devices.get('a')?.telemetry).toEqual({ k: { ts: 10, value: 3 } });
});

test('a device that did not change stays the same object, so its row is not drawn again', () => {
  const { listener, views } = start();
  listener.onSnapshot({ a: {}, b: {} });
  listener.onChanges([point('a', 1, 1)], false);
  vi.advanceTimersByTime(stepMs);
  expect(views[1]?.devices.get('b')).toBe(views[0]?.devices.get('b'));
  expect(views[1]?.devices.get('a')).not.toBe(views[0]?.devices.get('a'));
});

test('a second snapshot and coalesced changes tell of a gap; the first snapshot does not', () => {
  const { listener, gaps } = start();
  listener.onSnapshot({});
  expect(gaps()).toBe(0);
  listener.onSnapshot({});
  listener.onChanges([], true);
  expect(gaps()).toBe(2);
});

test('after its end nothing is told any more', () => {
  const { listener, views, end, ended } = start();
  listener.onSnapshot({ a: {} });
  listener.onChanges([point('a', 1, 1)], false);
  end();
  vi.advanceTimersByTime(10 * stepMs);
  expect(views).toHaveLength(1);
  expect(ended()).toBe(1);
});
