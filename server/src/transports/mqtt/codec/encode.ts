/** What the server sends. Each function appends one packet to an outbox. */
import { Outbox } from './outbox.ts';
import { type ProtocolVersion, packetType } from './packets.ts';
import { property } from './properties.ts';

/** Properties of a CONNACK; what is undefined is left out. */
export interface ConnackProperties {
  readonly sessionExpiryIntervalS?: number | undefined;
  readonly receiveMaximum?: number | undefined;
  readonly maximumQos?: 0 | 1 | undefined;
  readonly retainAvailable?: boolean | undefined;
  readonly maximumPacketSize?: number | undefined;
  readonly assignedClientId?: string | undefined;
  readonly topicAliasMaximum?: number | undefined;
  readonly reason?: string | undefined;
  readonly subscriptionIdentifiersAvailable?: boolean | undefined;
  readonly sharedSubscriptionsAvailable?: boolean | undefined;
  readonly serverKeepAliveS?: number | undefined;
  readonly authenticationMethod?: string | undefined;
}

/** @param code return code of MQTT 3, reason code of MQTT 5 */
export function encodeConnack(
  out: Outbox,
  version: ProtocolVersion,
  sessionPresent: boolean,
  code: number,
  properties: ConnackProperties = {},
): void {
  const list = version === 5 ? connackProperties(properties) : undefined;
  out.byte(packetType.connack << 4);
  out.varint(list === undefined ? 2 : 2 + varintBytes(list.length) + list.length);
  out.byte(sessionPresent ? 1 : 0);
  out.byte(code);
  if (list !== undefined) appendProperties(out, list);
}

function connackProperties(given: ConnackProperties): Outbox {
  const list = new Outbox();
  const flag = (id: number, value: boolean | undefined) => {
    if (value === undefined) return;
    list.byte(id);
    list.byte(value ? 1 : 0);
  };
  const short = (id: number, value: number | undefined) => {
    if (value === undefined) return;
    list.byte(id);
    list.uint16(value);
  };
  const long = (id: number, value: number | undefined) => {
    if (value === undefined) return;
    list.byte(id);
    list.uint32(value);
  };
  const text = (id: number, value: string | undefined) => {
    if (value === undefined) return;
    list.byte(id);
    list.text(value);
  };
  long(property.sessionExpiryInterval, given.sessionExpiryIntervalS);
  short(property.receiveMaximum, given.receiveMaximum);
  flag(property.maximumQos, given.maximumQos === undefined ? undefined : given.maximumQos === 1);
  flag(property.retainAvailable, given.retainAvailable);
  long(property.maximumPacketSize, given.maximumPacketSize);
  text(property.assignedClientIdentifier, given.assignedClientId);
  short(property.topicAliasMaximum, given.topicAliasMaximum);
  text(property.reasonString, given.reason);
  flag(property.subscriptionIdentifierAvailable, given.subscriptionIdentifiersAvailable);
  flag(property.sharedSubscriptionAvailable, given.sharedSubscriptionsAvailable);
  short(property.serverKeepAlive, given.serverKeepAliveS);
  text(property.authenticationMethod, given.authenticationMethod);
  return list;
}

/** @param code only for MQTT 5: MQTT 3 cannot say more than "taken" */
export function encodePuback(
  out: Outbox,
  version: ProtocolVersion,
  packetId: number,
  code: number,
  reason: string | undefined,
): void {
  out.byte(packetType.puback << 4);
  if (version !== 5 || code === 0) {
    out.byte(2);
    out.uint16(packetId);
    return;
  }
  const list = reasonString(reason);
  out.varint(3 + (list === undefined ? 0 : varintBytes(list.length) + list.length));
  out.uint16(packetId);
  out.byte(code);
  if (list !== undefined) appendProperties(out, list);
}

/** Bytes that `encodePublish` will append. */
export function publishBytes(version: ProtocolVersion, topic: string, payload: Uint8Array, qos: 0 | 1): number {
  const remaining = publishRemaining(version, topic, payload, qos);
  return 1 + varintBytes(remaining) + remaining;
}

/** @param packetId ignored with QoS 0 */
export function encodePublish(
  out: Outbox,
  version: ProtocolVersion,
  topic: string,
  payload: Uint8Array,
  qos: 0 | 1,
  packetId: number,
): void {
  out.byte((packetType.publish << 4) | (qos << 1));
  out.varint(publishRemaining(version, topic, payload, qos));
  out.text(topic);
  if (qos === 1) out.uint16(packetId);
  if (version === 5) out.byte(0);
  out.raw(payload);
}

function publishRemaining(version: ProtocolVersion, topic: string, payload: Uint8Array, qos: 0 | 1): number {
  return 2 + Buffer.byteLength(topic) + (qos === 1 ? 2 : 0) + (version === 5 ? 1 : 0) + payload.length;
}

/** @param codes one per filter, in their order [MQTT-3.8.4-5] */
export function encodeSuback(out: Outbox, version: ProtocolVersion, packetId: number, codes: readonly number[]): void {
  encodeCodes(out, packetType.suback, version, packetId, codes);
}

/** @param codes one per filter; MQTT 3 has none */
export function encodeUnsuback(
  out: Outbox,
  version: ProtocolVersion,
  packetId: number,
  codes: readonly number[],
): void {
  encodeCodes(out, packetType.unsuback, version, packetId, version === 5 ? codes : []);
}

function encodeCodes(
  out: Outbox,
  type: number,
  version: ProtocolVersion,
  packetId: number,
  codes: readonly number[],
): void {
  out.byte(type << 4);
  out.varint(2 + (version === 5 ? 1 : 0) + codes.length);
  out.uint16(packetId);
  if (version === 5) out.byte(0);
  for (const code of codes) out.byte(code);
}

export function encodePingresp(out: Outbox): void {
  out.byte(packetType.pingresp << 4);
  out.byte(0);
}

/** The end of a re-authentication. Only MQTT 5. */
export function encodeAuth(out: Outbox, code: number, method: string): void {
  const list = new Outbox();
  list.byte(property.authenticationMethod);
  list.text(method);
  out.byte(packetType.auth << 4);
  out.varint(1 + varintBytes(list.length) + list.length);
  out.byte(code);
  appendProperties(out, list);
}

/** Only MQTT 5: an older server has no DISCONNECT to send. */
export function encodeDisconnect(out: Outbox, code: number, reason: string | undefined): void {
  const list = reasonString(reason);
  out.byte(packetType.disconnect << 4);
  out.varint(1 + (list === undefined ? 0 : varintBytes(list.length) + list.length));
  out.byte(code);
  if (list !== undefined) appendProperties(out, list);
}

function reasonString(reason: string | undefined): Outbox | undefined {
  if (reason === undefined) return undefined;
  const list = new Outbox();
  list.byte(property.reasonString);
  list.text(reason);
  return list;
}

function appendProperties(out: Outbox, list: Outbox): void {
  out.varint(list.length);
  out.raw(list.take());
}

function varintBytes(value: number): number {
  return value < 128 ? 1 : value < 16_384 ? 2 : value < 2_097_152 ? 3 : 4;
}
