/** Codes of a refusing CONNACK (reference §1.1). */
import type { ConnectPacket } from '../codec/packets.ts';

export interface ConnectRefusal {
  /** For the metric. */
  readonly code: string;
  /** Return code of MQTT 3.1 and 3.1.1. */
  readonly v3: number;
  /** Reason code of MQTT 5. */
  readonly v5: number;
  /** Reason code of the DISCONNECT that follows it; 0x87 when there is no better one. */
  readonly v5Disconnect?: number;
  /** Reason string, where the code alone does not say what to do. */
  readonly reason?: string;
}

export const connectRefusals = {
  badUserNameOrPassword: { code: 'invalid_credentials', v3: 5, v5: 0x86 },
  identifier: { code: 'invalid_credentials', v3: 2, v5: 0x85 },
  notAuthorized: { code: 'invalid_credentials', v3: 5, v5: 0x87 },
  rateLimited: { code: 'rate_limited', v3: 3, v5: 0x9f, v5Disconnect: 0x9f },
  internal: { code: 'internal_error', v3: 3, v5: 0x88, v5Disconnect: 0x83 },
  deviceDisabled: { code: 'device_disabled', v3: 5, v5: 0x87, reason: 'The device is disabled' },
  tlsRequired: { code: 'https_required', v3: 5, v5: 0x87, reason: 'The device profile asks for TLS' },
  authenticationTooWeak: {
    code: 'auth_too_weak',
    v3: 5,
    v5: 0x87,
    reason: 'The device profile asks for stronger authentication',
  },
  authenticationMethod: { code: 'bad_authentication_method', v3: 5, v5: 0x8c },
} satisfies Record<string, ConnectRefusal>;

/** Which of the three refusals wrong credentials get: it depends on what was shown. */
export function refusalOfWrongCredentials(packet: ConnectPacket): ConnectRefusal {
  const hasUsername = given(packet.username);
  const hasPassword = given(packet.password);
  const hasClientId = packet.clientId.trim() !== '';
  if (hasUsername !== hasPassword || (hasUsername && hasClientId)) return connectRefusals.badUserNameOrPassword;
  if (!hasUsername && hasClientId) return connectRefusals.identifier;
  return connectRefusals.notAuthorized;
}

function given(text: string | undefined): boolean {
  return text !== undefined && text !== '';
}
