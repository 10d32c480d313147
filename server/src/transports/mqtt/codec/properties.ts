/** Properties of MQTT 5 (§2.2.2). */
import type { Cursor } from './cursor.ts';

/** Identifiers, by their names in the standard. */
export const property = {
  payloadFormatIndicator: 0x01,
  messageExpiryInterval: 0x02,
  contentType: 0x03,
  responseTopic: 0x08,
  correlationData: 0x09,
  subscriptionIdentifier: 0x0b,
  sessionExpiryInterval: 0x11,
  assignedClientIdentifier: 0x12,
  serverKeepAlive: 0x13,
  authenticationMethod: 0x15,
  authenticationData: 0x16,
  requestProblemInformation: 0x17,
  willDelayInterval: 0x18,
  requestResponseInformation: 0x19,
  responseInformation: 0x1a,
  serverReference: 0x1c,
  reasonString: 0x1f,
  receiveMaximum: 0x21,
  topicAliasMaximum: 0x22,
  topicAlias: 0x23,
  maximumQos: 0x24,
  retainAvailable: 0x25,
  userProperty: 0x26,
  maximumPacketSize: 0x27,
  wildcardSubscriptionAvailable: 0x28,
  subscriptionIdentifierAvailable: 0x29,
  sharedSubscriptionAvailable: 0x2a,
} as const;
export type PropertyId = (typeof property)[keyof typeof property];

type Encoding = 'flag' | 'uint16' | 'uint32' | 'varint' | 'text' | 'binary' | 'pair';

/** How the value of each property that a client may send is encoded. */
const encodings: ReadonlyMap<number, Encoding> = new Map<PropertyId, Encoding>([
  [property.payloadFormatIndicator, 'flag'],
  [property.messageExpiryInterval, 'uint32'],
  [property.contentType, 'text'],
  [property.responseTopic, 'text'],
  [property.correlationData, 'binary'],
  [property.subscriptionIdentifier, 'varint'],
  [property.sessionExpiryInterval, 'uint32'],
  [property.authenticationMethod, 'text'],
  [property.authenticationData, 'binary'],
  [property.requestProblemInformation, 'flag'],
  [property.willDelayInterval, 'uint32'],
  [property.requestResponseInformation, 'flag'],
  [property.reasonString, 'text'],
  [property.receiveMaximum, 'uint16'],
  [property.topicAliasMaximum, 'uint16'],
  [property.topicAlias, 'uint16'],
  [property.userProperty, 'pair'],
  [property.maximumPacketSize, 'uint32'],
]);

/** Those whose value 0 is a protocol error. A topic alias of 0 has its own code and is checked where it is used. */
const neverZero: ReadonlySet<number> = new Set<PropertyId>([
  property.subscriptionIdentifier,
  property.receiveMaximum,
  property.maximumPacketSize,
]);

/** Which properties a client may put into which packet (MQTT 5 table 2-4). */
export const allowedProperties = {
  connect: set(
    'sessionExpiryInterval',
    'authenticationMethod',
    'authenticationData',
    'requestProblemInformation',
    'requestResponseInformation',
    'receiveMaximum',
    'topicAliasMaximum',
    'maximumPacketSize',
  ),
  will: set(
    'payloadFormatIndicator',
    'messageExpiryInterval',
    'contentType',
    'responseTopic',
    'correlationData',
    'willDelayInterval',
  ),
  publish: set(
    'payloadFormatIndicator',
    'messageExpiryInterval',
    'contentType',
    'responseTopic',
    'correlationData',
    'topicAlias',
  ),
  acknowledgement: set('reasonString'),
  subscribe: set('subscriptionIdentifier'),
  unsubscribe: set(),
  disconnect: set('sessionExpiryInterval', 'reasonString'),
  auth: set('authenticationMethod', 'authenticationData', 'reasonString'),
} as const;

function set(...names: readonly (keyof typeof property)[]): ReadonlySet<number> {
  return new Set([...names.map((name) => property[name]), property.userProperty]);
}

export type PropertyValue = number | string | Buffer;

/** What a packet carried, without its user properties: those are checked and mean nothing here. */
export type Properties = ReadonlyMap<number, PropertyValue>;

const none: Properties = new Map();

/** Reads a property list with its length; faults are the cursor's. */
export function readProperties(cursor: Cursor, allowed: ReadonlySet<number>): Properties {
  const length = cursor.varint();
  if (length === 0) return none;
  if (length > cursor.remaining) {
    cursor.malformed('the properties are longer than the packet');
    return none;
  }
  const end = cursor.position + length;
  const properties = new Map<number, PropertyValue>();
  while (cursor.position < end && cursor.fault === undefined) readProperty(cursor, allowed, properties);
  if (cursor.position !== end) cursor.malformed('the properties do not end where their length says');
  return properties;
}

function readProperty(cursor: Cursor, allowed: ReadonlySet<number>, into: Map<number, PropertyValue>): void {
  const id = cursor.varint();
  const encoding = encodings.get(id);
  if (cursor.fault !== undefined) return;
  // [MQTT-2.2.2] an identifier that its packet type does not have is malformed.
  if (encoding === undefined || !allowed.has(id)) {
    cursor.malformed(`property ${id} does not belong there`);
    return;
  }
  if (encoding === 'pair') {
    cursor.text();
    cursor.text();
    return;
  }
  if (into.has(id)) {
    cursor.fail('protocol_error', `property ${id} stands there twice`);
    return;
  }
  const value = readValue(cursor, encoding);
  if (encoding === 'flag' && value !== 0 && value !== 1) {
    cursor.fail('protocol_error', `property ${id} is neither 0 nor 1`);
    return;
  }
  if (value === 0 && neverZero.has(id)) {
    cursor.fail('protocol_error', `property ${id} is 0`);
    return;
  }
  into.set(id, value);
}

function readValue(cursor: Cursor, encoding: Exclude<Encoding, 'pair'>): PropertyValue {
  switch (encoding) {
    case 'flag':
      return cursor.byte();
    case 'uint16':
      return cursor.uint16();
    case 'uint32':
      return cursor.uint32();
    case 'varint':
      return cursor.varint();
    case 'text':
      return cursor.text();
    case 'binary':
      return cursor.binary();
  }
}

/** The number behind a property, or what stands for its absence. */
export function numberOf(properties: Properties, id: PropertyId, absent: number): number {
  const value = properties.get(id);
  return typeof value === 'number' ? value : absent;
}

/** The bytes behind a property as text. */
export function bytesAsText(properties: Properties, id: PropertyId): string | undefined {
  const value = properties.get(id);
  return Buffer.isBuffer(value) ? value.toString('utf8') : undefined;
}
