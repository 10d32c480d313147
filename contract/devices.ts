import { type Static, Type } from 'typebox';
import { Id, Page, PageQuery, TimestampMs } from './common.ts';
import { Credentials, CredentialsRequest } from './credentials.ts';

const deviceFields = {
  name: Type.String({ minLength: 1, maxLength: 255, description: 'Unique in the tenant' }),
  label: Type.String({ maxLength: 255 }),
  description: Type.String({ maxLength: 4000, pattern: '^[^\\u0000]*$' }),
  isGateway: Type.Boolean({ description: 'May speak for other devices' }),
  enabled: Type.Boolean({ description: 'A disabled device is refused everywhere' }),
};

const OptionalTime = Type.Union([TimestampMs, Type.Null()]);

/** How a device was connected last, or is now. */
export const DeviceConnection = Type.Object({
  protocol: Type.String({ description: '`MQTT 3.1`, `MQTT 3.1.1`, `MQTT 5` or `HTTP`' }),
  secure: Type.Boolean({ description: 'Over TLS' }),
  address: Type.String({ description: 'The network address that it came from' }),
});
export type DeviceConnection = Static<typeof DeviceConnection>;

export const Device = Type.Object({
  id: Id,
  ...deviceFields,
  profileId: Id,
  profileName: Type.String(),
  /** Connected, or heard of within its inactivity timeout. */
  active: Type.Boolean(),
  lastConnectTime: OptionalTime,
  lastActivityTime: OptionalTime,
  lastDisconnectTime: OptionalTime,
  connection: Type.Union([DeviceConnection, Type.Null()]),
  createdAt: TimestampMs,
  updatedAt: TimestampMs,
});
export type Device = Static<typeof Device>;

/** Only `name` is needed: the default profile, and a generated access token. */
export const CreateDevice = Type.Object(
  {
    name: deviceFields.name,
    label: Type.Optional(deviceFields.label),
    description: Type.Optional(deviceFields.description),
    isGateway: Type.Optional(deviceFields.isGateway),
    enabled: Type.Optional(deviceFields.enabled),
    profileId: Type.Optional(Id),
    credentials: Type.Optional(CredentialsRequest),
  },
  { additionalProperties: false },
);
export type CreateDevice = Static<typeof CreateDevice>;

/** The answer to a create: what was made, and what the device proves itself with. */
export const CreatedDevice = Type.Object({ ...Device.properties, credentials: Credentials });
export type CreatedDevice = Static<typeof CreatedDevice>;

export const UpdateDevice = Type.Partial(Type.Omit(CreateDevice, ['credentials']), {
  additionalProperties: false,
  minProperties: 1,
});
export type UpdateDevice = Static<typeof UpdateDevice>;

export const deviceSorts = ['name', 'createdAt', 'lastActivityTime'] as const;

/** Passing over more is left to cursors: the database counts off what is passed over. */
export const deviceOffsetLimit = 500_000;

export const DeviceListQuery = Type.Object(
  {
    ...PageQuery.properties,
    offset: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: deviceOffsetLimit,
        description: 'How many to pass over, to open a list in its middle; instead of `cursor`',
      }),
    ),
    withTotal: Type.Optional(Type.Boolean({ description: 'Whether the answer says how many match' })),
    search: Type.Optional(Type.String({ maxLength: 255, description: 'Part of name or label, any case' })),
    profileId: Type.Optional(Id),
    active: Type.Optional(Type.Boolean()),
    isGateway: Type.Optional(Type.Boolean()),
    sort: Type.Optional(Type.Enum(deviceSorts, { default: 'name' })),
    order: Type.Optional(Type.Union([Type.Literal('asc'), Type.Literal('desc')], { default: 'asc' })),
  },
  { additionalProperties: false },
);
export type DeviceListQuery = Static<typeof DeviceListQuery>;

/** A page of devices; `total` is how many match on all pages, when it was asked for. */
export const DevicePage = Type.Object({ ...Page(Device).properties, total: Type.Optional(Type.Integer()) });
export interface DevicePage extends Page<Device> {
  total?: number;
}
