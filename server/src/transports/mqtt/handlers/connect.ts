import type { DeviceIdentity, GateAnswer, GateRefusal } from '../../../credentials/gate.ts';
import type { BearerGrant } from '../../../device-tokens/device-tokens.ts';
import type { TokenRefusal } from '../../../device-tokens/verify.ts';
import { uuidv7 } from '../../../lib/uuid.ts';
import type { Cursor } from '../codec/cursor.ts';
import { decodeConnect, versionOfMalformedConnect } from '../codec/decode-connect.ts';
import { type ConnackProperties, encodeConnack, encodeDisconnect } from '../codec/encode.ts';
import type { ClientTraits, ConnectPacket } from '../codec/packets.ts';
import type { Connection, Peer } from '../connection.ts';
import { MqttDeviceSession } from '../device-session.ts';
import { type ConnectRefusal, connectRefusals, refusalOfWrongCredentials } from './connect-refusals.ts';
import { askForToken, refusalOfToken, reportToken, tokenMethod, tokenOf } from './token.ts';

/** User name or client id of a client that only wants to provision itself (reference §1.1). */
const provisionName = 'provision';

/** CONNECT, by the algorithm of reference §1.1. */
export function handleConnect(connection: Connection, _header: number, cursor: Cursor): void {
  const body = cursor.body();
  const packet = decodeConnect(cursor);
  if (packet === undefined) refuseMalformed(connection, cursor, body);
  else if ('unsupportedLevel' in packet) refuseLevel(connection, packet.unsupportedLevel);
  else {
    connection.version = packet.version;
    const refusal = refusalAtSight(connection, packet);
    if (refusal !== undefined) refuse(connection, packet, refusal);
    else if (isProvisioning(packet)) admitProvisioning(connection, packet);
    else askGate(connection, packet);
  }
}

function isProvisioning(packet: ConnectPacket): boolean {
  return packet.username === provisionName || packet.clientId === provisionName;
}

/** What is refused without asking who it is. */
function refusalAtSight({ context, arrival }: Connection, packet: ConnectPacket): ConnectRefusal | undefined {
  const { authenticationMethod: method } = packet;
  if (method !== undefined && method !== tokenMethod) return connectRefusals.authenticationMethod;
  // [MQTT-3.1.3-8] of MQTT 3.1.1: without an identifier there must be a clean session; MQTT 3.1 wants one always.
  if (packet.clientId === '' && (packet.version === 3 || (packet.version === 4 && !packet.cleanStart))) {
    return connectRefusals.identifier;
  }
  // Tokens are new each time and cost next to nothing to refuse: a neighbour's wrong ones block nobody's.
  if (tokenOf(packet) !== undefined) return undefined;
  if (!isProvisioning(packet) && context.failedConnects.blocks(arrival.address, packet))
    return connectRefusals.rateLimited;
  return undefined;
}

function askGate(connection: Connection, packet: ConnectPacket): void {
  const { context, arrival } = connection;
  const { clientId, username, password } = packet;
  const token = tokenOf(packet);
  const failed = (error: unknown) => {
    context.log.error({ err: error }, 'The gate could not answer an MQTT CONNECT');
    if (connection.peer.kind === 'device') connection.end('internal_error');
    else if (!connection.ended) refuse(connection, packet, connectRefusals.internal);
  };
  try {
    const answer =
      token === undefined
        ? context.gate.byMqttConnect({ clientId, username, password }, arrival)
        : askForToken(connection, token);
    if (!(answer instanceof Promise)) {
      answered(connection, packet, answer);
      return;
    }
    connection.awaitGate();
    answer
      .then((late) => {
        if (!connection.ended) answered(connection, packet, late);
      })
      .catch(failed);
  } catch (error) {
    failed(error);
  }
}

function answered(
  connection: Connection,
  packet: ConnectPacket,
  answer: GateAnswer | BearerGrant | TokenRefusal,
): void {
  if ('device' in answer) {
    admitDevice(connection, packet, answer.device);
    connection.holdToken(answer);
  } else if ('reason' in answer) {
    reportToken(connection, answer);
    refuse(connection, packet, refusalOfToken(connection, answer));
  } else if ('refused' in answer) refuse(connection, packet, refusalOf(connection, packet, answer));
  else admitDevice(connection, packet, answer);
}

function refusalOf(connection: Connection, packet: ConnectPacket, { refused }: GateRefusal): ConnectRefusal {
  const { address } = connection.arrival;
  connection.context.securityEvents.record({
    kind: 'access_token.refused',
    reason: refused,
    transport: 'mqtt',
    address,
  });
  switch (refused) {
    case 'invalid_credentials':
      connection.context.failedConnects.failed(connection.arrival.address, packet);
      return refusalOfWrongCredentials(packet);
    case 'rate_limited':
      return connectRefusals.rateLimited;
    case 'device_disabled':
      return connectRefusals.deviceDisabled;
    case 'https_required':
      return connectRefusals.tlsRequired;
    case 'auth_too_weak':
      return connectRefusals.authenticationTooWeak;
  }
}

function admitDevice(connection: Connection, packet: ConnectPacket, device: DeviceIdentity): void {
  const isByToken = tokenOf(packet) !== undefined;
  const session = new MqttDeviceSession(connection, device, isByToken ? 'bearer' : 'token');
  if (!isByToken) connection.context.failedConnects.succeeded(packet);
  welcome(connection, packet, { kind: 'device', device, session });
  connection.context.sessions.open(session);
}

/** A provision-only session: no password, no device, and not for long. */
function admitProvisioning(connection: Connection, packet: ConnectPacket): void {
  const { clock, limits } = connection.context;
  welcome(connection, packet, { kind: 'provisioning' });
  connection.setDeadline(clock.now() + limits.provisionSessionMs, 'provisioning_ended');
}

function welcome(connection: Connection, packet: ConnectPacket, peer: Peer): void {
  const properties = packet.version === 5 ? propertiesFor(connection, packet) : undefined;
  // Session Present echoes the request: ThingsBoard does so although nothing is stored (reference §1.1, QUIRK).
  encodeConnack(connection.output(), packet.version, !packet.cleanStart, 0, properties);
  connection.welcome(traitsOf(packet), peer, packet.keepAliveS);
}

function traitsOf(packet: ConnectPacket): ClientTraits {
  return {
    version: packet.version,
    sessionExpiryIntervalS: packet.sessionExpiryIntervalS,
    receiveMaximum: packet.receiveMaximum,
    maximumPacketSize: packet.maximumPacketSize,
    wantsProblemInformation: packet.wantsProblemInformation,
    authenticationMethod: packet.authenticationMethod,
  };
}

/**
 * What an MQTT 5 client may rely on. Wildcard Subscription Available stays at its default, available: filters such as
 * `v1/devices/me/rpc/request/+` contain a wildcard, and clients that believe in "unavailable" would not send them.
 */
function propertiesFor(connection: Connection, packet: ConnectPacket): ConnackProperties {
  const { limits } = connection.context;
  return {
    // Nothing is kept beyond the connection, whatever the client asked for.
    sessionExpiryIntervalS: packet.sessionExpiryIntervalS > 0 ? 0 : undefined,
    receiveMaximum: limits.receiveMaximum,
    maximumQos: 1,
    retainAvailable: false,
    maximumPacketSize: limits.maxPacketBytes,
    assignedClientId: packet.clientId === '' ? uuidv7(connection.context.clock.now()) : undefined,
    topicAliasMaximum: limits.topicAliasMaximum,
    subscriptionIdentifiersAvailable: false,
    sharedSubscriptionsAvailable: false,
    // A client without keep-alive learns how often it must be heard to stay within the inactivity limit.
    authenticationMethod: packet.authenticationMethod, // [MQTT-4.12.0-5]
    serverKeepAliveS: packet.keepAliveS === 0 ? Math.floor(limits.inactivityMs / 1500) : undefined,
  };
}

function refuse(connection: Connection, packet: ConnectPacket, refusal: ConnectRefusal): void {
  const out = connection.output();
  if (packet.version === 5) {
    encodeConnack(out, 5, false, refusal.v5, { reason: refusal.reason });
    // ThingsBoard says goodbye after a refusal too (reference §1.1). [MQTT-3.14.0-1] would have it silent; clients have
    // closed by then. Codes that only a CONNACK may carry become "not authorized".
    encodeDisconnect(out, refusal.v5Disconnect ?? 0x87, undefined);
  } else {
    encodeConnack(out, packet.version, false, refusal.v3);
  }
  reject(connection, refusal.code);
}

/** [MQTT-3.1.2-2]: an answer in the newest form that a client of this level can be expected to read. */
function refuseLevel(connection: Connection, level: number): void {
  if (level > 5 && level < 0x80) encodeConnack(connection.output(), 5, false, 0x84);
  else encodeConnack(connection.output(), 4, false, 1);
  reject(connection, 'unsupported_protocol_version');
}

function refuseMalformed(connection: Connection, cursor: Cursor, body: Buffer): void {
  const { fault } = cursor;
  if (fault !== undefined && versionOfMalformedConnect(body) === 5) {
    encodeConnack(connection.output(), 5, false, fault.code === 'protocol_error' ? 0x82 : 0x81, {
      reason: fault.detail,
    });
  }
  reject(connection, fault?.code ?? 'malformed_packet');
}

function reject(connection: Connection, code: string): void {
  const { metrics, log } = connection.context;
  metrics.rejections.inc({ where: 'mqtt', code });
  log.debug({ code, address: connection.arrival.address }, 'MQTT CONNECT refused');
  connection.leave();
}
