/** People of a tenant. */
import { type Static, Type } from 'typebox';
import { Id, linePattern, Role, TimestampMs } from './common.ts';

/** Languages in which the console speaks. */
export const languages = ['en', 'id'] as const;
export const Language = Type.Enum(languages, { description: 'Language of the console: English or Bahasa Indonesia' });
export type Language = (typeof languages)[number];

/** Loose on purpose: the address proves itself when mail arrives. Compared in lower case. */
export const Email = Type.String({ format: 'email', maxLength: 254 });

/** A password that is to be set. What is too short or easy to guess is refused with `weak_password`. */
export const NewPassword = Type.String({
  minLength: 1,
  maxLength: 256,
  description: 'At least 12 characters and not easy to guess',
});

const userFields = {
  email: Email,
  name: Type.String({ maxLength: 255, pattern: linePattern }),
  role: Role,
  language: Language,
};

export const User = Type.Object({
  id: Id,
  ...userFields,
  createdAt: TimestampMs,
  updatedAt: TimestampMs,
  lastSignInAt: Type.Union([TimestampMs, Type.Null()]),
});
export type User = Static<typeof User>;

export const CreateUser = Type.Object(
  {
    email: userFields.email,
    password: NewPassword,
    role: userFields.role,
    name: Type.Optional(userFields.name),
    language: Type.Optional(userFields.language),
  },
  { additionalProperties: false },
);
export type CreateUser = Static<typeof CreateUser>;

/** A new `password` ends all sessions of that user. One's own is changed at `POST /v1/session/password`. */
export const UpdateUser = Type.Partial(CreateUser, { additionalProperties: false, minProperties: 1 });
export type UpdateUser = Static<typeof UpdateUser>;

/** What everybody may say of themselves; e-mail address and role are for those who manage people. */
export const UpdateOwnUser = Type.Partial(Type.Pick(CreateUser, ['name', 'language']), {
  additionalProperties: false,
  minProperties: 1,
});
export type UpdateOwnUser = Static<typeof UpdateOwnUser>;

export const ChangePassword = Type.Object(
  { currentPassword: Type.String({ minLength: 1, maxLength: 256 }), newPassword: NewPassword },
  { additionalProperties: false },
);
export type ChangePassword = Static<typeof ChangePassword>;
