/**
 * The tables, as Kysely sees them. The same on SQLite and PostgreSQL, so: ids are UUIDv7 texts, times are integer
 * milliseconds since the Unix epoch, flags are 0 or 1, JSON is text. Every row of a tenant carries `tenant_id`.
 */
import type { Generated, Kysely } from 'kysely';
import type { Role } from '#contract/common.ts';
import type { Language } from '#contract/users.ts';

export interface TenantTable {
  id: string;
  name: string;
  /** How long telemetry is kept, days; null for ever. */
  telemetry_retention_days: Generated<number | null>;
  created_at: number;
}

/** What belongs to the instance, not to a tenant: instance id, hash of the set-up token, … */
export interface SettingTable {
  name: string;
  value: string;
}

export interface UserTable {
  id: string;
  tenant_id: string;
  /** Lower case; unique over the server. */
  email: string;
  name: string;
  role: Role;
  language: Language;
  /** argon2id in PHC form. */
  password_hash: string;
  created_at: number;
  updated_at: number;
  last_sign_in_at: number | null;
}

export interface UserSessionTable {
  /** SHA-256 of the cookie's value, base64url. */
  token_hash: string;
  tenant_id: string;
  user_id: string;
  created_at: number;
  last_seen_at: number;
  expires_at: number;
  address: string;
  user_agent: string;
}

export interface ApiKeyTable {
  id: string;
  tenant_id: string;
  name: string;
  role: Role;
  /** SHA-256 of the whole key, base64url; unique. */
  key_hash: string;
  /** The first characters, shown so that people can tell keys apart. */
  prefix: string;
  /** E-mail address or key name of who made it. */
  created_by: string;
  created_at: number;
  expires_at: number | null;
  last_used_at: number | null;
}

export interface DeviceProfileTable {
  id: string;
  tenant_id: string;
  /** Unique in the tenant. */
  name: string;
  description: string;
  /** 1 for the profile that devices get when none is named; one per tenant. */
  is_default: number;
  strategy: 'DISABLED' | 'ALLOW_CREATE_NEW_DEVICES' | 'CHECK_PRE_PROVISIONED_DEVICES';
  /** Unique over the server. */
  provision_key: string;
  provision_secret_sealed: Uint8Array;
  reprovision: 'strict' | 'return_existing' | 'rotate';
  /** `count:seconds[,count:seconds]` for provisioning requests of this profile; '' is the server's default. */
  provision_rate_limit: string;
  tls_only: number;
  token_in_path: number;
  /** The weakest way in which its devices may prove themselves. */
  min_auth: Generated<'token' | 'bearer' | 'signed' | 'mtls'>;
  /** 1: signed requests carry the server's nonce. */
  require_nonce: Generated<number>;
  /** 1: provisioning asks for a proof, the secret itself is refused. */
  require_proof: Generated<number>;
  /** From which the keys of its devices are derived; sealed, context `profile-group-key:<id>`. */
  group_key_sealed: Uint8Array | null;
  /** How long telemetry of its devices is kept, days; 0 for ever, null as the tenant says. */
  telemetry_retention_days: Generated<number | null>;
  created_at: number;
  updated_at: number;
}

export interface DeviceTable {
  id: string;
  tenant_id: string;
  profile_id: string;
  /** Unique in the tenant. */
  name: string;
  label: string;
  description: string;
  /** Name and label in lower case, which a search looks through (databases fold ASCII alone). */
  search_text: Generated<string>;
  is_gateway: number;
  enabled: number;
  active: number;
  last_connect_at: number | null;
  last_activity_at: number | null;
  last_disconnect_at: number | null;
  /** JSON text of the contract's DeviceConnection. */
  last_connection: Generated<string | null>;
  created_at: number;
  updated_at: number;
}

export interface CredentialsTable {
  id: string;
  tenant_id: string;
  device_id: string;
  type: 'ACCESS_TOKEN' | 'MQTT_BASIC' | 'JWT';
  /** Keyed hash of what a device shows to be found (see `credentials/lookup.ts`); unique over the server. */
  lookup_hash: string;
  /** Sealed JSON of the credentials, context `credentials:<id>`. */
  sealed: Uint8Array;
  created_at: number;
  /** Null for the device's current credentials; for rotated ones, when they stop working. */
  expires_at: number | null;
  /** JWT: the key that retires when this one is first used; null once that is done. */
  replaces: string | null;
  /** JWT: `jti` up to here were used before this process started, ms. */
  replay_floor: Generated<number>;
}

export interface AttributeTable {
  tenant_id: string;
  device_id: string;
  scope: 'client' | 'shared' | 'server';
  key: string;
  /** JSON text. */
  value: string;
  updated_at: number;
}

export interface AuditTable {
  /** UUIDv7: the order of ids is the order of time. */
  id: string;
  tenant_id: string;
  at: number;
  actor_kind: 'user' | 'api_key' | 'device' | 'system';
  actor_id: string;
  actor_name: string;
  /** Past tense with its noun first: `device.created`, `provisioning.failed`. */
  action: string;
  target_kind: string;
  target_id: string;
  target_name: string;
  outcome: 'success' | 'failure';
  address: string;
  /** JSON text; never a secret. */
  detail: string;
}

export interface IdempotencyKeyTable {
  tenant_id: string;
  /** The principal's id: keys of two callers never meet. */
  principal_id: string;
  key: string;
  /** SHA-256 of method, path and body. */
  request_hash: string;
  status: number;
  /** Sealed, for an answer may hold a secret that is shown once; context `idempotency:<tenant>:<principal>:<key>`. */
  body_sealed: Uint8Array;
  created_at: number;
}

/** What devices or strangers tried and were refused, one row for many of a kind. */
export interface SecurityEventTable {
  id: string;
  tenant_id: string;
  first_at: number;
  last_at: number;
  /** How many refusals this row stands for. */
  count: number;
  kind: string;
  /** The code of the refusal, or what is suspicious about it. */
  reason: string;
  transport: string;
  /** '' when no device is known. */
  device_id: string;
  device_name: string;
  address: string;
}

/** A device connected or disconnected. */
export interface ConnectionEventTable {
  /** UUIDv7: the order of ids is the order of time. */
  id: string;
  tenant_id: string;
  device_id: string;
  at: number;
  kind: 'connected' | 'disconnected';
  protocol: string;
  /** 1: over TLS. */
  secure: number;
  address: string;
}

export interface DashboardTable {
  id: string;
  tenant_id: string;
  name: string;
  description: string;
  /** JSON text, as the contract has it. */
  layout: string;
  widget_count: number;
  /** Rises with each change, so that two people do not overwrite each other. */
  revision: number;
  created_at: number;
  updated_at: number;
}

export interface Tables {
  tenants: TenantTable;
  settings: SettingTable;
  users: UserTable;
  user_sessions: UserSessionTable;
  api_keys: ApiKeyTable;
  device_profiles: DeviceProfileTable;
  devices: DeviceTable;
  credentials: CredentialsTable;
  attributes: AttributeTable;
  audit: AuditTable;
  idempotency_keys: IdempotencyKeyTable;
  security_events: SecurityEventTable;
  connection_events: ConnectionEventTable;
  dashboards: DashboardTable;
}

export type Db = Kysely<Tables>;
