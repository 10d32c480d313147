/** PUBACK, DISCONNECT, AUTH and PINGREQ: a reason and properties, both of which MQTT 5 lets a client leave out. */
import type { Cursor } from './cursor.ts';
import type { ProtocolVersion } from './packets.ts';
import { allowedProperties, numberOf, property, readProperties } from './properties.ts';

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

/** Checks an AUTH; what it says is not needed, because no authentication method is offered. */
export function decodeAuth(cursor: Cursor): void {
  if (cursor.remaining > 0) {
    cursor.byte();
    if (cursor.remaining > 0) readProperties(cursor, allowedProperties.auth);
  }
  expectEnd(cursor);
}

function expectEnd(cursor: Cursor): void {
  if (cursor.fault === undefined && cursor.remaining > 0) cursor.malformed('the packet is longer than its fields');
}
