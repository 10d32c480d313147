/** What a subscription has not sent yet. Of attributes and activity only the last state counts, so that is all it keeps. */
import { attributeScopes, type DeviceState, valuesToJson } from './device-state.ts';
import type { AttributeScope, Deletion, SharedPoint, Update } from './updates.ts';

/** Points that wait in order; beyond that only the latest of each series is kept. */
const pointsInOrderLimit = 20_000;

interface DeviceChanges {
  /** Told before the points: those that wait within them were dropped, others came later or lie outside. */
  deletions: Deletion[];
  /** In the order of arrival, unless the latest alone are kept. */
  points: SharedPoint[];
  latest: Map<string, SharedPoint> | undefined;
  readonly attributes: Map<AttributeScope, Map<string, string | undefined>>;
  activity: string | undefined;
  isDeleted: boolean;
}

export class PendingChanges {
  readonly #devices = new Map<string, DeviceChanges>();
  #pointsInOrder = 0;
  #isCoalesced = false;

  get isEmpty(): boolean {
    return this.#devices.size === 0;
  }

  /** Points, attributes and deletions that wait, at most: keys can be as many as devices like to make. */
  get size(): number {
    let size = 0;
    for (const { deletions, points, latest, attributes } of this.#devices.values()) {
      size += deletions.length + points.length + (latest?.size ?? 0);
      for (const values of attributes.values()) size += values.size;
    }
    return size;
  }

  /** @param keys the telemetry keys that are wanted; undefined for all */
  add(update: Update, keys: ReadonlySet<string> | undefined): void {
    switch (update.kind) {
      case 'telemetry': {
        const wanted = wantedPoints(update.points, keys);
        if (wanted.length > 0) this.#addPoints(this.#deviceOf(update.deviceId), wanted);
        return;
      }
      case 'telemetryDeleted': {
        const { deletion } = update;
        const named = keys === undefined ? deletion.keys : (deletion.keys ?? [...keys]).filter((key) => keys.has(key));
        if (named?.length === 0) return;
        const changes = this.#deviceOf(update.deviceId);
        this.#dropPoints(changes, deletion);
        changes.deletions.push({ ...deletion, keys: named });
        this.#addPoints(changes, wantedPoints(update.points, keys));
        return;
      }
      case 'attributes': {
        const { attributes } = this.#deviceOf(update.deviceId);
        const values = attributes.get(update.scope) ?? new Map<string, string | undefined>();
        for (const [key, text] of update.values) values.set(key, text);
        attributes.set(update.scope, values);
        return;
      }
      case 'activity':
        this.#deviceOf(update.deviceId).activity = update.members;
        return;
      case 'deviceDeleted':
        // What happened before it went is of no use any more.
        this.#devices.set(update.deviceId, { ...emptyChanges(), isDeleted: true });
    }
  }

  /** Keeps the latest point of each series alone, of those that wait and of those that come until `take`. */
  coalesce(): void {
    if (this.#isCoalesced) return;
    this.#isCoalesced = true;
    this.#pointsInOrder = 0;
    for (const changes of this.#devices.values()) {
      const { points } = changes;
      changes.points = [];
      changes.latest = new Map();
      for (const point of points) keepLatest(changes.latest, point);
    }
  }

  /**
   * Forgets what a snapshot tells already. It was read after these changes began to be collected, so:
   * - a point before the snapshot's latest of its series is history by now;
   * - of points at the very time of the snapshot's, all up to the one that it shows are in it;
   * - but where something was deleted meanwhile nobody knows on which side of it the snapshot was read: told again,
   *   the deletion and all points that came after it end in the same state;
   * - an attribute or a state that the snapshot shows the same is in it.
   * What is left may still be in the snapshot in part; told again, it ends in the same state.
   */
  forget(snapshot: ReadonlyMap<string, DeviceState>): void {
    for (const [deviceId, changes] of this.#devices) {
      const state = snapshot.get(deviceId);
      if (state === undefined) continue;
      if (changes.activity === state.activity) changes.activity = undefined;
      for (const scope of attributeScopes) {
        const shown = state.attributes?.[scope];
        const values = changes.attributes.get(scope);
        if (shown === undefined || values === undefined) continue;
        for (const [key, text] of values) if (shown.get(key) === text) values.delete(key);
        if (values.size === 0) changes.attributes.delete(scope);
      }
      if (state.telemetry !== undefined && changes.deletions.length === 0) this.#forgetPoints(changes, state.telemetry);
      if (isNothing(changes)) this.#devices.delete(deviceId);
    }
  }

  /** The changes as the members of a delta, which then are no longer pending. */
  take(): { readonly changes: string; readonly isCoalesced: boolean } {
    const changes: string[] = [];
    for (const [deviceId, device] of this.#devices) writeChanges(deviceId, device, changes);
    const isCoalesced = this.#isCoalesced;
    this.#devices.clear();
    this.#pointsInOrder = 0;
    this.#isCoalesced = false;
    return { changes: changes.join(','), isCoalesced };
  }

  #deviceOf(deviceId: string): DeviceChanges {
    let changes = this.#devices.get(deviceId);
    if (changes === undefined) {
      changes = emptyChanges();
      if (this.#isCoalesced) changes.latest = new Map();
      this.#devices.set(deviceId, changes);
    }
    return changes;
  }

  #addPoints(changes: DeviceChanges, points: readonly SharedPoint[]): void {
    if (changes.latest !== undefined) {
      for (const point of points) keepLatest(changes.latest, point);
      return;
    }
    for (const point of points) changes.points.push(point);
    this.#pointsInOrder += points.length;
    if (this.#pointsInOrder > pointsInOrderLimit) this.coalesce();
  }

  #dropPoints(changes: DeviceChanges, { keys, fromTs, toTs }: Deletion): void {
    const named = keys === null ? undefined : new Set(keys);
    const isLeft = ({ key, ts }: SharedPoint): boolean => ts < fromTs || ts >= toTs || named?.has(key) === false;
    const left = changes.points.filter(isLeft);
    this.#pointsInOrder -= changes.points.length - left.length;
    changes.points = left;
    for (const [key, point] of changes.latest ?? []) if (!isLeft(point)) changes.latest?.delete(key);
  }

  #forgetPoints(changes: DeviceChanges, shown: ReadonlyMap<string, SharedPoint>): void {
    /** Per key, where the point that the snapshot shows came last. */
    const shownAt = new Map<string, number>();
    const points = changes.latest === undefined ? changes.points : [...changes.latest.values()];
    for (const [i, point] of points.entries()) {
      const latest = shown.get(point.key);
      if (latest?.ts === point.ts && latest.valueText === point.valueText) shownAt.set(point.key, i);
    }
    const left = points.filter((point, i) => {
      const latest = shown.get(point.key);
      if (latest === undefined || point.ts > latest.ts) return true;
      return point.ts === latest.ts && i > (shownAt.get(point.key) ?? -1);
    });
    if (changes.latest === undefined) {
      this.#pointsInOrder -= changes.points.length - left.length;
      changes.points = left;
    } else {
      changes.latest = new Map(left.map((point) => [point.key, point]));
    }
  }
}

function emptyChanges(): DeviceChanges {
  return { deletions: [], points: [], latest: undefined, attributes: new Map(), activity: undefined, isDeleted: false };
}

function isNothing(changes: DeviceChanges): boolean {
  const { deletions, points, latest, attributes, activity, isDeleted } = changes;
  return (
    deletions.length + points.length + (latest?.size ?? 0) + attributes.size === 0 &&
    activity === undefined &&
    !isDeleted
  );
}

function wantedPoints(points: readonly SharedPoint[], keys: ReadonlySet<string> | undefined): readonly SharedPoint[] {
  return keys === undefined ? points : points.filter((point) => keys.has(point.key));
}

function keepLatest(latest: Map<string, SharedPoint>, point: SharedPoint): void {
  const known = latest.get(point.key);
  if (known === undefined || point.ts >= known.ts) latest.set(point.key, point);
}

function writeChanges(deviceId: string, changes: DeviceChanges, into: string[]): void {
  const device = `"deviceId":${JSON.stringify(deviceId)}`;
  const points = changes.latest === undefined ? changes.points : [...changes.latest.values()];
  for (const deletion of changes.deletions) {
    const { keys, fromTs, toTs } = deletion;
    into.push(`{"type":"telemetryDeleted",${device},"keys":${JSON.stringify(keys)},"fromTs":${fromTs},"toTs":${toTs}}`);
  }
  if (points.length > 0) {
    into.push(`{"type":"telemetry",${device},"points":[${points.map((point) => point.text).join(',')}]}`);
  }
  for (const [scope, values] of changes.attributes) {
    const updated: [string, string][] = [];
    const deleted: string[] = [];
    for (const [key, text] of values) {
      if (text === undefined) deleted.push(key);
      else updated.push([key, text]);
    }
    into.push(
      `{"type":"attributes",${device},"scope":"${scope}","updated":${valuesToJson(updated)},"deleted":${JSON.stringify(deleted)}}`,
    );
  }
  if (changes.activity !== undefined) into.push(`{"type":"activity",${device},${changes.activity}}`);
  if (changes.isDeleted) into.push(`{"type":"deviceDeleted",${device}}`);
}
