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

export const Credentials = Type.Union([AccessTokenCredentials, MqttBasicCredentials]);
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
