/** Telemetry of devices: latest values, ranges (raw or aggregated), export, writing and deleting. */
import { type Static, Type } from 'typebox';
import { Id, type Json, TimestampMs } from './common.ts';

/** Anything that JSON can say except null: devices' nulls are not stored. */
export const TelemetryValue = Type.Unsafe<Json>({
  description: 'A number, a text, a flag, or any JSON object or array',
});

/** A century: whoever wants more keeps for ever. */
export const retentionDaysLimit = 36_500;
/** Whole days of the past whose telemetry is kept. */
export const RetentionDays = Type.Integer({ minimum: 1, maximum: retentionDaysLimit });

/** A point. `ts` is milliseconds since the Unix epoch; devices may also say times before 1970. */
export const TelemetryPoint = Type.Object({ ts: Type.Integer(), value: TelemetryValue });
export type TelemetryPoint = Static<typeof TelemetryPoint>;

export const aggregateFunctions = ['min', 'max', 'avg', 'sum', 'count', 'first', 'last'] as const;
export type AggregateFunction = (typeof aggregateFunctions)[number];

const OptionalNumber = Type.Optional(Type.Union([Type.Number(), Type.Null()]));
const OptionalValue = Type.Optional(TelemetryValue);

/**
 * One interval; `ts` is its start. Intervals without points are left out. min, max, avg and sum are over numbers alone
 * and null where there are none; count, first and last are over every value.
 */
export const TelemetryBucket = Type.Object({
  ts: Type.Integer(),
  min: OptionalNumber,
  max: OptionalNumber,
  avg: OptionalNumber,
  sum: OptionalNumber,
  count: Type.Optional(Type.Integer()),
  first: OptionalValue,
  last: OptionalValue,
});
export type TelemetryBucket = Static<typeof TelemetryBucket>;

/** Points by key. Keys that were asked for and have no points have an empty list. */
export const TelemetryRange = Type.Record(Type.String(), Type.Array(TelemetryPoint));
export type TelemetryRange = Static<typeof TelemetryRange>;

/** Intervals by key: the answer when `interval`, `buckets` or `aggregate` is given. */
export const TelemetryAggregate = Type.Record(Type.String(), Type.Array(TelemetryBucket));
export type TelemetryAggregate = Static<typeof TelemetryAggregate>;

/** The latest point of each key. */
export const LatestTelemetry = Type.Record(Type.String(), TelemetryPoint);
export type LatestTelemetry = Static<typeof LatestTelemetry>;

/** By device id. Devices that do not exist are left out; those without telemetry have an empty object. */
export const LatestTelemetryOfDevices = Type.Record(Type.String(), LatestTelemetry);
export type LatestTelemetryOfDevices = Static<typeof LatestTelemetryOfDevices>;

export const TelemetryKeyStats = Type.Object({
  key: Type.String(),
  points: Type.Integer(),
  bytes: Type.Integer({ description: 'On the disk; points of the last minutes are not counted yet' }),
  firstTs: Type.Integer(),
  lastTs: Type.Integer(),
});
export type TelemetryKeyStats = Static<typeof TelemetryKeyStats>;
export const TelemetryKeys = Type.Object({ keys: Type.Array(TelemetryKeyStats) });
export type TelemetryKeys = Static<typeof TelemetryKeys>;

const Format = Type.Union([Type.Literal('json'), Type.Literal('csv'), Type.Literal('ndjson')], { default: 'json' });
export type TelemetryFormat = Static<typeof Format>;

/** Points of each key in a JSON answer at most; CSV and NDJSON have no limit. */
export const jsonPointsLimit = 100_000;
/** Devices in one question for latest values. */
export const latestDevicesLimit = 1000;
/** The same in an address: header and address together may have 16 KiB, and an id takes 39 bytes of it. */
export const latestDevicesInAddressLimit = 200;
/** Keys in one question over several devices. */
export const queriedKeysLimit = 1000;

const Keys = Type.String({
  minLength: 1,
  maxLength: 8192,
  description: 'Keys, separated by commas; a comma within a key is written `\\,` and a backslash `\\\\`',
});
const Time = (description: string) =>
  Type.String({
    minLength: 1,
    maxLength: 40,
    description: `${description}; milliseconds since the Unix epoch, or ISO 8601 with a time zone (2026-01-31T08:00:00+07:00)`,
  });
const range = {
  keys: Type.Optional(Keys),
  from: Type.Optional(Time('Start, inclusive')),
  to: Type.Optional(Time('End, exclusive')),
};

const DeviceIds = (maxItems: number) => Type.Array(Id, { minItems: 1, maxItems });
const KeyList = Type.Array(Type.String({ minLength: 1, maxLength: 4096 }), { minItems: 1, maxItems: queriedKeysLimit });
const Interval = Type.String({
  pattern: '^([1-9]\\d{0,14}(ms|s|m|h|d|w)?|day|week|month)$',
  description:
    'Aggregate into intervals: of this width from the start on (milliseconds, or 10s, 1m, 1h, 1d, 1w), or by the calendar of `timeZone` (day, week from Monday, month)',
});
const TimeZone = Type.String({
  minLength: 1,
  maxLength: 60,
  description: 'Where the days of `interval` begin, such as Asia/Jakarta or +07:00; UTC unless given',
});
const BucketCount = Type.Integer({
  minimum: 1,
  maximum: 10_000,
  description: 'Aggregate into this many intervals of equal width',
});
const Order = Type.Union([Type.Literal('asc'), Type.Literal('desc')], { default: 'asc' });

/**
 * The last 24 hours of all keys unless it says otherwise. To read on from a full page, ask again from the last `ts` + 1
 * (in descending order: up to the last `ts`).
 */
export const TelemetryQuery = Type.Object(
  {
    ...range,
    interval: Type.Optional(Interval),
    timeZone: Type.Optional(TimeZone),
    buckets: Type.Optional(BucketCount),
    aggregate: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 100,
        description: `Functions, separated by commas: ${aggregateFunctions.join(', ')}. avg unless given; without interval and buckets the whole range is one interval. Or lttb, alone and with buckets: the points (that many, numbers only) that show best how a series runs`,
      }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: Number.MAX_SAFE_INTEGER,
        description: `Points (or intervals) of each key; for JSON 1000 unless given, at most ${jsonPointsLimit}; CSV and NDJSON are complete without it`,
      }),
    ),
    order: Type.Optional(Order),
    format: Type.Optional(Format),
  },
  { additionalProperties: false },
);
export type TelemetryQuery = Static<typeof TelemetryQuery>;

/** Series (devices × keys) of one question over several devices. */
export const queriedSeriesLimit = 1000;
/** Points of one page over several devices; an answer of numbers is some 5 MB then. */
export const pagePointsLimit = 100_000;

/**
 * Several devices in one question; the last 24 hours unless it says otherwise. Ask again with `cursor` and the rest of
 * the body unchanged as long as there is a `nextCursor`.
 */
export const TelemetrySeriesQuery = Type.Object(
  {
    deviceIds: DeviceIds(queriedSeriesLimit),
    keys: KeyList,
    fromTs: Type.Optional(Type.Integer({ description: 'Start, inclusive; milliseconds since the Unix epoch' })),
    toTs: Type.Optional(Type.Integer({ description: 'End, exclusive; milliseconds since the Unix epoch' })),
    interval: Type.Optional(
      Type.Union([Type.Integer({ minimum: 1 }), Interval], { description: 'As in the address, or as a number of ms' }),
    ),
    timeZone: Type.Optional(TimeZone),
    buckets: Type.Optional(BucketCount),
    aggregate: Type.Optional(
      Type.Array(Type.Enum([...aggregateFunctions, 'lttb']), {
        minItems: 1,
        maxItems: aggregateFunctions.length,
        description: 'As in the address: functions, or lttb alone and with buckets',
      }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: jsonPointsLimit,
        description: 'Points (or intervals) of each series over all pages; 1000 unless given',
      }),
    ),
    order: Type.Optional(Order),
    cursor: Type.Optional(
      Type.String({ minLength: 1, maxLength: 512, description: '`nextCursor` of the page before' }),
    ),
  },
  { additionalProperties: false },
);
export type TelemetrySeriesQuery = Static<typeof TelemetrySeriesQuery>;

/**
 * Series by series, devices in the order asked and of each its keys. Series without points have an empty list; devices
 * that do not exist are left out. A series that did not fit into a page goes on at the beginning of the next.
 */
export const TelemetrySeriesPage = Type.Object({
  series: Type.Array(
    Type.Object({
      deviceId: Id,
      key: Type.String(),
      points: Type.Union([Type.Array(TelemetryPoint), Type.Array(TelemetryBucket)]),
    }),
  ),
  nextCursor: Type.Union([Type.String(), Type.Null()]),
});
export interface TelemetrySeriesPage<Point = TelemetryPoint | TelemetryBucket> {
  series: { deviceId: string; key: string; points: Point[] }[];
  nextCursor: string | null;
}

export const DeleteTelemetryQuery = Type.Object(range, {
  additionalProperties: false,
  description: 'All keys and all times unless it says otherwise',
});
export type DeleteTelemetryQuery = Static<typeof DeleteTelemetryQuery>;

export const DeletedTelemetry = Type.Object({ deleted: Type.Integer({ description: 'How many points went' }) });
export type DeletedTelemetry = Static<typeof DeletedTelemetry>;

export const LatestTelemetryQuery = Type.Object({ keys: Type.Optional(Keys) }, { additionalProperties: false });
export type LatestTelemetryQuery = Static<typeof LatestTelemetryQuery>;

export const LatestTelemetryOfDevicesQuery = Type.Object(
  {
    deviceIds: Type.String({
      minLength: 1,
      maxLength: latestDevicesInAddressLimit * 37,
      description: `Ids of at most ${latestDevicesInAddressLimit} devices, separated by commas`,
    }),
    keys: Type.Optional(Keys),
  },
  { additionalProperties: false },
);
export type LatestTelemetryOfDevicesQuery = Static<typeof LatestTelemetryOfDevicesQuery>;

/** The same question in a body: for more devices, and keys of any text. */
export const LatestTelemetryOfDevicesBody = Type.Object(
  { deviceIds: DeviceIds(latestDevicesLimit), keys: Type.Optional(KeyList) },
  { additionalProperties: false },
);
export type LatestTelemetryOfDevicesBody = Static<typeof LatestTelemetryOfDevicesBody>;

/**
 * What may be written: `{"temperature":21.5}` (now), `{"ts":1700000000000,"values":{"temperature":21.5}}`, or an array
 * of those: what devices send.
 */
const Values = Type.Record(Type.String(), Type.Unsafe<Json>({}));
const WriteOne = Type.Union([Type.Object({ ts: TimestampMs, values: Values }), Values]);
export const WriteTelemetry = Type.Union([WriteOne, Type.Array(WriteOne)]);
export type WriteTelemetry = Static<typeof WriteTelemetry>;
