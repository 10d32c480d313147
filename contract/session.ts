/** Signing in, and who the caller is. */
import { type Static, Type } from 'typebox';
import { Id, Role, TimestampMs } from './common.ts';
import { Tenant } from './tenants.ts';
import { User } from './users.ts';

export const SignIn = Type.Object(
  {
    email: Type.String({ minLength: 1, maxLength: 254 }),
    password: Type.String({ minLength: 1, maxLength: 256 }),
  },
  { additionalProperties: false },
);
export type SignIn = Static<typeof SignIn>;

/** Who makes the request: a person (`user`) or a script (`apiKey`); the other is null. */
export const Session = Type.Object({
  user: Type.Union([User, Type.Null()]),
  apiKey: Type.Union([Type.Object({ id: Id, name: Type.String() }), Type.Null()]),
  tenant: Tenant,
  role: Role,
  /** When the session or key ends at the latest; null for never. */
  expiresAt: Type.Union([TimestampMs, Type.Null()]),
});
export type Session = Static<typeof Session>;
