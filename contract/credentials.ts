/** What a device proves itself with. Spelled as ThingsBoard spells it, so that both sides read alike. */
import { type Static, Type } from 'typebox';
import { Id, TimestampMs } from './common.ts';

/** An access token: the device puts it into the HTTP path or the MQTT user name. */
export const AccessTokenCredentials = Type.Object(
  {
    type: Type.Literal('ACCESS_TOKEN'),
    token: Type.String({
      minLength: 1,
      maxLength: 255,
      pattern: '^[^\\s/?#\\u0000-\\u001f\\u007f]+$',
      description: 'Stands in a URL path, so without spaces, slashes, ? and #',
    }),
  },
  { additionalProperties: false },
);

const mqttText = Type.String({ minLength: 1, maxLength: 255, pattern: '^[^\\u0000-\\u001f\\u007f]+$' });

/**
 * Client id, user name and password of an MQTT CONNECT. At least one of `clientId` and `userName`; a password only
 * together with a user name.
 */
export const MqttBasicCredentials = Type.Object(
  {
    type: Type.Literal('MQTT_BASIC'),
    clientId: Type.Optional(mqttText),
    userName: Type.Optional(mqttText),
    password: Type.Optional(mqttText),
  },
  { additionalProperties: false },
);

export const jwtAlgorithms = ['HS256', 'ES256', 'EdDSA'] as const;
export type JwtAlgorithm = (typeof jwtAlgorithms)[number];
const JwtAlgorithm = Type.Enum(jwtAlgorithms);

/** What a token may be for. */
export const deviceScopes = ['telemetry', 'attributes', 'rpc', 'ota'] as const;
export type DeviceScope = (typeof deviceScopes)[number];

const kid = Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', description: 'Names the key; unique over the server' });
const jwtSecret = Type.String({ pattern: '^[A-Za-z0-9_-]{43,86}$', description: 'base64url of 32 to 64 bytes' });
const scope = Type.String({
  pattern: '^(?:telemetry|attributes|rpc|ota)(?: (?:telemetry|attributes|rpc|ota)){0,3}$',
  description: 'Rights of the key; all when absent',
});
/** PEM (SPKI) or JWK. */
const PublicKey = Type.Union([
  Type.String({ minLength: 1, maxLength: 4096 }),
  Type.Object({ kty: Type.String({ maxLength: 16 }) }, { additionalProperties: Type.String({ maxLength: 1024 }) }),
]);

/**
 * A key that a device signs JSON Web Tokens with: HS256 with a `key`, which is told when it is made and never again, or
 * ES256 and EdDSA with a `publicKey`. `deviceId` and `instance` are the `sub` and `aud` of its tokens: the ids' 128 bits as
 * 22 characters of base64url.
 */
export const JwtCredentials = Type.Object(
  {
    type: Type.Literal('JWT'),
    alg: JwtAlgorithm,
    kid,
    key: Type.Optional(jwtSecret),
    publicKey: Type.Optional(Type.String({ maxLength: 4096, description: 'PEM (SPKI)' })),
    scope: Type.Optional(scope),
    deviceId: Type.Optional(Type.String({ description: 'Short form: 22 characters' })),
    instance: Type.Optional(Type.String({ description: 'Short form: 22 characters' })),
  },
  { additionalProperties: false },
);
export type JwtCredentials = Static<typeof JwtCredentials>;

/** JWT credentials as they are asked for: what is absent is made up; `derived` makes the key from the group key. */
export const JwtCredentialsRequest = Type.Object(
  {
    type: Type.Literal('JWT'),
    alg: Type.Optional(JwtAlgorithm),
    kid: Type.Optional(kid),
    key: Type.Optional(jwtSecret),
    publicKey: Type.Optional(PublicKey),
    derived: Type.Optional(Type.Boolean()),
    scope: Type.Optional(scope),
  },
  { additionalProperties: false },
);
export type JwtCredentialsRequest = Static<typeof JwtCredentialsRequest>;

/** Credentials as they are given to the platform. */
export const CredentialsRequest = Type.Union([AccessTokenCredentials, MqttBasicCredentials, JwtCredentialsRequest]);
export type CredentialsRequest = Static<typeof CredentialsRequest>;

/** Credentials as they stand. */
export const Credentials = Type.Union([AccessTokenCredentials, MqttBasicCredentials, JwtCredentials]);
export type Credentials = Static<typeof Credentials>;
export type CredentialsType = Credentials['type'];

/** The credentials of a device as its administrators see them. */
export const DeviceCredentials = Type.Object({
  id: Id,
  deviceId: Id,
  credentials: Credentials,
  createdAt: TimestampMs,
  /** The ones before, while they still work after a rotation. */
  retiring: Type.Union([Type.Object({ id: Id, credentials: Credentials, expiresAt: TimestampMs }), Type.Null()]),
  /** JWT: the key that the device asked for and has not used yet. */
  next: Type.Union([Type.Object({ id: Id, credentials: Credentials, createdAt: TimestampMs }), Type.Null()]),
});
export type DeviceCredentials = Static<typeof DeviceCredentials>;

export const RotateCredentials = Type.Object(
  {
    overlapSeconds: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 30 * 86_400,
        default: 0,
        description: 'How long the old credentials still work; 0 ends them and the sessions that used them at once',
      }),
    ),
  },
  { additionalProperties: false },
);
export type RotateCredentials = Static<typeof RotateCredentials>;
