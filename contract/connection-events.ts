/** When a device connected and disconnected, as the server saw it. */
import { type Static, Type } from 'typebox';
import { Id, PageQuery, TimestampMs } from './common.ts';
import { DeviceConnection } from './devices.ts';

export const ConnectionEvent = Type.Object({
  id: Id,
  at: TimestampMs,
  kind: Type.Enum(['connected', 'disconnected']),
  connection: DeviceConnection,
});
export type ConnectionEvent = Static<typeof ConnectionEvent>;

/** Newest first. */
export const ConnectionEventQuery = Type.Object(PageQuery.properties, { additionalProperties: false });
export type ConnectionEventQuery = Static<typeof ConnectionEventQuery>;
