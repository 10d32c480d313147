/** Why the server ends a connection, and what an MQTT 5 client reads in the DISCONNECT. MQTT 3 is just closed. */
import type { ErrorCode } from '#contract/errors.ts';
import type { CloseReason } from '../../sessions/sessions.ts';
import type { FaultCode } from './codec/cursor.ts';

export type Ending =
  | FaultCode
  | CloseReason
  | 'invalid_payload'
  | 'rate_limited'
  | 'overloaded'
  | 'storage_unavailable'
  | 'internal_error'
  | 'provisioning_refused'
  | 'provisioning_rate_limited'
  | 'provisioning_ended'
  | 'provisioning_only'
  | 'topic_name_invalid'
  | 'quota_exceeded'
  | 'token_expired'
  | 'token_refused'
  | 'keep_alive_timeout'
  | 'inactive'
  | 'connect_timeout'
  | 'slow_consumer';

/** Codes as in reference §1.1 and §1.2 where it names them. */
export const disconnectCodes = {
  malformed_packet: 0x81,
  // The standard has 0x95 for it; ThingsBoard says malformed (reference §1.1).
  packet_too_large: 0x81,
  protocol_error: 0x82,
  internal_error: 0x83,
  rate_limited: 0x83,
  overloaded: 0x83,
  storage_unavailable: 0x83,
  provisioning_refused: 0x83,
  shutting_down: 0x8b,
  token_expired: 0x87,
  token_refused: 0x87,
  keep_alive_timeout: 0x8d,
  taken_over: 0x8e,
  topic_name_invalid: 0x90,
  provisioning_only: 0x90,
  topic_alias_invalid: 0x94,
  // As the CONNECT without TLS that comes next is answered.
  policy_changed: 0x87,
  quota_exceeded: 0x97,
  provisioning_rate_limited: 0x97,
  slow_consumer: 0x97,
  credentials_revoked: 0x98,
  device_deleted: 0x98,
  device_disabled: 0x98,
  invalid_payload: 0x99,
  qos_not_supported: 0x9b,
  connect_timeout: 0xa0,
  inactive: 0xa0,
  provisioning_ended: 0xa0,
  subscription_identifiers_not_supported: 0xa1,
} as const satisfies Record<Ending, number>;

/** Endings that are no fault of the client: they are not counted as rejections. */
const peaceful: ReadonlySet<Ending> = new Set<Ending>([
  'taken_over',
  'credentials_revoked',
  'device_deleted',
  'device_disabled',
  'policy_changed',
  'shutting_down',
  'provisioning_ended',
  'token_expired',
]);

export function isRejection(ending: Ending): boolean {
  return !peaceful.has(ending);
}

/** What a refusal of ingest means for a connection, when it cannot be told in a PUBACK. */
export function endingOf(code: ErrorCode): Ending {
  switch (code) {
    case 'invalid_payload':
    case 'invalid_request':
    case 'payload_too_large':
      return 'invalid_payload';
    case 'rate_limited':
    case 'overloaded':
    case 'storage_unavailable':
    case 'shutting_down':
      return code;
    default:
      return 'internal_error';
  }
}
