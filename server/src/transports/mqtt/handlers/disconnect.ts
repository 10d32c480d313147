import type { Cursor } from '../codec/cursor.ts';
import { decodeDisconnect } from '../codec/decode-short.ts';
import type { Connection } from '../connection.ts';

/** DISCONNECT of the client. What it sent before is stored all the same; its will is ignored as all wills are. */
export function handleDisconnect(connection: Connection, _header: number, cursor: Cursor): void {
  const packet = decodeDisconnect(cursor, connection.version);
  if (packet === undefined) return;
  if (packet.sessionExpiryIntervalS > 0 && connection.client?.sessionExpiryIntervalS === 0) {
    connection.end('protocol_error', 'a session expiry that CONNECT did not ask for');
    return; // MQTT 5 §3.14.2.2.2
  }
  connection.part();
}
