/** A live hub on a real port, with a real telemetry store, for its tests. The bindings are made anew for each test. */
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect } from 'vitest';
import type { Json } from '#contract/common.ts';
import type { Bus } from '../src/bus/bus.ts';
import { createMemoryBus } from '../src/bus/memory.ts';
import { subjects } from '../src/bus/subjects.ts';
import { AppError } from '../src/errors.ts';
import { type Clock, systemClock } from '../src/lib/clock.ts';
import { createLive, type Live, type LiveDeps } from '../src/live/live.ts';
import type { AttributeScope } from '../src/live/updates.ts';
import { createMetrics, type Metrics } from '../src/metrics.ts';
import { createTelemetryEngine } from '../src/telemetry/engine/store.ts';
import type { TelemetryPoint, TelemetryStore, TelemetryValue } from '../src/telemetry/store.ts';
import { connectLive, type LiveClient } from './live-client.ts';

export const tenantId = 'tenant-a';
export const idOf = (n: number): string => `01890000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;
export const [deviceId, otherId, foreignId] = [idOf(1), idOf(2), idOf(0xf)];
/** Ids by tenant. */
export const devicesOf: Record<string, Set<string>> = {};

let directory: string;
export let store: TelemetryStore;
export let bus: Bus;
export let metrics: Metrics;
let attributes: Map<string, Json>;
let faults: unknown[];
/** Who may come in, by the token they send. */
export let principals: Map<string, { tenantId: string; role: 'viewer' | 'owner' }>;
let clients: LiveClient[];
export let live: Live;
export let server: Server;

/** Gives each test of the file a store, a bus and two tenants; call it once at the top. */
export function setUpLiveWorld(): void {
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'gapura-live-'));
    metrics = createMetrics();
    const log = pino({ level: 'silent' });
    store = createTelemetryEngine({ directory: join(directory, 'telemetry'), metrics, log, clock: systemClock });
    await store.start();
    faults = [];
    bus = createMemoryBus((error) => faults.push(error));
    attributes = new Map();
    principals = new Map([
      ['a', { tenantId, role: 'viewer' }],
      ['b', { tenantId: 'tenant-b', role: 'owner' }],
    ]);
    devicesOf[tenantId] = new Set([deviceId, otherId]);
    devicesOf['tenant-b'] = new Set([foreignId]);
    clients = [];
  });

  afterEach(async () => {
    for (const client of clients) client.socket.terminate();
    await live.stop();
    await new Promise((resolve) => server.close(resolve));
    await store.stop();
    await rm(directory, { recursive: true });
    expect(faults).toEqual([]);
  });
}

export const activity = {
  active: true,
  lastConnectTime: 1,
  lastActivityTime: 2,
  lastDisconnectTime: null,
  connection: { protocol: 'MQTT 5', secure: true, address: '::1' },
};

/** Starts the hub; each test does so first. */
export async function serve(clock: Clock = systemClock, extra: Partial<LiveDeps> = {}): Promise<void> {
  live = createLive({
    bus,
    store,
    metrics,
    clock,
    log: pino({ level: 'silent' }),
    attributes: {
      read: async (device, scope) => {
        const prefix = `${device.deviceId} ${scope} `;
        const found = [...attributes].filter(([name]) => name.startsWith(prefix));
        return new Map(found.map(([name, value]) => [name.slice(prefix.length), { value, updatedAt: 1 }]));
      },
    },
    sessions: { activity: async (_tenant, ids) => new Map(ids.map((id) => [id, activity])) },
    async authenticateUpgrade({ headers }) {
      const principal = principals.get(headers.authorization ?? '');
      if (principal === undefined) throw new AppError('missing_credentials');
      return { kind: 'user', id: 'u', name: 'ann', ...principal };
    },
    existing: async (tenant, ids) => ids.filter((id) => devicesOf[tenant]?.has(id)),
    ...extra,
  });
  server = createServer().on('upgrade', live.handleUpgrade);
  await once(server.listen(0, '127.0.0.1'), 'listening');
}

const url = (path = '/v1/live'): string => `ws://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
export async function client(token = 'a'): Promise<LiveClient> {
  const connected = await connectLive(url(), { authorization: token });
  clients.push(connected);
  return connected;
}

/** As ingest does: first the commit, then the news. */
export async function write(points: TelemetryPoint[], id = deviceId): Promise<void> {
  await store.append([{ tenantId, deviceId: id, points }]);
  bus.publish(subjects.telemetry(tenantId, id), { kind: 'telemetry.stored', tenantId, deviceId: id, points });
}
export const point = (key: string, ts: number, value: TelemetryValue): TelemetryPoint => ({ key, ts, value });

export function setAttribute(scope: AttributeScope, key: string, value: Json | undefined): void {
  const name = `${deviceId} ${scope} ${key}`;
  if (value === undefined) attributes.delete(name);
  else attributes.set(name, value);
  bus.publish(subjects.attributes(tenantId, deviceId), {
    kind: 'attributes.changed',
    tenantId,
    deviceId,
    scope,
    updated: value === undefined ? {} : { [key]: value },
    deleted: value === undefined ? [key] : [],
  });
}

/** Refusals of one code that were counted. */
export const rejections = async (code: string): Promise<number> => {
  const { values } = await metrics.rejections.get();
  return values.find(({ labels }) => labels.where === 'live' && labels.code === code)?.value ?? 0;
};
