/** A tenant: people and devices that see each other and nobody else. */
import { type Static, Type } from 'typebox';
import { Id, namePattern, TimestampMs } from './common.ts';
import { RetentionDays } from './telemetry.ts';

export const TenantName = Type.String({ minLength: 1, maxLength: 255, pattern: namePattern });

const tenantFields = {
  name: TenantName,
  telemetryRetentionDays: Type.Union([RetentionDays, Type.Null()], {
    description:
      'Telemetry that is older is deleted, once a day; null keeps it for ever. Device profiles may say otherwise',
  }),
};

export const Tenant = Type.Object({ id: Id, ...tenantFields, createdAt: TimestampMs });
export type Tenant = Static<typeof Tenant>;

export const UpdateTenant = Type.Partial(Type.Object(tenantFields), { additionalProperties: false, minProperties: 1 });
export type UpdateTenant = Static<typeof UpdateTenant>;
