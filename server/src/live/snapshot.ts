import { setImmediate } from 'node:timers/promises';
import type { LiveTopic } from '#contract/live.ts';
import type { Attributes } from '../attributes/attributes.ts';
import { AppError } from '../errors.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { TelemetryStore } from '../telemetry/store.ts';
import { attributeScopes, type DeviceState } from './device-state.ts';
import { type AttributeScope, activityMembers, SharedPoint } from './updates.ts';

export interface SnapshotDeps {
  readonly store: Pick<TelemetryStore, 'latest'>;
  readonly attributes: Pick<Attributes, 'read'>;
  readonly sessions: Pick<Sessions, 'activity'>;
}

export interface SnapshotQuery {
  readonly tenantId: string;
  readonly deviceIds: readonly string[];
  readonly keys: readonly string[] | undefined;
  readonly topics: ReadonlySet<LiveTopic>;
}

/** Values in one snapshot: some 10 MB of JSON. Devices choose how many keys they have. */
const valuesLimit = 100_000;
/** Devices whose attributes are read in one go: a read is some 20 µs on this thread. */
const devicesPerTurn = 50;

/**
 * What is known of the devices now. Whatever was published before the call is in it.
 * @throws AppError `payload_too_large`, `storage_unavailable`
 */
export async function readSnapshot(deps: SnapshotDeps, query: SnapshotQuery): Promise<Map<string, DeviceState>> {
  const { tenantId, deviceIds, topics } = query;
  const states = new Map(deviceIds.map((deviceId): [string, DeviceState] => [deviceId, {}]));
  await Promise.all([
    topics.has('telemetry') && readTelemetry(deps.store, query, states),
    topics.has('attributes') && readAttributes(deps.attributes, tenantId, states),
    topics.has('activity') && readActivity(deps.sessions, tenantId, states),
  ]);
  return states;
}

async function readTelemetry(
  store: SnapshotDeps['store'],
  { tenantId, deviceIds, keys }: SnapshotQuery,
  states: ReadonlyMap<string, DeviceState>,
): Promise<void> {
  const latest = await store.latest(
    deviceIds.map((deviceId) => ({ tenantId, deviceId })),
    keys,
  );
  let values = 0;
  for (const [deviceId, state] of states) {
    const points = latest.get(deviceId) ?? [];
    values += points.length;
    if (values > valuesLimit) throw tooLarge();
    state.telemetry = new Map(points.map((point) => [point.key, new SharedPoint(point)]));
  }
}

async function readAttributes(
  attributes: SnapshotDeps['attributes'],
  tenantId: string,
  states: ReadonlyMap<string, DeviceState>,
): Promise<void> {
  let values = 0;
  let devices = 0;
  for (const [deviceId, state] of states) {
    const read = async (scope: AttributeScope): Promise<Map<string, string>> => {
      const found = await attributes.read({ tenantId, deviceId }, scope);
      return new Map(Array.from(found, ([key, { value }]) => [key, JSON.stringify(value)]));
    };
    const [client, shared, server] = await Promise.all(attributeScopes.map(read));
    if (client === undefined || shared === undefined || server === undefined) continue;
    state.attributes = { client, shared, server };
    values += client.size + shared.size + server.size;
    if (values > valuesLimit) throw tooLarge();
    if (++devices % devicesPerTurn === 0) await setImmediate();
  }
}

async function readActivity(
  sessions: SnapshotDeps['sessions'],
  tenantId: string,
  states: ReadonlyMap<string, DeviceState>,
): Promise<void> {
  const activities = await sessions.activity(tenantId, [...states.keys()]);
  for (const [deviceId, activity] of activities) {
    const state = states.get(deviceId);
    if (state !== undefined) state.activity = activityMembers(activity);
  }
}

const tooLarge = (): AppError =>
  new AppError('payload_too_large', `The devices have more than ${valuesLimit} values; name keys, or fewer devices.`);
