/** When each device was last heard of, kept in memory and written to the database in batches. */
import type { DeviceConnection } from '#contract/devices.ts';
import type { Bus } from '../bus/bus.ts';
import { subjects } from '../bus/subjects.ts';
import type { ConnectionEvents } from '../connection-events/connection-events.ts';
import type { Arrival } from '../credentials/gate.ts';
import type { Db } from '../db/schema.ts';
import type { Clock } from '../lib/clock.ts';
import {
  type ActivityRow,
  selectActive,
  selectActivity,
  selectInactivityTimeouts,
  updateActive,
  updateTimes,
} from './queries.ts';
import type { DeviceActivity } from './sessions.ts';

/** Silence after which a device counts as inactive, unless its `inactivityTimeout` says otherwise (reference §1.4). */
export const defaultInactivityTimeoutMs = 600_000;

/** A crash forgets at most this much of what was seen; the data itself is in the telemetry store. */
const flushPeriodMs = 5_000;
const sweepPeriodMs = 5_000;
/** Rows read at a time for those who look: some milliseconds. */
const publishedAtOnce = 1_000;

interface Entry {
  readonly tenantId: string;
  readonly deviceId: string;
  active: boolean;
  connected: boolean;
  lastConnectTime: number | null;
  lastActivityTime: number | null;
  lastDisconnectTime: number | null;
  /** Null when this process has seen none. */
  connection: DeviceConnection | null;
  /** The connection is not yet written, nor told while the device stayed active. */
  isConnectionNew: boolean;
  /** Undefined until it was read from the device's attributes. */
  timeoutMs: number | undefined;
  /** Times that are not yet written. */
  dirty: boolean;
  /** `active` as the database has it; undefined when this process does not know. */
  writtenActive: boolean | undefined;
}

export interface ActivityDeps {
  readonly db: Db;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly history?: ConnectionEvents | undefined;
  /** A write that failed; it is tried again with the next flush. */
  onFault(error: unknown): void;
}

/** Remembers one entry per device that is connected or active; silent devices fall out. */
export class ActivityTracker {
  readonly #deps: ActivityDeps;
  readonly #entries = new Map<string, Entry>();
  #dirty: Entry[] = [];
  /** The device that was touched last, and when. */
  #touchedLast: string | undefined;
  #touchedMs = 0;
  #flushing: Promise<void> = Promise.resolve();
  #cancel: (() => void)[] = [];

  constructor(deps: ActivityDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    for (const row of await selectActive(this.#deps.db)) {
      const entry = this.#entry(row.tenant_id, row.id);
      entry.active = true;
      entry.writtenActive = true;
      entry.lastActivityTime = row.last_activity_at;
    }
    this.#cancel = [
      this.#deps.clock.every(flushPeriodMs, () => void this.flush()),
      this.#deps.clock.every(sweepPeriodMs, () => void this.sweep().catch(this.#deps.onFault)),
      this.#deps.bus.subscribe('attributes.*.*', (message) => {
        if (message.kind !== 'attributes.changed' || message.scope !== 'server') return;
        const entry = this.#entries.get(message.deviceId);
        if (entry !== undefined) entry.timeoutMs = undefined;
      }),
    ];
  }

  async stop(): Promise<void> {
    for (const cancel of this.#cancel.splice(0)) cancel();
    await this.flush();
  }

  touch(tenantId: string, deviceId: string): void {
    const now = this.#deps.clock.now();
    // A message is told by its connection and by its data, and a read of a socket may hold fifty.
    if (deviceId === this.#touchedLast && now === this.#touchedMs) return;
    this.#touchedLast = deviceId;
    this.#touchedMs = now;
    const entry = this.#entry(tenantId, deviceId);
    entry.lastActivityTime = now;
    this.#mark(entry);
    if (!entry.active) {
      entry.active = true;
      this.#publish(entry);
    }
  }

  connected(tenantId: string, deviceId: string, connection: DeviceConnection): void {
    const entry = this.#entry(tenantId, deviceId);
    const now = this.#deps.clock.now();
    entry.connected = true;
    entry.connection = connection;
    entry.isConnectionNew = true;
    entry.active = true;
    entry.lastConnectTime = now;
    entry.lastActivityTime = now;
    this.#deps.history?.record({ tenantId, deviceId, kind: 'connected', connection });
    this.#mark(entry);
    this.#publish(entry);
  }

  /** Told with the next flush, so that a device which comes by a new address each time costs no more than another. */
  requested(tenantId: string, deviceId: string, { secure, address }: Arrival): void {
    const entry = this.#entry(tenantId, deviceId);
    // What stands says more than a request beside it.
    if (entry.connected) return;
    const known = entry.connection;
    if (known !== null && known.address === address && known.secure === secure && known.protocol === 'HTTP') return;
    entry.connection = { protocol: 'HTTP', secure, address };
    entry.isConnectionNew = true;
    this.#mark(entry);
  }

  disconnected(tenantId: string, deviceId: string): void {
    const entry = this.#entry(tenantId, deviceId);
    entry.connected = false;
    entry.lastDisconnectTime = this.#deps.clock.now();
    const { connection } = entry;
    if (connection !== null) this.#deps.history?.record({ tenantId, deviceId, kind: 'disconnected', connection });
    this.#mark(entry);
    this.#publish(entry);
  }

  forget(deviceId: string): void {
    this.#touchedLast = undefined;
    const entry = this.#entries.get(deviceId);
    this.#entries.delete(deviceId);
    if (entry !== undefined) entry.dirty = false;
  }

  async read(tenantId: string, deviceIds: readonly string[]): Promise<Map<string, DeviceActivity>> {
    const found = new Map<string, DeviceActivity>();
    for (const row of await selectActivity(this.#deps.db, tenantId, deviceIds)) {
      const entry = this.#entries.get(row.id);
      found.set(row.id, entry === undefined ? toActivity(row) : merge(entry, row));
    }
    return found;
  }

  /** Devices that stayed silent longer than their timeout become inactive. Called by the clock; tests call it too. */
  async sweep(): Promise<void> {
    const now = this.#deps.clock.now();
    const silent = [...this.#entries.values()].filter((entry) => entry.active && !entry.connected);
    const unknown = silent.filter((entry) => entry.timeoutMs === undefined);
    if (unknown.length > 0) {
      const ids = unknown.map((entry) => entry.deviceId);
      const timeouts = await selectInactivityTimeouts(this.#deps.db, ids);
      for (const entry of unknown) entry.timeoutMs = parseTimeout(timeouts.get(entry.deviceId));
    }
    for (const entry of silent) {
      if (entry.connected || now - (entry.lastActivityTime ?? 0) < (entry.timeoutMs ?? defaultInactivityTimeoutMs)) {
        continue;
      }
      entry.active = false;
      this.#mark(entry);
      this.#publish(entry);
    }
    for (const [id, entry] of this.#entries) {
      if (!entry.active && !entry.connected && !entry.dirty) this.#entries.delete(id);
    }
  }

  /** Writes what has changed; one flush at a time. Never rejects. */
  flush(): Promise<void> {
    this.#flushing = this.#flushing.then(async () => {
      const entries = this.#dirty.filter((entry) => entry.dirty);
      this.#dirty = [];
      if (entries.length === 0) return;
      const rows = entries.map((entry) => ({
        id: entry.deviceId,
        last_connect_at: entry.lastConnectTime,
        last_activity_at: entry.lastActivityTime,
        last_disconnect_at: entry.lastDisconnectTime,
        last_connection: entry.isConnectionNew ? JSON.stringify(entry.connection) : null,
      }));
      const moved = entries.filter((entry) => entry.isConnectionNew);
      const flipped = entries
        .filter((entry) => entry.active !== entry.writtenActive)
        .map((entry) => ({ entry, active: entry.active }));
      for (const entry of entries) entry.dirty = false;
      for (const entry of moved) entry.isConnectionNew = false;
      // Who looks sees when a device was heard of last, not only whether.
      await this.#publishAll(entries).catch(this.#deps.onFault);
      try {
        await updateTimes(this.#deps.db, rows);
        for (const active of [true, false]) {
          const changed = flipped.filter((flip) => flip.active === active);
          const ids = changed.map(({ entry }) => entry.deviceId);
          await updateActive(this.#deps.db, active ? 1 : 0, ids);
          for (const { entry } of changed) entry.writtenActive = active;
        }
      } catch (error) {
        for (const entry of moved) entry.isConnectionNew = true;
        for (const entry of entries) if (this.#entries.get(entry.deviceId) === entry) this.#mark(entry);
        this.#deps.onFault(error);
      }
    });
    return this.#flushing;
  }

  #entry(tenantId: string, deviceId: string): Entry {
    let entry = this.#entries.get(deviceId);
    if (entry === undefined) {
      entry = {
        tenantId,
        deviceId,
        active: false,
        connected: false,
        lastConnectTime: null,
        lastActivityTime: null,
        lastDisconnectTime: null,
        connection: null,
        isConnectionNew: false,
        timeoutMs: undefined,
        dirty: false,
        writtenActive: undefined,
      };
      this.#entries.set(deviceId, entry);
    }
    return entry;
  }

  #mark(entry: Entry): void {
    if (entry.dirty) return;
    entry.dirty = true;
    this.#dirty.push(entry);
  }

  #publish(entry: Entry): void {
    // Each connection comes and goes through here, and mostly nobody looks at any device.
    if (!this.#deps.bus.hasInterestWithin('activity')) return;
    void this.#publishAll([entry]).catch(this.#deps.onFault);
  }

  /** Tells whoever looks, and costs next to nothing when nobody does. */
  async #publishAll(entries: readonly Entry[]): Promise<void> {
    const { bus } = this.#deps;
    if (!bus.hasInterestWithin('activity')) return;
    const wanted = new Map<string, string[]>();
    for (const { tenantId, deviceId } of entries) {
      if (!bus.hasInterest(subjects.activity(tenantId, deviceId))) continue;
      const ids = wanted.get(tenantId);
      if (ids === undefined) wanted.set(tenantId, [deviceId]);
      else ids.push(deviceId);
    }
    for (const [tenantId, ids] of wanted) {
      for (let i = 0; i < ids.length; i += publishedAtOnce) {
        // An entry knows only what this process saw; the row fills the gaps.
        for (const [deviceId, activity] of await this.read(tenantId, ids.slice(i, i + publishedAtOnce))) {
          bus.publish(subjects.activity(tenantId, deviceId), {
            kind: 'device.activity',
            tenantId,
            deviceId,
            ...activity,
          });
        }
      }
    }
  }
}

function toActivity(row: ActivityRow): DeviceActivity {
  return {
    active: row.active === 1,
    lastConnectTime: row.last_connect_at,
    lastActivityTime: row.last_activity_at,
    lastDisconnectTime: row.last_disconnect_at,
    connection: parseConnection(row.last_connection),
  };
}

/** Our own writing. */
export function parseConnection(json: string | null): DeviceConnection | null {
  return json === null ? null : (JSON.parse(json) as DeviceConnection);
}

function merge(entry: Entry, row: ActivityRow): DeviceActivity {
  return {
    active: entry.active,
    lastConnectTime: entry.lastConnectTime ?? row.last_connect_at,
    lastActivityTime: entry.lastActivityTime ?? row.last_activity_at,
    lastDisconnectTime: entry.lastDisconnectTime ?? row.last_disconnect_at,
    connection: entry.connection ?? parseConnection(row.last_connection),
  };
}

/** The attribute is whatever somebody wrote: only a sensible number of milliseconds counts. */
function parseTimeout(json: string | undefined): number {
  const value = json === undefined ? Number.NaN : Number(json);
  return Number.isFinite(value) && value >= 1000 ? value : defaultInactivityTimeoutMs;
}
