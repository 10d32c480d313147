/** What clients send, decoded. */

/** The protocol level of CONNECT: 3 is MQTT 3.1, 4 is 3.1.1, 5 is 5.0. */
export type ProtocolVersion = 3 | 4 | 5;
export type Qos = 0 | 1 | 2;

/** Values of the fixed header's first four bits. */
export const packetType = {
  connect: 1,
  connack: 2,
  publish: 3,
  puback: 4,
  subscribe: 8,
  suback: 9,
  unsubscribe: 10,
  unsuback: 11,
  pingreq: 12,
  pingresp: 13,
  disconnect: 14,
  auth: 15,
} as const;

export interface ConnectPacket {
  readonly version: ProtocolVersion;
  /** Clean Session of MQTT 3, Clean Start of MQTT 5. */
  readonly cleanStart: boolean;
  /** Seconds; 0 is none. */
  readonly keepAliveS: number;
  readonly clientId: string;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly sessionExpiryIntervalS: number;
  /** How many QoS 1 publishes the client takes before it has acknowledged the first. */
  readonly receiveMaximum: number;
  /** Bytes of the longest packet that the client takes. */
  readonly maximumPacketSize: number;
  /** False: no reason strings, except in CONNACK and DISCONNECT. */
  readonly wantsProblemInformation: boolean;
  /** Asks for enhanced authentication (MQTT 5 §4.12). */
  readonly authenticationMethod: string | undefined;
  readonly authenticationData: string | undefined;
}

/** What of its CONNECT stays of account while a client is connected; user name and password do not. */
export type ClientTraits = Pick<
  ConnectPacket,
  | 'version'
  | 'sessionExpiryIntervalS'
  | 'receiveMaximum'
  | 'maximumPacketSize'
  | 'wantsProblemInformation'
  | 'authenticationMethod'
>;

export interface AuthPacket {
  readonly reasonCode: number;
  readonly method: string | undefined;
  readonly data: string | undefined;
}

/** A CONNECT of a protocol that is not spoken here: its level decides how it is told so. */
export interface UnsupportedConnect {
  readonly unsupportedLevel: number;
}

export interface PublishPacket {
  readonly topic: string;
  readonly qos: Qos;
  /** 0 with QoS 0. */
  readonly packetId: number;
  /** 0 when there is none. */
  readonly topicAlias: number;
  /** What was received, and where in it the payload is. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

export interface SubscribePacket {
  readonly packetId: number;
  readonly requests: readonly { readonly filter: string; readonly qos: Qos }[];
}

export interface UnsubscribePacket {
  readonly packetId: number;
  readonly filters: readonly string[];
}
