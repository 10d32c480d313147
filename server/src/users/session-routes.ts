/** Sign-in, who am I, sign-out, own name, language and password. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { Session, SignIn as SignInBody } from '#contract/session.ts';
import type { Tenant } from '#contract/tenants.ts';
import { ChangePassword, UpdateOwnUser, User } from '#contract/users.ts';
import { actorOf } from '../audit/actor-of.ts';
import type { Audit } from '../audit/audit.ts';
import type { UserTable } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import { type PlatformApi, principalOf } from '../http/platform-api.ts';
import { requireSameOrigin } from '../http/same-origin.ts';
import { clearSessionCookie, readSessionCookie, setSessionCookie } from '../http/session-cookie.ts';
import { sessionPolicy } from './policy.ts';
import { doerOf } from './routes.ts';
import type { SignIn } from './sign-in.ts';
import { sessionLifetimeMs, type UserSessions } from './user-sessions.ts';
import { toUser, type Users } from './users.ts';

export interface SessionRoutesDeps {
  readonly signIn: SignIn;
  readonly sessions: UserSessions;
  readonly users: Users;
  readonly audit: Audit;
  readonly tenants: { get(tenantId: string): Promise<Tenant> };
  readonly apiKeys: { expiresAt(tenantId: string, id: string): Promise<number | null> };
}

export function registerSessionRoutes(api: PlatformApi, deps: SessionRoutesDeps): void {
  const tags = ['session'];
  const { sessions } = deps;
  const start = createSessionStarter(deps);

  api.post(
    '/v1/session',
    {
      config: { access: 'public' },
      schema: { tags, summary: 'Sign in', security: [], body: SignInBody, response: { 201: Session } },
    },
    async (request, reply) => {
      // Nobody may sign a visitor in as somebody else from another site.
      requireSameOrigin(request.headers);
      const { email, password } = request.body;
      const user = await deps.signIn.prove(email, password, request.ip);
      return reply.code(201).send(await start(user, request, reply));
    },
  );

  api.get(
    '/v1/session',
    {
      config: { access: sessionPolicy.own },
      schema: { tags, summary: 'Who makes this request', response: { 200: Session } },
    },
    async (request) => {
      const principal = principalOf(request);
      const token = readSessionCookie(request.headers.cookie);
      const found = principal.kind === 'user' && token !== undefined ? await sessions.find(token) : undefined;
      if (found !== undefined) {
        const tenant = await deps.tenants.get(principal.tenantId);
        const user = toUser(found.user);
        return { user, apiKey: null, tenant, role: user.role, expiresAt: found.session.expires_at };
      }
      return {
        user: null,
        apiKey: { id: principal.id, name: principal.name },
        tenant: await deps.tenants.get(principal.tenantId),
        role: principal.role,
        expiresAt: await deps.apiKeys.expiresAt(principal.tenantId, principal.id),
      };
    },
  );

  api.delete(
    '/v1/session',
    {
      config: { access: sessionPolicy.own },
      schema: { tags, summary: 'Sign out', response: { 204: Type.Null() } },
    },
    async (request, reply) => {
      const principal = principalOf(request);
      const token = readSessionCookie(request.headers.cookie);
      if (token === undefined) throw new AppError('forbidden', 'An API key has no session; revoke the key instead.');
      await sessions.end(token);
      deps.audit.record({
        tenantId: principal.tenantId,
        actor: actorOf(principal, request),
        action: 'session.signed_out',
        target: { kind: 'user', id: principal.id, name: principal.name },
        outcome: 'success',
      });
      clearSessionCookie(request, reply);
      return reply.code(204).send(null);
    },
  );

  api.patch(
    '/v1/session/user',
    {
      config: { access: sessionPolicy.own },
      schema: {
        tags,
        summary: 'Change the own name and language',
        body: UpdateOwnUser,
        response: { 200: User },
      },
    },
    (request) => deps.users.updateOwn(doerOf(request), request.body),
  );

  api.post(
    '/v1/session/password',
    {
      config: { access: sessionPolicy.own },
      schema: {
        tags,
        summary: 'Change the own password; every other session of the caller ends',
        body: ChangePassword,
        response: { 200: Session },
      },
    },
    async (request, reply) => {
      const { currentPassword, newPassword } = request.body;
      const user = await deps.users.changeOwnPassword(doerOf(request), currentPassword, newPassword);
      return start(user, request, reply);
    },
  );
}

/** Opens a session for somebody who proved who they are, sets its cookie, and tells who they are. */
export function createSessionStarter(deps: Pick<SessionRoutesDeps, 'sessions' | 'tenants'>) {
  return async (user: UserTable, request: FastifyRequest, reply: FastifyReply): Promise<Session> => {
    const tenant = await deps.tenants.get(user.tenant_id);
    const token = await deps.sessions.open(user, {
      address: request.ip,
      userAgent: request.headers['user-agent'] ?? '',
    });
    // The session that the browser had makes room.
    const former = readSessionCookie(request.headers.cookie);
    if (former !== undefined) await deps.sessions.end(former);
    setSessionCookie(request, reply, token, sessionLifetimeMs);
    const found = await deps.sessions.find(token);
    const expiresAt = found?.session.expires_at ?? null;
    return { user: toUser(user), apiKey: null, tenant, role: user.role, expiresAt };
  };
}
