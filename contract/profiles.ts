/** Device profiles: what devices of one kind have in common, first of all how they are provisioned. */
import { type Static, Type } from 'typebox';
import { Id, TimestampMs } from './common.ts';
import { RetentionDays } from './telemetry.ts';

export const ProvisionStrategy = Type.Union(
  [Type.Literal('DISABLED'), Type.Literal('ALLOW_CREATE_NEW_DEVICES'), Type.Literal('CHECK_PRE_PROVISIONED_DEVICES')],
  { description: 'As in ThingsBoard: nobody; whoever knows key and secret; only devices that were created before' },
);
export type ProvisionStrategy = Static<typeof ProvisionStrategy>;

export const ReprovisionPolicy = Type.Union(
  [Type.Literal('strict'), Type.Literal('return_existing'), Type.Literal('rotate')],
  {
    description:
      'A second request for a provisioned device: refused (ThingsBoard 4.2.1.1 and later), answered with the same credentials (before), or with new ones that replace the old',
  },
);
export type ReprovisionPolicy = Static<typeof ReprovisionPolicy>;

/** `count:seconds`, several joined by commas; all of them hold. Empty: the server's default. */
export const RateLimit = Type.String({
  pattern: '^$|^[1-9]\\d{0,8}:[1-9]\\d{0,5}(,[1-9]\\d{0,8}:[1-9]\\d{0,5}){0,3}$',
  description: '`count:seconds`, up to four joined by commas; empty for the default of the server',
});

export const minAuths = ['token', 'bearer', 'signed', 'mtls'] as const;
export const MinAuth = Type.Enum(minAuths, {
  description:
    'The weakest way in which devices may prove themselves: an access token, a bearer JWT, a JWT over each request, a client certificate',
});
export type MinAuth = (typeof minAuths)[number];

const provisioningFields = {
  strategy: ProvisionStrategy,
  reprovision: ReprovisionPolicy,
  key: Type.String({ minLength: 1, maxLength: 255, description: 'provisionDeviceKey; unique over the server' }),
  secret: Type.String({ minLength: 8, maxLength: 255, description: 'provisionDeviceSecret' }),
  rateLimit: RateLimit,
  requireProof: Type.Boolean({ description: 'Take a provisionProof alone, never the secret itself' }),
};

const profileFields = {
  name: Type.String({ minLength: 1, maxLength: 255 }),
  description: Type.String({ maxLength: 4000, pattern: '^[^\\u0000]*$' }),
  isDefault: Type.Boolean({ description: 'Devices that name no profile get this one; one per tenant' }),
  tlsOnly: Type.Boolean({ description: 'Refuse devices of this profile on connections without TLS' }),
  tokenInPath: Type.Boolean({
    description: 'Let devices prove themselves by an access token in the HTTP path, if minAuth allows tokens at all',
  }),
  minAuth: MinAuth,
  requireNonce: Type.Boolean({ description: 'Signed requests must carry the Device-Nonce of the server' }),
  telemetryRetentionDays: Type.Union([RetentionDays, Type.Null(), Type.Literal('tenant')], {
    description:
      'Telemetry of its devices that is older is deleted, once a day; null keeps it for ever, `tenant` is as the tenant says',
  }),
};

/** The `secret` is shown to admins and owners; others get null. */
export const Profile = Type.Object({
  id: Id,
  ...profileFields,
  provisioning: Type.Object({
    ...provisioningFields,
    secret: Type.Union([provisioningFields.secret, Type.Null()]),
  }),
  hasGroupKey: Type.Boolean({ description: 'Keys of its devices may be derived from a group key' }),
  deviceCount: Type.Integer(),
  createdAt: TimestampMs,
  updatedAt: TimestampMs,
});
export type Profile = Static<typeof Profile>;

const optionalProvisioning = Type.Partial(Type.Object(provisioningFields), { additionalProperties: false });

/** Only `name` is needed: key and secret are generated, strategy is DISABLED, re-provisioning strict. */
export const CreateProfile = Type.Object(
  {
    name: profileFields.name,
    description: Type.Optional(profileFields.description),
    isDefault: Type.Optional(profileFields.isDefault),
    tlsOnly: Type.Optional(profileFields.tlsOnly),
    tokenInPath: Type.Optional(profileFields.tokenInPath),
    minAuth: Type.Optional(profileFields.minAuth),
    requireNonce: Type.Optional(profileFields.requireNonce),
    telemetryRetentionDays: Type.Optional(profileFields.telemetryRetentionDays),
    provisioning: Type.Optional(optionalProvisioning),
  },
  { additionalProperties: false },
);
export type CreateProfile = Static<typeof CreateProfile>;

export const UpdateProfile = Type.Partial(CreateProfile, { additionalProperties: false, minProperties: 1 });
export type UpdateProfile = Static<typeof UpdateProfile>;

/** A group key that a factory has already; one is made when none is given. */
export const SetGroupKey = Type.Object(
  {
    key: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{43,86}$', description: 'base64url of 32 to 64 bytes' })),
  },
  { additionalProperties: false },
);
export type SetGroupKey = Static<typeof SetGroupKey>;

/** Shown this once. */
export const GroupKey = Type.Object({ groupKey: Type.String() });
export type GroupKey = Static<typeof GroupKey>;
