import { expect, test } from 'vitest';
import { alignSeries, appendPoints, linePointsLimit, toNumber } from './series.ts';

test('series of different times share one axis, and where one has no point nothing is drawn', () => {
  const aligned = alignSeries([
    { times: [1000, 3000], values: [1, 3] },
    { times: [2000, 3000], values: [20, null] },
  ]);
  expect(aligned).toEqual([
    [1, 2, 3],
    [1, undefined, 3],
    [undefined, 20, null],
  ]);
});

test('flags are drawn as 0 and 1, texts and objects not at all', () => {
  expect([true, false, 2.5, 'on', { a: 1 }].map(toNumber)).toEqual([1, 0, 2.5, null, null]);
});

test('new points are appended, the same time is replaced, and late ones are left out', () => {
  const series = { times: [10, 20], values: [1, 2] };
  const points = [
    { ts: 20, value: 3 },
    { ts: 15, value: 9 },
    { ts: 30, value: 4 },
    { ts: 40, value: 'text' },
  ];
  expect(appendPoints(series, points, 0)).toEqual({ times: [10, 20, 30], values: [1, 3, 4] });
});

test('one point before the window stays, so that the line comes in from the edge', () => {
  const series = { times: [10, 20, 30], values: [1, 2, 3] };
  expect(appendPoints(series, [{ ts: 40, value: 4 }], 35)).toEqual({ times: [30, 40], values: [3, 4] });
});

test('a line keeps its newest points when there are more than can be drawn', () => {
  const points = Array.from({ length: linePointsLimit + 5 }, (_, i) => ({ ts: i, value: i }));
  const { times, values } = appendPoints({ times: [], values: [] }, points, 0);
  expect([times.length, times[0], values.at(-1)]).toEqual([linePointsLimit, 5, linePointsLimit + 4]);
});
