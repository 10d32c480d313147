import type { Gauge } from 'prom-client';
import type { Bus } from '../bus/bus.ts';
import type { ConnectionEvents } from '../connection-events/connection-events.ts';
import type { DeviceIdentity } from '../credentials/gate.ts';
import type { Db } from '../db/schema.ts';
import type { Clock } from '../lib/clock.ts';
import { LruMap } from '../lib/lru.ts';
import { ActivityTracker } from './activity.ts';
import { type ProfileRules, suffices } from './means.ts';
import { OpenSessions } from './open-sessions.ts';
import { selectOfProfile, selectRules, selectStanding } from './queries.ts';
import type { CloseReason, DeviceSession, Downlink, DownlinkWaiter, Sessions } from './sessions.ts';

/** Long polls of one device at a time; a device that opens more has lost track of its own. */
const waitersPerDevice = 8;

/**
 * What came to an end or changed of late, for devices that were at the gate just then. The gate answers within
 * milliseconds, so this is ample; about 1 MB each.
 */
const recentLimit = 10_000;

export interface SessionsDeps {
  readonly db: Db;
  readonly bus: Bus;
  readonly clock: Clock;
  /** Told of every connect and disconnect. */
  readonly history?: ConnectionEvents;
  readonly log: { error(context: object, message: string): void };
  readonly metrics: { readonly sessions: Gauge<'transport'> };
}

interface Waiting {
  readonly device: DeviceIdentity;
  readonly waiter: DownlinkWaiter;
}

/** One entry per connected device, one per device with a request that waits. */
export function createSessions({ db, bus, clock, history, log, metrics }: SessionsDeps): Sessions {
  const open = new OpenSessions();
  const waiting = new Map<string, Set<Waiting>>();
  /** By the id of the credentials or of the device. */
  const ended = new LruMap<string, CloseReason>(recentLimit);
  /** Ids of devices and profiles. */
  const changed = new LruMap<string, true>(recentLimit);
  const activity = new ActivityTracker({
    db,
    bus,
    clock,
    history,
    onFault: (error) => log.error({ err: error }, 'device activity could not be written'),
  });
  let unsubscribe: (() => void)[] = [];

  function count(): { mqtt: number } {
    return { mqtt: open.size };
  }

  /** Once for all that come and go in one turn: to set a metric costs as much as to find the device. */
  let isCountDue = false;
  function countSoon(): void {
    if (isCountDue) return;
    isCountDue = true;
    setImmediate(() => {
      isCountDue = false;
      metrics.sessions.set({ transport: 'mqtt' }, open.size);
    });
  }

  function remove(session: DeviceSession): boolean {
    if (!open.remove(session)) return false;
    countSoon();
    return true;
  }

  function endSession(session: DeviceSession, reason: CloseReason): void {
    remove(session);
    activity.disconnected(session.device.tenantId, session.device.deviceId);
    session.close(reason);
  }

  /** Ends what a device has open, all of it or what came by certain credentials. */
  function end(deviceId: string, reason: CloseReason, credentialsIds?: readonly string[]): void {
    const ends = (credentialsId: string): boolean => credentialsIds?.includes(credentialsId) ?? true;
    const session = open.get(deviceId);
    if (session !== undefined && ends(session.device.credentialsId)) endSession(session, reason);
    for (const item of waiting.get(deviceId) ?? []) {
      if (ends(item.device.credentialsId)) item.waiter.close(reason);
    }
  }

  function deliver(deviceId: string, downlink: Downlink): void {
    open.get(deviceId)?.deliver(downlink);
    for (const { waiter } of waiting.get(deviceId) ?? []) waiter.deliver(downlink);
  }

  /** Why this device may no longer be connected as it is, if so. */
  async function endIfRefused({ tenantId, deviceId }: Pick<DeviceIdentity, 'tenantId' | 'deviceId'>): Promise<void> {
    if (open.get(deviceId) === undefined && !waiting.has(deviceId)) return;
    const standing = await selectStanding(db, tenantId, deviceId);
    if (standing?.enabled !== 1) end(deviceId, 'device_disabled');
    else endInsufficient(deviceId, standing);
  }

  /** Ends what a device has open by means that its profile does not take any more. */
  function endInsufficient(deviceId: string, rules: ProfileRules): void {
    const session = open.get(deviceId);
    if (session !== undefined && !suffices(session.means, rules)) endSession(session, 'policy_changed');
    for (const { waiter } of waiting.get(deviceId) ?? []) {
      if (!suffices(waiter.means, rules)) waiter.close('policy_changed');
    }
  }

  /** Of the devices that are here only those with the wrong means are looked up. */
  async function endInsufficientOf(tenantId: string, profileId: string): Promise<void> {
    const rules = await selectRules(db, tenantId, profileId);
    if (rules === undefined) return;
    const ids = new Set<string>();
    for (const { means, device } of open) if (!suffices(means, rules)) ids.add(device.deviceId);
    for (const [deviceId, items] of waiting) {
      for (const { waiter } of items) if (!suffices(waiter.means, rules)) ids.add(deviceId);
    }
    for (const id of await selectOfProfile(db, tenantId, profileId, [...ids])) endInsufficient(id, rules);
  }

  /**
   * What happened while the gate had its answer on the way here: too early to find the session, too late for the gate.
   * @returns why the device may not come in any more
   */
  function overtaken({ tenantId, deviceId, credentialsId, policy }: DeviceIdentity): CloseReason | undefined {
    const reason = ended.peek(credentialsId) ?? ended.peek(deviceId);
    if (reason === undefined && (changed.has(deviceId) || changed.has(policy.profileId))) {
      // After this turn, in which the session is registered.
      setImmediate(() => void endIfRefused({ tenantId, deviceId }).catch(notChecked));
    }
    return reason;
  }

  const notChecked = (error: unknown): void =>
    log.error({ err: error }, 'could not look whether devices may stay connected');

  return {
    async start() {
      await activity.start();
      unsubscribe = [
        bus.subscribe('attributes.*.*', (message) => {
          if (message.kind !== 'attributes.changed' || message.scope !== 'shared') return;
          const { deviceId, updated, deleted } = message;
          if (Object.keys(updated).length > 0) deliver(deviceId, { kind: 'attributes', body: updated });
          if (deleted.length > 0) deliver(deviceId, { kind: 'attributes', body: { deleted: [...deleted] } });
        }),
        bus.subscribe('devices.*.*', (message) => {
          if (message.kind === 'device.deleted') {
            ended.set(message.deviceId, 'device_deleted');
            end(message.deviceId, 'device_deleted');
            activity.forget(message.deviceId);
          } else if (message.kind === 'credentials.revoked') {
            for (const id of message.credentialsIds) ended.set(id, 'credentials_revoked');
            end(message.deviceId, 'credentials_revoked', message.credentialsIds);
          } else if (message.kind === 'device.updated') {
            changed.set(message.deviceId, true);
            endIfRefused(message).catch(notChecked);
          }
        }),
        bus.subscribe('profiles.*.*', (message) => {
          if (message.kind !== 'profile.updated') return;
          changed.set(message.profileId, true);
          endInsufficientOf(message.tenantId, message.profileId).catch(notChecked);
        }),
      ];
    },

    async stop() {
      for (const cancel of unsubscribe.splice(0)) cancel();
      const openIds = Array.from(open, ({ device }) => device.deviceId);
      for (const deviceId of new Set([...openIds, ...waiting.keys()])) end(deviceId, 'shutting_down');
      await activity.stop();
    },

    open(session) {
      const { tenantId, deviceId } = session.device;
      const reason = overtaken(session.device);
      if (reason !== undefined) return session.close(reason);
      const older = open.put(session);
      countSoon();
      activity.connected(tenantId, deviceId, {
        protocol: session.protocol,
        secure: session.means.secure,
        address: session.address,
      });
      older?.close('taken_over');
    },

    closed(session) {
      if (remove(session)) activity.disconnected(session.device.tenantId, session.device.deviceId);
    },

    wait(device, waiter) {
      const reason = overtaken(device);
      if (reason !== undefined) {
        waiter.close(reason);
        return () => {};
      }
      const item: Waiting = { device, waiter };
      const items = waiting.get(device.deviceId) ?? new Set();
      waiting.set(device.deviceId, items.add(item));
      const [oldest] = items;
      if (items.size > waitersPerDevice) oldest?.waiter.close('taken_over');
      return () => {
        items.delete(item);
        if (items.size === 0 && waiting.get(device.deviceId) === items) waiting.delete(device.deviceId);
      };
    },

    touch: (device) => activity.touch(device.tenantId, device.deviceId),
    requested: (device, arrival) => activity.requested(device.tenantId, device.deviceId, arrival),
    activity: (tenantId, deviceIds) => activity.read(tenantId, deviceIds),
    count,
  };
}
