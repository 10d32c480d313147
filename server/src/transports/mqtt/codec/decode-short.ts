/** PUBACK, DISCONNECT, AUTH and PINGREQ: a reason and properties, both of which MQTT 5 lets a client leave out. */
import type { Cursor } from './cursor.ts';
import type { AuthPacket, ProtocolVersion } from './packets.ts';
import { allowedProperties, bytesAsText, numberOf, type Properties, property, readProperties } from './properties.ts';

/** @returns the packet identifier that is acknowledged; undefined when the cursor has a fault */
export function decodePuback(cursor: Cursor, version: ProtocolVersion): number | undefined {
  const packetId = cursor.uint16();
  if (packetId === 0) cursor.malformed('packet identifier 0');
  if (version === 5 && cursor.remaining > 0) {
    cursor.byte();
    if (cursor.remaining > 0) readProperties(cursor, allowedProperties.acknowledgement);
  }
  expectEnd(cursor);
  return cursor.fault === undefined ? packetId : undefined;
}

/** @returns reason code and the session expiry that the client wants now; undefined when the cursor has a fault */
export function decodeDisconnect(
  cursor: Cursor,
  version: ProtocolVersion,
): { readonly reasonCode: number; readonly sessionExpiryIntervalS: number } | undefined {
  let reasonCode = 0;
  let sessionExpiryIntervalS = 0;
  if (version === 5 && cursor.remaining > 0) {
    reasonCode = cursor.byte();
    if (cursor.remaining > 0) {
      const properties = readProperties(cursor, allowedProperties.disconnect);
      sessionExpiryIntervalS = numberOf(properties, property.sessionExpiryInterval, 0);
    }
  }
  expectEnd(cursor);
  return cursor.fault === undefined ? { reasonCode, sessionExpiryIntervalS } : undefined;
}

/** Checks a packet that has nothing after its fixed header. */
export function decodeEmpty(cursor: Cursor): void {
  expectEnd(cursor);
}

/** @returns what an AUTH says; undefined when the cursor has a fault */
export function decodeAuth(cursor: Cursor): AuthPacket | undefined {
  // MQTT 5 §3.15.2.1: without a reason code it is success.
  let reasonCode = 0;
  let properties: Properties = new Map();
  if (cursor.remaining > 0) {
    reasonCode = cursor.byte();
    if (cursor.remaining > 0) properties = readProperties(cursor, allowedProperties.auth);
  }
  expectEnd(cursor);
  if (cursor.fault !== undefined) return undefined;
  const method = properties.get(property.authenticationMethod);
  return {
    reasonCode,
    method: typeof method === 'string' ? method : undefined,
    data: bytesAsText(properties, property.authenticationData),
  };
}

function expectEnd(cursor: Cursor): void {
  if (cursor.fault === undefined && cursor.remaining > 0) cursor.malformed('the packet is longer than its fields');
}
