/** Who is at the gate: from what a device shows to the device that it is. Answers come from memory when they can. */
import type { ErrorCode } from '#contract/errors.ts';
import type { MinAuth } from '#contract/profiles.ts';

/** What the profile of a device asks of its connections. */
export interface ProfilePolicy {
  readonly profileId: string;
  readonly tlsOnly: boolean;
  readonly tokenInPath: boolean;
  /** The weakest way in which the device may prove itself. */
  readonly minAuth: MinAuth;
  /** Signed requests must carry the server's nonce. */
  readonly requireNonce: boolean;
}

/** A device that has proved who it is. Frozen and shared between requests. */
export interface DeviceIdentity {
  readonly tenantId: string;
  readonly deviceId: string;
  readonly deviceName: string;
  readonly isGateway: boolean;
  /** Which credentials it showed: when those are revoked, the session ends. */
  readonly credentialsId: string;
  /** When these credentials stop working (they were rotated), ms; null for never. */
  readonly credentialsExpireAt: number | null;
  readonly policy: ProfilePolicy;
}

export interface GateRefusal {
  readonly refused: Extract<
    ErrorCode,
    'invalid_credentials' | 'device_disabled' | 'https_required' | 'auth_too_weak' | 'rate_limited'
  >;
}

export interface MqttCredentials {
  /** Undefined when the client sent none; '' is kept apart because MQTT does. */
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
}

/** How the connection came, for the rules of the profile. */
export interface Arrival {
  readonly transport: 'http' | 'mqtt';
  readonly secure: boolean;
  /** The peer's address, for limits and the log. */
  readonly address: string;
}

export type GateAnswer = DeviceIdentity | GateRefusal;

/** Counts nothing: the transports count what they refuse, whatever the reason. */
export interface Gate {
  /** An access token in a path or as MQTT user name. At once when the token is remembered. */
  byAccessToken(token: string, arrival: Arrival): GateAnswer | Promise<GateAnswer>;
  /** The matching rules of reference §1.1 step 3. */
  byMqttConnect(shown: MqttCredentials, arrival: Arrival): GateAnswer | Promise<GateAnswer>;
}
