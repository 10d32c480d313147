import type { PendingPublish } from '../acknowledgements.ts';
import type { Cursor } from '../codec/cursor.ts';
import { decodePublish } from '../codec/decode-publish.ts';
import type { PublishPacket } from '../codec/packets.ts';
import type { Connection } from '../connection.ts';
import { routeOf } from '../topics.ts';
import { handleProvisionRequest } from './provision.ts';
import { handleUplink } from './uplinks.ts';

/** A publish on its way to a verdict. Its bytes are there only for the time of the call. */
export class Uplink {
  /** What was received; the payload is `bytes[start, end)`. */
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
  /** Its place among the PUBACKs; undefined with QoS 0. */
  readonly pending: PendingPublish | undefined;

  constructor({ bytes, start, end }: PublishPacket, pending: PendingPublish | undefined) {
    this.bytes = bytes;
    this.start = start;
    this.end = end;
    this.pending = pending;
  }

  /** The payload as a view of its own, which telemetry does without: it costs as much as reading three values. */
  get payload(): Buffer {
    return this.bytes.subarray(this.start, this.end);
  }
}

/** PUBLISH: finds out what its topic means and hands it on. */
export function handlePublish(connection: Connection, header: number, cursor: Cursor): void {
  const packet = decodePublish(cursor, header & 0x0f, connection.version);
  if (packet === undefined) return;
  if (packet.qos === 2) {
    connection.end('qos_not_supported'); // [MQTT-3.2.2-11]
    return;
  }
  const topic = packet.topicAlias === 0 ? packet.topic : resolveAlias(connection, packet, cursor);
  if (topic === undefined) return;
  const pending = packet.qos === 1 ? connection.expectVerdict(packet.packetId) : undefined;
  const uplink = new Uplink(packet, pending);
  const { peer } = connection;
  if (peer.kind === 'provisioning') handleProvisionRequest(connection, topic, uplink);
  else if (peer.kind === 'device') handleUplink(connection, peer.device, routeOf(topic), uplink);
}

/** MQTT 5 §3.3.2.3.4. */
function resolveAlias(connection: Connection, packet: PublishPacket, cursor: Cursor): string | undefined {
  if (packet.topicAlias > connection.context.limits.topicAliasMaximum) {
    cursor.fail('topic_alias_invalid', 'a topic alias above the maximum'); // [MQTT-3.3.2-9]
    return undefined;
  }
  if (packet.topic !== '') {
    connection.topicAliases ??= [];
    connection.topicAliases[packet.topicAlias] = packet.topic;
    return packet.topic;
  }
  const topic = connection.topicAliases?.[packet.topicAlias];
  if (topic === undefined) cursor.fail('protocol_error', 'a topic alias that was not set up');
  return topic;
}
