import { Type } from 'typebox';
import { IdParams } from '#contract/common.ts';
import { type Credentials, CredentialsRequest, DeviceCredentials, RotateCredentials } from '#contract/credentials.ts';
import { actorOf } from '../audit/actor-of.ts';
import type { Audit } from '../audit/audit.ts';
import { type PlatformApi, principalOf } from '../http/platform-api.ts';
import type { Principal } from '../http/principal.ts';
import type { DeviceCredentialsStore } from './credentials.ts';
import { credentialsPolicy } from './policy.ts';
import { showCredentials } from './shape.ts';

export interface CredentialsRoutesDeps {
  readonly credentials: DeviceCredentialsStore;
  readonly devices: { nameOf(tenantId: string, deviceId: string): Promise<string> };
  readonly audit: Audit;
  /** Of this installation: the `aud` of device tokens. */
  readonly instanceId: string;
}

export function registerCredentialsRoutes(api: PlatformApi, deps: CredentialsRoutesDeps): void {
  const { credentials, devices, audit } = deps;

  const show = (shown: Credentials, deviceId: string, withSecret: boolean): Credentials =>
    showCredentials(shown, { deviceId, instance: deps.instanceId, withSecret });

  /** JWT keys are told when they are made and never again. */
  function showAll(all: DeviceCredentials, withSecret: boolean): DeviceCredentials {
    const { deviceId, credentials, retiring, next } = all;
    return {
      ...all,
      credentials: show(credentials, deviceId, withSecret),
      retiring: retiring && { ...retiring, credentials: show(retiring.credentials, deviceId, false) },
      next: next && { ...next, credentials: show(next.credentials, deviceId, false) },
    };
  }

  const tags = ['credentials'];
  const read = { access: credentialsPolicy.read };
  const write = { access: credentialsPolicy.write };

  async function record(
    principal: Principal,
    request: { readonly ip: string; readonly params: { readonly id: string } },
    action: string,
    detail: { readonly [key: string]: string | number } = {},
  ): Promise<void> {
    const { tenantId } = principal;
    const { id } = request.params;
    audit.record({
      tenantId,
      actor: actorOf(principal, request),
      action,
      target: { kind: 'device', id, name: await devices.nameOf(tenantId, id).catch(() => '') },
      outcome: 'success',
      detail,
    });
  }

  api.get(
    '/v1/devices/:id/credentials',
    {
      config: read,
      schema: {
        tags,
        summary: 'What a device proves itself with',
        params: IdParams,
        response: { 200: DeviceCredentials },
      },
    },
    async (request) => showAll(await credentials.read(principalOf(request).tenantId, request.params.id), false),
  );

  api.put(
    '/v1/devices/:id/credentials',
    {
      config: write,
      schema: {
        tags,
        summary: 'Set credentials; the old ones and their sessions end at once',
        params: IdParams,
        body: CredentialsRequest,
        response: { 200: DeviceCredentials },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const result = await credentials.set(principal.tenantId, request.params.id, request.body);
      await record(principal, request, 'credentials.set', { type: result.credentials.type });
      return showAll(result, true);
    },
  );

  api.post(
    '/v1/devices/:id/credentials/rotate',
    {
      config: write,
      schema: {
        tags,
        summary: 'Give a device new secrets; the old ones may work a while longer',
        params: IdParams,
        // Nothing at all is a body too.
        body: Type.Union([RotateCredentials, Type.Null()]),
        response: { 200: DeviceCredentials },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const overlapSeconds = request.body?.overlapSeconds ?? 0;
      const result = await credentials.rotate(principal.tenantId, request.params.id, { overlapSeconds });
      await record(principal, request, 'credentials.rotated', { overlapSeconds });
      return showAll(result, true);
    },
  );

  api.delete(
    '/v1/devices/:id/credentials',
    {
      config: write,
      schema: {
        tags,
        summary: 'Revoke all credentials: nobody is this device until it gets new ones',
        params: IdParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      await credentials.revoke(principal.tenantId, request.params.id);
      await record(principal, request, 'credentials.revoked');
      return reply.code(204).send(null);
    },
  );
}
