import {
  AttributeParams,
  AttributeQuery,
  Attributes as AttributesBody,
  DeleteAttributesQuery,
  DeletedAttributes,
  WriteAttributes,
} from '#contract/attributes.ts';
import type { Json } from '#contract/common.ts';
import { actorOf } from '../audit/actor-of.ts';
import type { Audit } from '../audit/audit.ts';
import { AppError } from '../errors.ts';
import { type PlatformApi, principalOf } from '../http/platform-api.ts';
import type { Principal } from '../http/principal.ts';
import type { AttributeScope, Attributes, AttributeValue } from './attributes.ts';
import { attributePolicy } from './policy.ts';

export interface AttributeRoutesDeps {
  readonly attributes: Attributes;
  /** Throws `not_found` for a device that the tenant does not have. */
  readonly devices: { nameOf(tenantId: string, deviceId: string): Promise<string> };
  readonly audit: Audit;
}

/** Keys named in the audit log; the rest is a number. */
const auditedKeys = 20;

export function registerAttributeRoutes(api: PlatformApi, { attributes, devices, audit }: AttributeRoutesDeps): void {
  const tags = ['attributes'];
  const url = '/v1/devices/:id/attributes/:scope';

  function record(
    principal: Principal,
    request: { readonly ip: string; readonly params: { readonly id: string; readonly scope: AttributeScope } },
    action: string,
    name: string,
    keys: readonly string[],
  ): void {
    const { id, scope } = request.params;
    audit.record({
      tenantId: principal.tenantId,
      actor: actorOf(principal, request),
      action,
      target: { kind: 'device', id, name },
      outcome: 'success',
      detail: { scope, count: keys.length, keys: keys.slice(0, auditedKeys) },
    });
  }

  api.get(
    url,
    {
      config: { access: attributePolicy.read },
      schema: {
        tags,
        summary: 'Attributes of one scope, all or those named',
        params: AttributeParams,
        querystring: AttributeQuery,
        response: { 200: AttributesBody },
      },
    },
    async (request) => {
      const { tenantId } = principalOf(request);
      const { id: deviceId, scope } = request.params;
      await devices.nameOf(tenantId, deviceId);
      const { keys } = request.query;
      return toBody(await attributes.read({ tenantId, deviceId }, scope, keys === undefined ? keys : splitKeys(keys)));
    },
  );

  api.patch(
    url,
    {
      config: { access: attributePolicy.write },
      schema: {
        tags,
        summary: 'Write shared or server attributes; shared ones are told to the device',
        params: AttributeParams,
        body: WriteAttributes,
        response: { 200: AttributesBody },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const { tenantId } = principal;
      const { id: deviceId, scope } = request.params;
      if (scope === 'client') {
        throw new AppError(
          'invalid_request',
          'Client attributes are what the device says of itself: write shared ones to tell it something, server ones for notes about it.',
        );
      }
      const name = await devices.nameOf(tenantId, deviceId);
      // The body is JSON, so each of its values is.
      const values = request.body as { readonly [key: string]: Json };
      await attributes.write({ tenantId, deviceId, scope, values });
      const keys = Object.keys(values);
      record(principal, request, 'attributes.updated', name, keys);
      return toBody(await attributes.read({ tenantId, deviceId }, scope, keys));
    },
  );

  api.delete(
    url,
    {
      config: { access: attributePolicy.write },
      schema: {
        tags,
        summary: 'Delete the attributes named in `keys`',
        params: AttributeParams,
        querystring: DeleteAttributesQuery,
        response: { 200: DeletedAttributes },
      },
    },
    async (request) => {
      const principal = principalOf(request);
      const { tenantId } = principal;
      const { id: deviceId, scope } = request.params;
      const name = await devices.nameOf(tenantId, deviceId);
      const deleted = await attributes.remove({ tenantId, deviceId }, scope, splitKeys(request.query.keys));
      record(principal, request, 'attributes.deleted', name, deleted);
      return { deleted };
    },
  );
}

function splitKeys(keys: string): string[] {
  return keys.split(',').filter((key) => key !== '');
}

/** Defines members instead of assigning them: a key `__proto__` is a key. */
function toBody(values: ReadonlyMap<string, AttributeValue>): AttributesBody {
  return Object.fromEntries(values);
}
