/**
 * The messages of the WebSocket `/v1/live`. JSON texts both ways.
 *
 * A subscription begins with one `snapshot` (seq 0) and goes on with `delta`s whose `seq` rises by one each: a client
 * that sees a number missing has lost a message and subscribes anew. Applied to the snapshot in order, the deltas give
 * what the server has: of telemetry the point with the greatest `ts` is the latest, and of two with the same `ts` the
 * one that came last.
 */
import { type Static, Type } from 'typebox';
import { Id, type Json } from './common.ts';
import { DeviceConnection } from './devices.ts';
import { LatestTelemetry, TelemetryValue } from './telemetry.ts';

/** Devices in one subscription. */
export const liveDevicesLimit = 1000;
/** Keys in one subscription. */
export const liveKeysLimit = 100;

const SubscriptionId = Type.String({ minLength: 1, maxLength: 64, description: 'Chosen by the client' });
export const LiveTopic = Type.Union([Type.Literal('telemetry'), Type.Literal('attributes'), Type.Literal('activity')]);
export type LiveTopic = Static<typeof LiveTopic>;

export const LiveSubscribe = Type.Object(
  {
    type: Type.Literal('subscribe'),
    id: SubscriptionId,
    deviceIds: Type.Array(Id, { minItems: 1, maxItems: liveDevicesLimit }),
    keys: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 4096 }), {
        minItems: 1,
        maxItems: liveKeysLimit,
        description: 'Telemetry keys; all when absent',
      }),
    ),
    topics: Type.Optional(Type.Array(LiveTopic, { minItems: 1, maxItems: 3, description: 'All when absent' })),
  },
  { additionalProperties: false },
);
export type LiveSubscribe = Static<typeof LiveSubscribe>;

/** Ends a subscription. There is no answer; nothing of it is sent any more. */
export const LiveUnsubscribe = Type.Object(
  { type: Type.Literal('unsubscribe'), id: SubscriptionId },
  { additionalProperties: false },
);
export type LiveUnsubscribe = Static<typeof LiveUnsubscribe>;

export type LiveClientMessage = LiveSubscribe | LiveUnsubscribe;

const OptionalTime = Type.Union([Type.Integer(), Type.Null()]);
const activity = {
  active: Type.Boolean(),
  lastConnectTime: OptionalTime,
  lastActivityTime: OptionalTime,
  lastDisconnectTime: OptionalTime,
  connection: Type.Union([DeviceConnection, Type.Null()]),
};
export const LiveActivity = Type.Object(activity);
export type LiveActivity = Static<typeof LiveActivity>;

const Values = Type.Record(Type.String(), Type.Unsafe<Json>({}));
export const LiveAttributes = Type.Object({ client: Values, shared: Values, server: Values });
export type LiveAttributes = Static<typeof LiveAttributes>;

/** What is known of a device; topics that were not subscribed are absent. */
export const LiveDevice = Type.Object({
  telemetry: Type.Optional(LatestTelemetry),
  attributes: Type.Optional(LiveAttributes),
  activity: Type.Optional(LiveActivity),
});
export type LiveDevice = Static<typeof LiveDevice>;

export const LiveSnapshot = Type.Object({
  type: Type.Literal('snapshot'),
  id: SubscriptionId,
  seq: Type.Literal(0),
  devices: Type.Record(Type.String(), LiveDevice),
});
export type LiveSnapshot = Static<typeof LiveSnapshot>;

export const LivePoint = Type.Object({ key: Type.String(), ts: Type.Integer(), value: TelemetryValue });
export type LivePoint = Static<typeof LivePoint>;

export const LiveChange = Type.Union([
  Type.Object({ type: Type.Literal('telemetry'), deviceId: Id, points: Type.Array(LivePoint) }),
  Type.Object({
    type: Type.Literal('attributes'),
    deviceId: Id,
    scope: Type.Union([Type.Literal('client'), Type.Literal('shared'), Type.Literal('server')]),
    updated: Values,
    deleted: Type.Array(Type.String()),
  }),
  Type.Object({ type: Type.Literal('activity'), deviceId: Id, ...activity }),
  /**
   * Points of these keys (of all when null) in [fromTs, toTs) are deleted: charts ask for their history anew. Latest
   * points within are gone; what is the latest of such a series now follows as `telemetry`. What retention deletes
   * day by day is not told.
   */
  Type.Object({
    type: Type.Literal('telemetryDeleted'),
    deviceId: Id,
    keys: Type.Union([Type.Array(Type.String()), Type.Null()]),
    fromTs: Type.Integer(),
    toTs: Type.Integer(),
  }),
  /** The device is gone and leaves the subscription; nothing more comes of it. */
  Type.Object({ type: Type.Literal('deviceDeleted'), deviceId: Id }),
]);
export type LiveChange = Static<typeof LiveChange>;

export const LiveDelta = Type.Object({
  type: Type.Literal('delta'),
  id: SubscriptionId,
  seq: Type.Integer({ minimum: 1 }),
  /** The client reads too slowly: of each series only the latest point is here, the ones between are in the history. */
  coalesced: Type.Optional(Type.Literal(true)),
  changes: Type.Array(LiveChange),
});
export type LiveDelta = Static<typeof LiveDelta>;

/** A message was refused; the connection goes on. `id` is the subscription's when the message had one. */
export const LiveError = Type.Object({
  type: Type.Literal('error'),
  id: Type.Union([Type.String(), Type.Null()]),
  code: Type.String({ description: 'From the catalogue of the platform API' }),
  detail: Type.String(),
});
export type LiveError = Static<typeof LiveError>;

export type LiveServerMessage = LiveSnapshot | LiveDelta | LiveError;

/** Why the server closes a connection, beside the codes of RFC 6455 §7.4.1 (1001: it shuts down). */
export const liveCloseCodes = {
  /** Signed out, the key was revoked, or the role no longer suffices. */
  sessionEnded: 4401,
  /** The client does not read what it subscribed to. */
  tooSlow: 4408,
  /** The client sends faster than it can be answered. */
  tooManyMessages: 4429,
} as const;
