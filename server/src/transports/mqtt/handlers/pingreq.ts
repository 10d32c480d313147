import type { Cursor } from '../codec/cursor.ts';
import { decodeEmpty } from '../codec/decode-short.ts';
import { encodePingresp } from '../codec/encode.ts';
import type { Connection } from '../connection.ts';

/** PINGREQ; that it came has already been noted. */
export function handlePingreq(connection: Connection, _header: number, cursor: Cursor): void {
  decodeEmpty(cursor);
  if (cursor.fault === undefined) encodePingresp(connection.output()); // [MQTT-3.12.4-1]
}
