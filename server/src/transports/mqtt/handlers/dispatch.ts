import type { Cursor } from '../codec/cursor.ts';
import { packetType } from '../codec/packets.ts';
import type { Connection } from '../connection.ts';
import { handleAuth } from './auth.ts';
import { handleConnect } from './connect.ts';
import { handleDisconnect } from './disconnect.ts';
import { handlePingreq } from './pingreq.ts';
import { handlePuback } from './puback.ts';
import { handlePublish } from './publish.ts';
import { handleSubscribe } from './subscribe.ts';
import { handleUnsubscribe } from './unsubscribe.ts';

/** One packet to the handler of its kind. */
export function dispatch(connection: Connection, header: number, cursor: Cursor): void {
  const type = header >> 4;
  if (connection.peer.kind === 'stranger') {
    if (type === packetType.connect) {
      handleConnect(connection, header, cursor);
      return;
    }
    connection.end('protocol_error', 'the first packet is not a CONNECT');
    return; // [MQTT-3.1.0-1]
  }
  switch (type) {
    case packetType.publish:
      handlePublish(connection, header, cursor);
      return;
    case packetType.puback:
      handlePuback(connection, header, cursor);
      return;
    case packetType.subscribe:
      handleSubscribe(connection, header, cursor);
      return;
    case packetType.unsubscribe:
      handleUnsubscribe(connection, header, cursor);
      return;
    case packetType.pingreq:
      handlePingreq(connection, header, cursor);
      return;
    case packetType.disconnect:
      handleDisconnect(connection, header, cursor);
      return;
    case packetType.auth:
      handleAuth(connection, header, cursor);
      return;
    default:
      // A second CONNECT [MQTT-3.1.0-2], packets of QoS 2, and those that only a server sends.
      connection.end('protocol_error', `a packet of type ${type} is not expected from a client`);
      return;
  }
}
