import { Type } from 'typebox';
import { ApiKey, CreateApiKey, CreatedApiKey } from '#contract/api-keys.ts';
import { IdParams, Page, PageQuery } from '#contract/common.ts';
import { actorOf } from '../audit/actor-of.ts';
import { type PlatformApi, principalOf } from '../http/platform-api.ts';
import type { ApiKeys } from './api-keys.ts';
import { apiKeyPolicy } from './policy.ts';

export function registerApiKeyRoutes(api: PlatformApi, { apiKeys }: { readonly apiKeys: ApiKeys }): void {
  const tags = ['api keys'];

  api.get(
    '/v1/api-keys',
    {
      config: { access: apiKeyPolicy.read },
      schema: { tags, summary: 'List the API keys', querystring: PageQuery, response: { 200: Page(ApiKey) } },
    },
    (request) => apiKeys.list(principalOf(request).tenantId, request.query),
  );

  api.post(
    '/v1/api-keys',
    {
      config: { access: apiKeyPolicy.write, idempotent: true },
      schema: {
        tags,
        summary: 'Make an API key; the answer shows it for the only time',
        body: CreateApiKey,
        response: { 201: CreatedApiKey },
      },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      return reply.code(201).send(await apiKeys.create(principal, actorOf(principal, request), request.body));
    },
  );

  api.delete(
    '/v1/api-keys/:id',
    {
      config: { access: apiKeyPolicy.write },
      schema: { tags, summary: 'Revoke an API key', params: IdParams, response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      await apiKeys.revoke(principal, actorOf(principal, request), request.params.id);
      return reply.code(204).send(null);
    },
  );
}
