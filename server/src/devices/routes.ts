import { Type } from 'typebox';
import { IdParams } from '#contract/common.ts';
import { CreateDevice, CreatedDevice, Device, DeviceListQuery, DevicePage, UpdateDevice } from '#contract/devices.ts';
import { actorOf } from '../audit/actor-of.ts';
import type { Audit } from '../audit/audit.ts';
import { type PlatformApi, principalOf } from '../http/platform-api.ts';
import type { Devices } from './devices.ts';
import { devicePolicy } from './policy.ts';

export interface DeviceRoutesDeps {
  readonly devices: Devices;
  readonly audit: Audit;
}

export function registerDeviceRoutes(api: PlatformApi, { devices, audit }: DeviceRoutesDeps): void {
  const tags = ['devices'];

  api.get(
    '/v1/devices',
    {
      config: { access: devicePolicy.read },
      schema: {
        tags,
        summary: 'Devices, searched, filtered and sorted',
        querystring: DeviceListQuery,
        response: { 200: DevicePage },
      },
    },
    (request) => devices.list(principalOf(request).tenantId, request.query),
  );

  api.post(
    '/v1/devices',
    {
      config: { access: devicePolicy.write, idempotent: true },
      schema: {
        tags,
        summary: 'Create a device; the answer holds its credentials',
        body: CreateDevice,
        response: { 201: CreatedDevice },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const device = await devices.create(principal.tenantId, request.body);
      audit.record({
        tenantId: principal.tenantId,
        actor: actorOf(principal, request),
        action: 'device.created',
        target: { kind: 'device', id: device.id, name: device.name },
        outcome: 'success',
      });
      return reply.code(201).header('location', `/v1/devices/${device.id}`).send(device);
    },
  );

  api.get(
    '/v1/devices/:id',
    {
      config: { access: devicePolicy.read },
      schema: { tags, summary: 'One device', params: IdParams, response: { 200: Device } },
    },
    (request) => devices.get(principalOf(request).tenantId, request.params.id),
  );

  api.patch(
    '/v1/devices/:id',
    {
      config: { access: devicePolicy.write },
      schema: {
        tags,
        summary: 'Change a device; a disabled one loses its sessions',
        params: IdParams,
        body: UpdateDevice,
        response: { 200: Device },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const device = await devices.update(principal.tenantId, request.params.id, request.body);
      audit.record({
        tenantId: principal.tenantId,
        actor: actorOf(principal, request),
        action: 'device.updated',
        target: { kind: 'device', id: device.id, name: device.name },
        outcome: 'success',
        detail: { ...request.body },
      });
      return device;
    },
  );

  api.delete(
    '/v1/devices/:id',
    {
      config: { access: devicePolicy.write },
      schema: {
        tags,
        summary: 'Delete a device with its credentials, attributes and telemetry',
        params: IdParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const { id } = request.params;
      const name = await devices.remove(principal.tenantId, id);
      audit.record({
        tenantId: principal.tenantId,
        actor: actorOf(principal, request),
        action: 'device.deleted',
        target: { kind: 'device', id, name },
        outcome: 'success',
      });
      return reply.code(204).send(null);
    },
  );
}
