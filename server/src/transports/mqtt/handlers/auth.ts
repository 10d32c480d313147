import type { Cursor } from '../codec/cursor.ts';
import { decodeAuth } from '../codec/decode-short.ts';
import { encodeAuth } from '../codec/encode.ts';
import type { Connection } from '../connection.ts';
import { renew, tokenMethod } from './token.ts';

/** Reason code of a client that authenticates again. */
const reAuthenticate = 0x19;

/** AUTH: a fresh token for a session whose CONNECT named the method [MQTT-4.12.0-6]; anything else is no dialogue of ours. */
export function handleAuth(connection: Connection, _header: number, cursor: Cursor): void {
  if (connection.version !== 5) {
    cursor.malformed('packet type 15 is reserved before MQTT 5');
    return;
  }
  const packet = decodeAuth(cursor);
  if (packet === undefined) return;
  const { peer, client } = connection;
  if (peer.kind !== 'device' || client?.authenticationMethod !== tokenMethod) {
    connection.end('protocol_error', 'no enhanced authentication was agreed');
    return;
  }
  // [MQTT-4.12.1-1] the method is the one of CONNECT.
  if (packet.reasonCode !== reAuthenticate || packet.method !== tokenMethod) {
    connection.end('protocol_error', 'only a re-authentication with the same method is expected');
    return;
  }
  renew(connection, peer.device, packet.data ?? '', () => encodeAuth(connection.output(), 0, tokenMethod));
}
