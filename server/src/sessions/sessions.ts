/** Who is connected where; delivers what goes down to devices. */
import type { Json } from '#contract/common.ts';
import type { DeviceConnection } from '#contract/devices.ts';
import type { Arrival, DeviceIdentity } from '../credentials/gate.ts';
import type { Means } from './means.ts';

/** What a device is told. Commands join here. */
export type Downlink = {
  readonly kind: 'attributes';
  /** Shared attributes as ThingsBoard tells them: `{"k":v}` or `{"deleted":["k"]}`. */
  readonly body: { readonly [key: string]: Json };
};

/** Why the platform ends a session; each transport maps it to its own codes. */
export type CloseReason =
  | 'taken_over'
  | 'credentials_revoked'
  | 'device_deleted'
  | 'device_disabled'
  /** The profile asks for more than this connection has: TLS, or a stronger proof of who it is. */
  | 'policy_changed'
  | 'shutting_down';

/** A standing connection of a device. One per device: a new one closes the older. */
export interface DeviceSession {
  readonly device: DeviceIdentity;
  readonly transport: 'mqtt';
  readonly protocol: 'MQTT 3.1' | 'MQTT 3.1.1' | 'MQTT 5';
  readonly address: string;
  readonly means: Means;
  readonly connectedAt: number;
  /** Sends what the device subscribed to; drops what it did not. */
  deliver(downlink: Downlink): void;
  close(reason: CloseReason): void;
}

/** A request that waits for one downlink (HTTP long poll); any number per device, within a limit. */
export interface DownlinkWaiter {
  readonly means: Means;
  deliver(downlink: Downlink): void;
  close(reason: CloseReason): void;
}

export interface DeviceActivity {
  readonly active: boolean;
  readonly lastConnectTime: number | null;
  readonly lastActivityTime: number | null;
  readonly lastDisconnectTime: number | null;
  /** The latest, standing or not; null before the first. */
  readonly connection: DeviceConnection | null;
}

export interface Sessions {
  start(): Promise<void>;
  /** Closes all sessions with `shutting_down` and writes the activity that is not yet in the database. */
  stop(): Promise<void>;
  /**
   * Registers a session and takes over an older one of the same device. Closes it instead when its credentials ended
   * since the gate let it in.
   */
  open(session: DeviceSession): void;
  /** The transport says that the connection has ended. Safe to call twice. */
  closed(session: DeviceSession): void;
  /** Waits for a downlink of this device. @returns the function that stops waiting */
  wait(device: DeviceIdentity, waiter: DownlinkWaiter): () => void;
  /** Something came from this device, by whatever transport: it is active now. Called per message, costs no I/O. */
  touch(device: DeviceIdentity): void;
  /** A request of this device, which has no standing connection by it. Called per request, costs no I/O. */
  requested(device: DeviceIdentity, arrival: Arrival): void;
  /** What is known of these devices, the latest also when it is not yet in the database. */
  activity(tenantId: string, deviceIds: readonly string[]): Promise<Map<string, DeviceActivity>>;
  /** Standing connections, by transport. */
  count(): { readonly mqtt: number };
}
