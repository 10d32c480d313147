import type { Cursor } from './cursor.ts';
import type { ProtocolVersion, Qos, SubscribePacket, UnsubscribePacket } from './packets.ts';
import { allowedProperties, property, readProperties } from './properties.ts';

/** Reads the bytes after the fixed header of a SUBSCRIBE; undefined when the cursor has a fault. */
export function decodeSubscribe(cursor: Cursor, version: ProtocolVersion): SubscribePacket | undefined {
  const packetId = readPacketId(cursor);
  if (version === 5 && readProperties(cursor, allowedProperties.subscribe).has(property.subscriptionIdentifier)) {
    // CONNACK said that they are not available (MQTT 5 §3.2.2.3.12).
    cursor.fail('subscription_identifiers_not_supported', 'a subscription identifier');
  }
  const requests: { filter: string; qos: Qos }[] = [];
  while (cursor.remaining > 0) {
    const filter = cursor.text();
    const options = cursor.byte();
    const qos = options & 3;
    if (qos === 3) cursor.malformed('QoS 3 in a SUBSCRIBE'); // [MQTT-3.8.3-4]
    // [MQTT-3.8.3-5]; MQTT 5 uses four of those bits and forbids the value 3 of retain handling.
    const reserved = version === 5 ? options & 0xc0 : options & 0xfc;
    if (reserved !== 0) cursor.malformed('reserved bits of a subscription are set');
    if (version === 5 && (options & 0x30) === 0x30) cursor.fail('protocol_error', 'retain handling 3');
    if (version === 5 && (options & 0x04) !== 0 && filter.startsWith('$share/')) {
      cursor.fail('protocol_error', 'no local on a shared subscription'); // [MQTT-3.8.3-4]
    }
    requests.push({ filter, qos: qos === 0 ? 0 : qos === 1 ? 1 : 2 });
  }
  if (requests.length === 0) cursor.fail('protocol_error', 'a SUBSCRIBE without filters'); // [MQTT-3.8.3-2]
  return cursor.fault === undefined ? { packetId, requests } : undefined;
}

/** Reads the bytes after the fixed header of an UNSUBSCRIBE; undefined when the cursor has a fault. */
export function decodeUnsubscribe(cursor: Cursor, version: ProtocolVersion): UnsubscribePacket | undefined {
  const packetId = readPacketId(cursor);
  if (version === 5) readProperties(cursor, allowedProperties.unsubscribe);
  const filters: string[] = [];
  while (cursor.remaining > 0) filters.push(cursor.text());
  if (filters.length === 0) cursor.fail('protocol_error', 'an UNSUBSCRIBE without filters'); // [MQTT-3.10.3-2]
  return cursor.fault === undefined ? { packetId, filters } : undefined;
}

function readPacketId(cursor: Cursor): number {
  const packetId = cursor.uint16();
  if (packetId === 0) cursor.malformed('packet identifier 0'); // [MQTT-2.2.1-3]
  return packetId;
}
