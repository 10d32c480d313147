/** Keys by which scripts call the platform API: `Authorization: Bearer gpr_…`. */
import { type Static, Type } from 'typebox';
import { Id, namePattern, Role, TimestampMs } from './common.ts';

const OptionalTime = Type.Union([TimestampMs, Type.Null()]);

const apiKeyFields = {
  name: Type.String({ minLength: 1, maxLength: 255, pattern: namePattern }),
  role: Role,
};

export const ApiKey = Type.Object({
  id: Id,
  ...apiKeyFields,
  prefix: Type.String({ description: 'The first characters of the key, to tell keys apart' }),
  createdBy: Type.String({ description: 'E-mail address or key name of who made it' }),
  createdAt: TimestampMs,
  expiresAt: OptionalTime,
  lastUsedAt: OptionalTime,
});
export type ApiKey = Static<typeof ApiKey>;

/** The only answer that ever holds the key itself. */
export const CreatedApiKey = Type.Object({ ...ApiKey.properties, key: Type.String() });
export type CreatedApiKey = Static<typeof CreatedApiKey>;

/** `role` is at most the role of who makes the key; without it, `viewer`. */
export const CreateApiKey = Type.Object(
  {
    name: apiKeyFields.name,
    role: Type.Optional(apiKeyFields.role),
    expiresAt: Type.Optional(OptionalTime),
  },
  { additionalProperties: false },
);
export type CreateApiKey = Static<typeof CreateApiKey>;
