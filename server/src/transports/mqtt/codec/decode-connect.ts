import type { Cursor } from './cursor.ts';
import type { ConnectPacket, ProtocolVersion, UnsupportedConnect } from './packets.ts';
import { allowedProperties, bytesAsText, numberOf, type Properties, property, readProperties } from './properties.ts';

const flag = {
  reserved: 0x01,
  cleanStart: 0x02,
  will: 0x04,
  willRetain: 0x20,
  password: 0x40,
  username: 0x80,
} as const;

const noProperties: Properties = new Map();

/**
 * Reads the bytes after the fixed header of a CONNECT.
 * @returns undefined when the cursor has a fault, or when the protocol's name is another one
 */
export function decodeConnect(cursor: Cursor): ConnectPacket | UnsupportedConnect | undefined {
  const name = cursor.text();
  const level = cursor.byte();
  if (cursor.fault !== undefined) return undefined;
  if (name !== 'MQTT' && name !== 'MQIsdp') {
    cursor.fail('protocol_error', 'the protocol is not MQTT');
    return undefined;
  }
  const version = versionOf(name, level);
  if (version === undefined) return { unsupportedLevel: level };
  return decodeKnown(cursor, version);
}

/**
 * The version of a CONNECT that may be malformed further on, to answer it in its own language.
 * @param body the bytes after the fixed header
 */
export function versionOfMalformedConnect(body: Buffer): ProtocolVersion | undefined {
  if (body.length < 7 || body.toString('latin1', 0, 6) !== '\u0000\u0004MQTT') return undefined;
  return versionOf('MQTT', body[6] ?? 0);
}

function versionOf(name: 'MQTT' | 'MQIsdp', level: number): ProtocolVersion | undefined {
  if (name === 'MQIsdp') return level === 3 ? 3 : undefined;
  return level === 4 || level === 5 ? level : undefined;
}

function decodeKnown(cursor: Cursor, version: ProtocolVersion): ConnectPacket | undefined {
  const flags = cursor.byte();
  const keepAliveS = cursor.uint16();
  checkFlags(cursor, flags, version);
  const properties = version === 5 ? readProperties(cursor, allowedProperties.connect) : noProperties;
  const clientId = cursor.text();
  if ((flags & flag.will) !== 0) skipWill(cursor, version);
  const username = (flags & flag.username) !== 0 ? cursor.text() : undefined;
  const password = (flags & flag.password) !== 0 ? cursor.binary().toString('utf8') : undefined;
  if (cursor.fault === undefined && cursor.remaining > 0) cursor.malformed('CONNECT is longer than its fields');
  const method = properties.get(property.authenticationMethod);
  if (method === undefined && properties.has(property.authenticationData)) {
    cursor.fail('protocol_error', 'authentication data without a method');
  }
  if (cursor.fault !== undefined) return undefined;
  return {
    version,
    cleanStart: (flags & flag.cleanStart) !== 0,
    keepAliveS,
    clientId,
    username,
    password,
    sessionExpiryIntervalS: numberOf(properties, property.sessionExpiryInterval, 0),
    receiveMaximum: numberOf(properties, property.receiveMaximum, 65_535),
    maximumPacketSize: numberOf(properties, property.maximumPacketSize, Number.POSITIVE_INFINITY),
    wantsProblemInformation: numberOf(properties, property.requestProblemInformation, 1) === 1,
    authenticationMethod: typeof method === 'string' ? method : undefined,
    authenticationData: bytesAsText(properties, property.authenticationData),
  };
}

function checkFlags(cursor: Cursor, flags: number, version: ProtocolVersion): void {
  const willQos = (flags >> 3) & 3;
  if ((flags & flag.reserved) !== 0) cursor.malformed('the reserved flag of CONNECT is set'); // [MQTT-3.1.2-3]
  if ((flags & flag.will) === 0 && (flags & (flag.willRetain | 0x18)) !== 0) {
    cursor.malformed('flags of a will without a will'); // [MQTT-3.1.2-11], [MQTT-3.1.2-13]
  }
  if (willQos === 3) cursor.malformed('the QoS of the will is 3'); // [MQTT-3.1.2-12]
  // [MQTT-3.1.2-22] of MQTT 3.1.1; MQTT 5 allows a password alone.
  if (version !== 5 && (flags & flag.password) !== 0 && (flags & flag.username) === 0) {
    cursor.malformed('a password without a user name');
  }
}

/** Wills are read and ignored, as ThingsBoard does (reference §1.0): nobody could subscribe to them. */
function skipWill(cursor: Cursor, version: ProtocolVersion): void {
  if (version === 5) readProperties(cursor, allowedProperties.will);
  cursor.text();
  cursor.binary();
}
