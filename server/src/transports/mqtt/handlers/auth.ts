import type { Cursor } from '../codec/cursor.ts';
import { decodeAuth } from '../codec/decode-short.ts';
import type { Connection } from '../connection.ts';

/** AUTH: no method was agreed in CONNECT, so there is nothing to continue [MQTT-4.12.0-6]. */
export function handleAuth(connection: Connection, _header: number, cursor: Cursor): void {
  if (connection.version !== 5) {
    cursor.malformed('packet type 15 is reserved before MQTT 5');
    return;
  }
  decodeAuth(cursor);
  if (cursor.fault === undefined) connection.end('protocol_error', 'no enhanced authentication was agreed');
}
