import type { Cursor } from '../codec/cursor.ts';
import { decodeUnsubscribe } from '../codec/decode-subscribe.ts';
import { encodeUnsuback } from '../codec/encode.ts';
import type { Connection } from '../connection.ts';
import { classifyFilter } from '../topics.ts';

const success = 0x00;
const noSubscriptionExisted = 0x11;
const topicFilterInvalid = 0x8f;

/** UNSUBSCRIBE; MQTT 5 learns for each filter what became of it (reference §1.2). */
export function handleUnsubscribe(connection: Connection, _header: number, cursor: Cursor): void {
  const packet = decodeUnsubscribe(cursor, connection.version);
  if (packet === undefined) return;
  const codes = packet.filters.map((filter) => {
    if (connection.subscriptions.delete(filter)) return success;
    const known = classifyFilter(filter, connection.peer.kind === 'provisioning') !== 'unknown';
    return known ? noSubscriptionExisted : topicFilterInvalid;
  });
  encodeUnsuback(connection.output(), connection.version, packet.packetId, codes);
}
