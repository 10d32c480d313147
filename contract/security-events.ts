/** What was refused at the gates, many of a kind in one record. */
import { type Static, Type } from 'typebox';
import { Id, PageQuery, TimestampMs } from './common.ts';

export const SecurityEvent = Type.Object({
  id: Id,
  kind: Type.String({ description: 'Noun first, past tense: `device_token.refused`, `provisioning.refused`' }),
  reason: Type.String({ description: 'What was wrong: `wrong_signature`, `replayed`, `request_mismatch`, …' }),
  transport: Type.String(),
  device: Type.Union([Type.Object({ id: Type.String(), name: Type.String() }), Type.Null()]),
  address: Type.String({ description: 'The network address, or the block of IPv6 addresses, that it came from' }),
  count: Type.Integer({ description: 'How many refusals this record stands for' }),
  firstAt: TimestampMs,
  lastAt: TimestampMs,
});
export type SecurityEvent = Static<typeof SecurityEvent>;

/** Newest first. `from` is included, `to` is not. */
export const SecurityEventQuery = Type.Object(
  {
    ...PageQuery.properties,
    kind: Type.Optional(Type.String({ maxLength: 255 })),
    reason: Type.Optional(Type.String({ maxLength: 255 })),
    deviceId: Type.Optional(Type.String({ maxLength: 255, description: 'In either form: UUID, or 22 characters' })),
    address: Type.Optional(Type.String({ maxLength: 255 })),
    from: Type.Optional(TimestampMs),
    to: Type.Optional(TimestampMs),
  },
  { additionalProperties: false },
);
export type SecurityEventQuery = Static<typeof SecurityEventQuery>;
