import { expect, test } from 'vitest';
import type { TelemetryValue } from '../telemetry/store.ts';
import type { DeviceState } from './device-state.ts';
import { PendingChanges } from './pending-changes.ts';
import { type AttributeScope, activityMembers, SharedPoint, type Update } from './updates.ts';

const deviceId = 'd';
const telemetry = (...points: [key: string, ts: number, value: TelemetryValue][]): Update => ({
  kind: 'telemetry',
  deviceId,
  points: points.map(([key, ts, value]) => new SharedPoint({ key, ts, value })),
});
const attributes = (scope: AttributeScope, values: Record<string, string | undefined>): Update => ({
  kind: 'attributes',
  deviceId,
  scope,
  values: new Map(Object.entries(values)),
});
const activity = (active: boolean): string =>
  activityMembers({ active, lastConnectTime: 1, lastActivityTime: 2, lastDisconnectTime: null, connection: null });

function collect(...updates: Update[]): PendingChanges {
  const pending = new PendingChanges();
  for (const update of updates) pending.add(update, undefined);
  return pending;
}
const taken = (pending: PendingChanges): unknown => JSON.parse(`[${pending.take().changes}]`);
const snapshot = (state: DeviceState): Map<string, DeviceState> => new Map([[deviceId, state]]);
const latest = (key: string, ts: number, value: TelemetryValue): ReadonlyMap<string, SharedPoint> =>
  new Map([[key, new SharedPoint({ key, ts, value })]]);

test('points wait in the order in which they came, attributes and activity as their last state', () => {
  const pending = collect(
    telemetry(['a', 2, 1], ['a', 1, 2]),
    attributes('shared', { x: '1', y: '1' }),
    attributes('shared', { x: '2', y: undefined }),
    { kind: 'activity', deviceId, members: activity(true) },
    { kind: 'activity', deviceId, members: activity(false) },
    telemetry(['a', 3, 3]),
  );
  expect(taken(pending)).toEqual([
    {
      type: 'telemetry',
      deviceId,
      points: [
        { key: 'a', ts: 2, value: 1 },
        { key: 'a', ts: 1, value: 2 },
        { key: 'a', ts: 3, value: 3 },
      ],
    },
    { type: 'attributes', deviceId, scope: 'shared', updated: { x: 2 }, deleted: ['y'] },
    {
      type: 'activity',
      deviceId,
      active: false,
      lastConnectTime: 1,
      lastActivityTime: 2,
      lastDisconnectTime: null,
      connection: null,
    },
  ]);
  expect(pending.isEmpty).toBe(true);
});

test('coalesced, the latest point of each series is left, of equal times the one that came last', () => {
  const pending = collect(telemetry(['a', 5, 'first'], ['b', 1, 1]));
  pending.coalesce();
  pending.add(telemetry(['a', 5, 'second'], ['a', 4, 'late'], ['c', 1, 1]), undefined);
  expect(pending.size).toBe(3);
  const { changes, isCoalesced } = pending.take();
  expect(isCoalesced).toBe(true);
  expect(JSON.parse(`[${changes}]`)).toMatchObject([
    { points: [{ key: 'a', ts: 5, value: 'second' }, { key: 'b' }, { key: 'c' }] },
  ]);
  pending.add(telemetry(['a', 1, 1], ['a', 2, 2]), undefined);
  expect(pending.take().isCoalesced).toBe(false);
});

test('a burst beyond the limit is coalesced by itself', () => {
  const pending = new PendingChanges();
  for (let ts = 0; ts < 20_001; ts++) pending.add(telemetry(['a', ts, ts]), undefined);
  expect(pending.size).toBe(1);
  expect(pending.take().isCoalesced).toBe(true);
});

test('what a snapshot shows is forgotten: older points, the point itself, equal attributes, equal activity', () => {
  const pending = collect(
    telemetry(['a', 1, 'late'], ['a', 5, 'shown'], ['a', 6, 'new'], ['b', 1, 'other']),
    attributes('server', { same: '1', changed: '2', gone: undefined, back: undefined }),
    { kind: 'activity', deviceId, members: activity(true) },
  );
  pending.forget(
    snapshot({
      telemetry: latest('a', 5, 'shown'),
      attributes: {
        client: new Map(),
        shared: new Map(),
        server: new Map([
          ['same', '1'],
          ['changed', '1'],
          ['back', '1'],
        ]),
      },
      activity: activity(true),
    }),
  );
  expect(taken(pending)).toEqual([
    {
      type: 'telemetry',
      deviceId,
      points: [
        { key: 'a', ts: 6, value: 'new' },
        { key: 'b', ts: 1, value: 'other' },
      ],
    },
    { type: 'attributes', deviceId, scope: 'server', updated: { changed: 2 }, deleted: ['back'] },
  ]);
});

test('of several values at the time of the snapshot, those after the shown one are left', () => {
  const pending = collect(telemetry(['a', 5, 1], ['a', 5, 2], ['a', 5, 3]));
  pending.forget(snapshot({ telemetry: latest('a', 5, 2) }));
  expect(taken(pending)).toMatchObject([{ points: [{ value: 3 }] }]);
});

test('when the snapshot shows all of it, nothing is pending', () => {
  const pending = collect(telemetry(['a', 5, 1]), attributes('client', { x: undefined }));
  pending.forget(
    snapshot({ telemetry: latest('a', 5, 1), attributes: { client: new Map(), shared: new Map(), server: new Map() } }),
  );
  expect(pending.isEmpty).toBe(true);
});

test('of a deleted device only that is told', () => {
  const pending = collect(telemetry(['a', 5, 1]), { kind: 'deviceDeleted', deviceId });
  pending.forget(snapshot({ telemetry: new Map() }));
  expect(taken(pending)).toEqual([{ type: 'deviceDeleted', deviceId }]);
});

const deleted = (
  keys: readonly string[] | null,
  fromTs: number,
  toTs: number,
  ...latest: [string, number, number][]
) => {
  const points = latest.map(([key, ts, value]) => new SharedPoint({ key, ts, value }));
  return { kind: 'telemetryDeleted', deviceId, deletion: { keys, fromTs, toTs }, points } satisfies Update;
};
const told = (keys: readonly string[] | null, fromTs: number, toTs: number) => ({
  ...{ type: 'telemetryDeleted', deviceId, keys, fromTs, toTs },
});
const points = (...all: [key: string, ts: number, value: number][]) => ({
  ...{ type: 'telemetry', deviceId, points: all.map(([key, ts, value]) => ({ key, ts, value })) },
});

test('a deletion is told before the points and takes those that wait within it, not those that came later', () => {
  const arrive = () =>
    collect(
      telemetry(['a', 1, 1], ['a', 5, 2], ['b', 5, 3]),
      deleted(['a'], 5, 9, ['a', 1, 1]),
      telemetry(['a', 6, 4]),
    );
  const changes = [told(['a'], 5, 9), points(['a', 1, 1], ['b', 5, 3], ['a', 1, 1], ['a', 6, 4])];
  expect(taken(arrive())).toEqual(changes);
  const pending = arrive();
  pending.coalesce();
  expect(taken(pending)).toEqual([told(['a'], 5, 9), points(['a', 6, 4], ['b', 5, 3])]);
});

test('a deletion of all keys is told to who wants some for those alone', () => {
  const pending = new PendingChanges();
  pending.add(deleted(null, 0, 9, ['a', 12, 1], ['b', 12, 1]), new Set(['a']));
  pending.add(deleted(['b'], 0, 9), new Set(['a']));
  expect(taken(pending)).toEqual([told(['a'], 0, 9), points(['a', 12, 1])]);
});

test('a slow client is told once of points that were deleted after they had been reduced to the latest', () => {
  const pending = collect(telemetry(['a', 1, 1], ['a', 5, 2]));
  pending.coalesce();
  pending.add(deleted(null, 5, 6, ['a', 1, 1]), undefined);
  expect(taken(pending)).toEqual([told(null, 5, 6), points(['a', 1, 1])]);
});

test('after a deletion everything is told again, whichever side of it the snapshot was read on', () => {
  const pending = collect(deleted(null, 0, 9), telemetry(['a', 5, 7]));
  pending.forget(snapshot({ telemetry: latest('a', 5, 7) }));
  expect(taken(pending)).toEqual([told(null, 0, 9), points(['a', 5, 7])]);
});
