/** The first start: the one-time token of the printed link makes the first tenant and its owner. */
import { type Static, Type } from 'typebox';
import { linePattern } from './common.ts';
import { TenantName } from './tenants.ts';
import { Email, Language, NewPassword } from './users.ts';

export const SetupState = Type.Object({ required: Type.Boolean() });
export type SetupState = Static<typeof SetupState>;

export const CompleteSetup = Type.Object(
  {
    token: Type.String({ minLength: 1, maxLength: 128, description: 'From the link that Gapura prints at its start' }),
    email: Email,
    password: NewPassword,
    name: Type.Optional(Type.String({ maxLength: 255, pattern: linePattern })),
    tenantName: Type.Optional(TenantName),
    language: Type.Optional(Language),
  },
  { additionalProperties: false },
);
export type CompleteSetup = Static<typeof CompleteSetup>;
