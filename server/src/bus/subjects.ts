/** Every subject and message of the bus. Ids are UUIDs, so a subject never holds a character of its own meaning. */
import type { Json } from '#contract/common.ts';
import type { DeviceConnection } from '#contract/devices.ts';
import type { TelemetryValue } from '../lib/telemetry-value.ts';

/** Telemetry of one device that has been stored. */
export interface TelemetryStored {
  readonly kind: 'telemetry.stored';
  readonly tenantId: string;
  readonly deviceId: string;
  /** In the order of arrival; `ts` in ms. */
  readonly points: readonly { readonly key: string; readonly ts: number; readonly value: TelemetryValue }[];
}

/** Points of one device in [fromTs, toTs) have been deleted, ms; of all keys when `keys` is null. */
export interface TelemetryDeleted {
  readonly kind: 'telemetry.deleted';
  readonly tenantId: string;
  readonly deviceId: string;
  readonly keys: readonly string[] | null;
  readonly fromTs: number;
  readonly toTs: number;
  /** The latest point that each of the keys has now. */
  readonly latest: TelemetryStored['points'];
}

/** Attributes of one device in one scope that have been written or deleted. */
export interface AttributesChanged {
  readonly kind: 'attributes.changed';
  readonly tenantId: string;
  readonly deviceId: string;
  readonly scope: 'client' | 'shared' | 'server';
  readonly updated: { readonly [key: string]: Json };
  readonly deleted: readonly string[];
}

/** A device row was made, changed or deleted. */
export interface DeviceChanged {
  readonly kind: 'device.created' | 'device.updated' | 'device.deleted';
  readonly tenantId: string;
  readonly deviceId: string;
}

/** Credentials of a device stopped working: its sessions that used them must close. */
export interface CredentialsRevoked {
  readonly kind: 'credentials.revoked';
  readonly tenantId: string;
  readonly deviceId: string;
  readonly credentialsIds: readonly string[];
}

/**
 * A device became active or inactive, connected or disconnected; or, every few seconds, was heard of again. Times in ms,
 * null for never.
 */
export interface DeviceActivityChanged {
  readonly kind: 'device.activity';
  readonly tenantId: string;
  readonly deviceId: string;
  readonly active: boolean;
  readonly lastConnectTime: number | null;
  readonly lastActivityTime: number | null;
  readonly lastDisconnectTime: number | null;
  readonly connection: DeviceConnection | null;
}

/** A device profile was made, changed or deleted: remembered copies of it, or of its absence, are stale. */
export interface ProfileChanged {
  readonly kind: 'profile.created' | 'profile.updated' | 'profile.deleted';
  readonly tenantId: string;
  readonly profileId: string;
}

/** Something was refused at a gate; one message for many of a kind within some seconds. Times in ms. */
export interface SecurityRecorded {
  readonly kind: 'security.recorded';
  readonly tenantId: string;
  /** As in `GET /v1/security-events`: `device_token.refused`, … */
  readonly event: string;
  readonly reason: string;
  readonly transport: string;
  /** Null when no device is known. */
  readonly deviceId: string | null;
  readonly address: string;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Somebody did something; its record is on the way to the disk. Whose rights may have changed by it looks again. */
export interface AuditRecorded {
  readonly kind: 'audit.recorded';
  readonly tenantId: string;
  /** As in `GET /v1/audit`: `api_key.revoked`, … */
  readonly action: string;
  readonly target: { readonly kind: string; readonly id: string };
  readonly outcome: 'success' | 'failure';
}

export type BusMessage =
  | TelemetryStored
  | TelemetryDeleted
  | AttributesChanged
  | DeviceChanged
  | CredentialsRevoked
  | DeviceActivityChanged
  | ProfileChanged
  | SecurityRecorded
  | AuditRecorded;

type Tenant = string;
type Device = string;

export const subjects = {
  /** TelemetryStored and TelemetryDeleted. */
  telemetry: (tenant: Tenant, device: Device): string => `telemetry.${tenant}.${device}`,
  attributes: (tenant: Tenant, device: Device): string => `attributes.${tenant}.${device}`,
  /** DeviceChanged and CredentialsRevoked. */
  device: (tenant: Tenant, device: Device): string => `devices.${tenant}.${device}`,
  activity: (tenant: Tenant, device: Device): string => `activity.${tenant}.${device}`,
  audit: (tenant: Tenant): string => `audit.${tenant}`,
  security: (tenant: Tenant): string => `security.${tenant}`,
  profile: (tenant: Tenant, profile: string): string => `profiles.${tenant}.${profile}`,
} as const;
