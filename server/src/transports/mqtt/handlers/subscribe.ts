import type { Cursor } from '../codec/cursor.ts';
import { decodeSubscribe } from '../codec/decode-subscribe.ts';
import { encodeSuback } from '../codec/encode.ts';
import type { Qos } from '../codec/packets.ts';
import type { Connection } from '../connection.ts';
import { classifyFilter } from '../topics.ts';
import { maySubscribe } from './scope.ts';

/** SUBSCRIBE: filters are compared as text with the table of known ones; QoS 1 at most (reference §1.2). */
export function handleSubscribe(connection: Connection, _header: number, cursor: Cursor): void {
  const packet = decodeSubscribe(cursor, connection.version);
  if (packet === undefined) return;
  const codes = packet.requests.map(({ filter, qos }) => grant(connection, filter, qos));
  encodeSuback(connection.output(), connection.version, packet.packetId, codes);
}

/** Subscribes; @returns the code for SUBACK */
function grant(connection: Connection, filter: string, qos: Qos): number {
  const { subscriptions, version, context, peer } = connection;
  switch (classifyFilter(filter, peer.kind === 'provisioning')) {
    case 'granted': {
      if (!maySubscribe(connection, filter)) {
        context.metrics.rejections.inc({ where: 'mqtt', code: 'insufficient_scope' });
        return version === 5 ? 0x87 : 0x80;
      }
      const granted = qos === 0 ? 0 : 1;
      // Out and in again: the map's order tells which subscription is the latest.
      subscriptions.delete(filter);
      subscriptions.set(filter, granted);
      return granted;
    }
    case 'protobuf':
      context.metrics.rejections.inc({ where: 'mqtt', code: 'not_served' });
      return version === 5 ? 0x83 : 0x80;
    case 'unknown':
      context.metrics.rejections.inc({ where: 'mqtt', code: 'topic_filter_invalid' });
      return version === 5 ? 0x8f : 0x80;
  }
}
