import { Session } from '#contract/session.ts';
import { CompleteSetup, SetupState } from '#contract/setup.ts';
import type { PlatformApi } from '../http/platform-api.ts';
import { requireSameOrigin } from '../http/same-origin.ts';
import { createSessionStarter, type SessionRoutesDeps } from '../users/session-routes.ts';
import type { Setup } from './setup.ts';

export type SetupRoutesDeps = { readonly setup: Setup } & Pick<SessionRoutesDeps, 'sessions' | 'tenants'>;

export function registerSetupRoutes(api: PlatformApi, deps: SetupRoutesDeps): void {
  const tags = ['set-up'];
  const start = createSessionStarter(deps);

  api.get(
    '/v1/setup',
    {
      config: { access: 'public' },
      schema: { tags, summary: 'Whether Gapura waits for its set-up', security: [], response: { 200: SetupState } },
    },
    async () => ({ required: await deps.setup.isRequired() }),
  );

  api.post(
    '/v1/setup',
    {
      config: { access: 'public' },
      schema: {
        tags,
        summary: 'Make the first tenant and its owner, and sign in',
        security: [],
        body: CompleteSetup,
        response: { 201: Session },
      },
    },
    async (request, reply) => {
      requireSameOrigin(request.headers);
      const owner = await deps.setup.complete(request.body, request.ip);
      return reply.code(201).send(await start(owner, request, reply));
    },
  );
}
