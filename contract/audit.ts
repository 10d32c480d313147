/** The audit log: who did what to what, and how it ended. */
import { type Static, Type } from 'typebox';
import { Id, PageQuery, TimestampMs } from './common.ts';

export const AuditRecord = Type.Object({
  id: Id,
  at: TimestampMs,
  actor: Type.Object({
    kind: Type.Union([Type.Literal('user'), Type.Literal('api_key'), Type.Literal('device'), Type.Literal('system')]),
    id: Type.String(),
    name: Type.String(),
    address: Type.String({ description: 'Network address; empty when the platform acted by itself' }),
  }),
  action: Type.String({ description: 'Noun first, past tense: `device.created`' }),
  target: Type.Object({ kind: Type.String(), id: Type.String(), name: Type.String() }),
  outcome: Type.Union([Type.Literal('success'), Type.Literal('failure')]),
  detail: Type.Object({}, { additionalProperties: true }),
});
export type AuditRecord = Static<typeof AuditRecord>;

/** Newest first. `from` is included, `to` is not. */
export const AuditQuery = Type.Object(
  {
    ...PageQuery.properties,
    action: Type.Optional(Type.String({ maxLength: 255 })),
    actorId: Type.Optional(Type.String({ maxLength: 255 })),
    targetId: Type.Optional(Type.String({ maxLength: 255 })),
    from: Type.Optional(TimestampMs),
    to: Type.Optional(TimestampMs),
  },
  { additionalProperties: false },
);
export type AuditQuery = Static<typeof AuditQuery>;
