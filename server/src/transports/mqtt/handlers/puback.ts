import type { Cursor } from '../codec/cursor.ts';
import { decodePuback } from '../codec/decode-short.ts';
import type { Connection } from '../connection.ts';

/** PUBACK of a client for a publish that it was sent. */
export function handlePuback(connection: Connection, _header: number, cursor: Cursor): void {
  const packetId = decodePuback(cursor, connection.version);
  if (packetId !== undefined) connection.acknowledged(packetId);
}
