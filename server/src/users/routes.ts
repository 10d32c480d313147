import type { FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { IdParams, Page, PageQuery } from '#contract/common.ts';
import { CreateUser, UpdateUser, User } from '#contract/users.ts';
import { actorOf } from '../audit/actor-of.ts';
import { type PlatformApi, principalOf } from '../http/platform-api.ts';
import { userPolicy } from './policy.ts';
import type { Doer, Users } from './users.ts';

export function registerUserRoutes(api: PlatformApi, { users }: { readonly users: Users }): void {
  const tags = ['users'];

  api.get(
    '/v1/users',
    {
      config: { access: userPolicy.read },
      schema: { tags, summary: 'List the users', querystring: PageQuery, response: { 200: Page(User) } },
    },
    (request) => users.list(principalOf(request).tenantId, request.query),
  );

  api.post(
    '/v1/users',
    {
      config: { access: userPolicy.write, idempotent: true },
      schema: { tags, summary: 'Add a user', body: CreateUser, response: { 201: User } },
    },
    async (request, reply) => reply.code(201).send(await users.create(doerOf(request), request.body)),
  );

  api.get(
    '/v1/users/:id',
    {
      config: { access: userPolicy.read },
      schema: { tags, summary: 'Read a user', params: IdParams, response: { 200: User } },
    },
    (request) => users.get(principalOf(request).tenantId, request.params.id),
  );

  api.patch(
    '/v1/users/:id',
    {
      config: { access: userPolicy.write },
      schema: { tags, summary: 'Change a user', params: IdParams, body: UpdateUser, response: { 200: User } },
    },
    (request) => users.update(doerOf(request), request.params.id, request.body),
  );

  api.delete(
    '/v1/users/:id',
    {
      config: { access: userPolicy.write },
      schema: {
        tags,
        summary: 'Remove a user and end their sessions',
        params: IdParams,
        response: { 204: Type.Null() },
      },
    },
    async (request, reply) => {
      await users.remove(doerOf(request), request.params.id);
      return reply.code(204).send(null);
    },
  );
}

export function doerOf(request: FastifyRequest): Doer {
  const principal = principalOf(request);
  return { tenantId: principal.tenantId, role: principal.role, actor: actorOf(principal, request) };
}
