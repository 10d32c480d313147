/** What one MQTT listener takes on, and why each number is what it is. */
export interface MqttLimits {
  /** Remaining length of a packet. 65,536 as ThingsBoard (reference §1.1); announced as Maximum Packet Size. */
  readonly maxPacketBytes: number;
  /**
   * The same before a client has proved who it is: room for a client id, a user name and a signed token as password,
   * and for a will that nobody reads, but not for holding much memory per stranger.
   */
  readonly maxConnectPacketBytes: number;
  /** From the accepted connection to the answer of the gate. A device on a slow radio link needs a few seconds. */
  readonly connectTimeoutMs: number;
  /** Connections of both listeners together. An idle one takes about 4 KiB (50 KiB over TLS). */
  readonly maxConnections: number;
  /** Packets that may wait behind CONNECT for the answer of the gate (reference §1.1). */
  readonly maxQueuedPackets: number;
  /** Bytes of those; beyond, the socket is not read until the gate has answered. Two packets of full size. */
  readonly maxQueuedBytes: number;
  /**
   * QoS 1 publishes of a connection that wait for their commit; beyond, its socket is not read. Announced as Receive
   * Maximum and in `getSessionLimits`, where ThingsBoard says 100 too.
   */
  readonly receiveMaximum: number;
  /** Topic aliases a client may set up: a device uses three or four topics. */
  readonly topicAliasMaximum: number;
  /** Attribute requests of a connection that are being read; beyond, its socket is not read. */
  readonly maxPendingReads: number;
  /** QoS 1 publishes to a client without its PUBACK, if it does not ask for fewer. */
  readonly maxOutboundInFlight: number;
  /** Publishes that wait for such a PUBACK; beyond, new ones are dropped. */
  readonly maxOutboundQueued: number;
  /** After this time an MQTT 3 client that does not acknowledge is sent the next publish nevertheless. */
  readonly outboundAcknowledgeMs: number;
  /** Bytes that a client leaves unread; beyond, its connection is cut. */
  readonly maxUnreadBytes: number;
  /** Silence after which a client without keep-alive is let go (reference §1.1). */
  readonly inactivityMs: number;
  /** How long a session that only provisions stays open after its CONNECT or its last answer (reference §1.5). */
  readonly provisionSessionMs: number;
  /** Wrong credentials of one address in a minute; beyond, its CONNECTs are refused without asking the gate. */
  readonly maxFailedConnectsPerMinute: number;
  /** How long a closing connection may take to read what was written to it. */
  readonly lingerMs: number;
  /** How long `stop` waits for commits that are under way. */
  readonly stopMs: number;
}

export const defaultMqttLimits: MqttLimits = Object.freeze({
  maxPacketBytes: 65_536,
  maxConnectPacketBytes: 8192,
  connectTimeoutMs: 10_000,
  maxConnections: 50_000,
  maxQueuedPackets: 100,
  maxQueuedBytes: 131_072,
  receiveMaximum: 100,
  topicAliasMaximum: 16,
  maxPendingReads: 16,
  maxOutboundInFlight: 100,
  maxOutboundQueued: 100,
  outboundAcknowledgeMs: 10_000,
  maxUnreadBytes: 262_144,
  inactivityMs: 600_000,
  provisionSessionMs: 60_000,
  maxFailedConnectsPerMinute: 20,
  lingerMs: 2000,
  stopMs: 3000,
});
