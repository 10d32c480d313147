/** What the first page of the console shows: how the fleet and the server are doing. */
import { type Static, Type } from 'typebox';
import { TimestampMs } from './common.ts';

const Rate = Type.Number({ description: 'Per second, over the time since the sample before' });

/** The server's work in one period. */
export const TrafficSample = Type.Object({ at: TimestampMs, messages: Rate, points: Rate, rejections: Rate });
export type TrafficSample = Static<typeof TrafficSample>;

export const Overview = Type.Object({
  at: TimestampMs,
  devices: Type.Object({
    total: Type.Integer(),
    active: Type.Integer({ description: 'Connected, or heard of within their inactivity timeout' }),
  }),
  /** Of the process that answers, over all of its tenants. */
  traffic: Type.Object({
    startedAt: TimestampMs,
    sampleMs: Type.Integer({ description: 'How far samples are apart' }),
    samples: Type.Array(TrafficSample, { description: 'Oldest first; the last ten minutes at most' }),
    messages: Type.Integer({ description: 'Since the start' }),
    points: Type.Integer({ description: 'Since the start' }),
  }),
  /** Since the start of the process, most frequent first; the first 20. */
  rejections: Type.Object({
    total: Type.Integer(),
    reasons: Type.Array(Type.Object({ where: Type.String(), code: Type.String(), count: Type.Integer() })),
  }),
  storage: Type.Object({
    bytes: Type.Integer({ description: 'All files of the data directory' }),
    freeBytes: Type.Integer({ description: 'Left on its disk' }),
    bytesPerDay: Type.Union([Type.Number(), Type.Null()], {
      description: 'Growth as it was since the start, at most the last day; null in the first ten minutes',
    }),
  }),
});
export type Overview = Static<typeof Overview>;
