/** A tenant: people and devices that see each other and nobody else. */
import { type Static, Type } from 'typebox';
import { Id, namePattern, TimestampMs } from './common.ts';

export const TenantName = Type.String({ minLength: 1, maxLength: 255, pattern: namePattern });

export const Tenant = Type.Object({ id: Id, name: TenantName, createdAt: TimestampMs });
export type Tenant = Static<typeof Tenant>;

export const UpdateTenant = Type.Object({ name: TenantName }, { additionalProperties: false });
export type UpdateTenant = Static<typeof UpdateTenant>;
