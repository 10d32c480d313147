import type { Gauge } from 'prom-client';
import type { Bus } from '../bus/bus.ts';
import type { Db } from '../db/schema.ts';
import type { Clock } from '../lib/clock.ts';
import { ActivityTracker } from './activity.ts';
import { selectEnabled } from './queries.ts';
import type { CloseReason, DeviceSession, Downlink, DownlinkWaiter, Sessions } from './sessions.ts';

/** Long polls of one device at a time; a device that opens more has lost track of its own. */
const waitersPerDevice = 8;

export interface SessionsDeps {
  readonly db: Db;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: { error(context: object, message: string): void };
  readonly metrics: { readonly sessions: Gauge<'transport'> };
}

interface Waiting {
  readonly credentialsId: string;
  readonly waiter: DownlinkWaiter;
}

/** One entry per connected device, one per device with a request that waits. */
export function createSessions({ db, bus, clock, log, metrics }: SessionsDeps): Sessions {
  const open = new Map<string, DeviceSession>();
  const waiting = new Map<string, Set<Waiting>>();
  const activity = new ActivityTracker({
    db,
    bus,
    clock,
    onFault: (error) => log.error({ err: error }, 'device activity could not be written'),
  });
  let unsubscribe: (() => void)[] = [];

  function count(): { mqtt: number } {
    return { mqtt: open.size };
  }

  function remove(session: DeviceSession): boolean {
    if (open.get(session.device.deviceId) !== session) return false;
    open.delete(session.device.deviceId);
    metrics.sessions.set({ transport: 'mqtt' }, open.size);
    return true;
  }

  /** Ends what a device has open, all of it or what came by certain credentials. */
  function end(deviceId: string, reason: CloseReason, credentialsIds?: readonly string[]): void {
    const ends = (credentialsId: string): boolean => credentialsIds?.includes(credentialsId) ?? true;
    const session = open.get(deviceId);
    if (session !== undefined && ends(session.device.credentialsId)) {
      remove(session);
      activity.disconnected(session.device.tenantId, deviceId);
      session.close(reason);
    }
    for (const item of waiting.get(deviceId) ?? []) {
      if (ends(item.credentialsId)) item.waiter.close(reason);
    }
  }

  function deliver(deviceId: string, downlink: Downlink): void {
    open.get(deviceId)?.deliver(downlink);
    for (const { waiter } of waiting.get(deviceId) ?? []) waiter.deliver(downlink);
  }

  async function endIfDisabled(tenantId: string, deviceId: string): Promise<void> {
    if (!open.has(deviceId) && !waiting.has(deviceId)) return;
    if (!(await selectEnabled(db, tenantId, deviceId))) end(deviceId, 'device_disabled');
  }

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
            end(message.deviceId, 'device_deleted');
            activity.forget(message.deviceId);
          } else if (message.kind === 'credentials.revoked') {
            end(message.deviceId, 'credentials_revoked', message.credentialsIds);
          } else if (message.kind === 'device.updated') {
            endIfDisabled(message.tenantId, message.deviceId).catch((error: unknown) =>
              log.error({ err: error }, 'could not look whether a device was disabled'),
            );
          }
        }),
      ];
    },

    async stop() {
      for (const cancel of unsubscribe.splice(0)) cancel();
      for (const deviceId of new Set([...open.keys(), ...waiting.keys()])) end(deviceId, 'shutting_down');
      await activity.stop();
    },

    open(session) {
      const { tenantId, deviceId } = session.device;
      const older = open.get(deviceId);
      open.set(deviceId, session);
      metrics.sessions.set({ transport: 'mqtt' }, open.size);
      activity.connected(tenantId, deviceId);
      older?.close('taken_over');
    },

    closed(session) {
      if (remove(session)) activity.disconnected(session.device.tenantId, session.device.deviceId);
    },

    wait(device, waiter) {
      const item: Waiting = { credentialsId: device.credentialsId, waiter };
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
    activity: (tenantId, deviceIds) => activity.read(tenantId, deviceIds),
    count,
  };
}
