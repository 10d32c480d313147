/** Who makes a request: a person by the session cookie, a script by `Authorization: Bearer gpr_…`. */
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { FastifyRequest } from 'fastify';
import { AppError } from '../errors.ts';
import type { Principal } from './principal.ts';
import { requireSameOrigin } from './same-origin.ts';
import { readSessionCookie } from './session-cookie.ts';

export interface AuthenticatorDeps {
  /** Undefined when the session has ended or never was. */
  principalOfSession(token: string): Promise<Principal | undefined>;
  /** Undefined when the key is unknown, revoked or expired. */
  principalOfApiKey(key: string): Promise<Principal | undefined>;
}

export interface Authenticator {
  /** @throws AppError `missing_credentials`, `invalid_credentials`, `session_expired`, `cross_site_request`, … */
  authenticate(request: FastifyRequest): Promise<Principal>;
  /**
   * For a WebSocket upgrade. A long connection may ask again later with the same request: then a session that has
   * ended or a key that was revoked is refused.
   */
  authenticateUpgrade(request: IncomingMessage): Promise<Principal>;
}

/** Methods that change nothing (RFC 9110 §9.2.1). */
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS']);
const bearer = /^Bearer +(.*)$/i;

export function createAuthenticator(deps: AuthenticatorDeps): Authenticator {
  const authenticate = async (headers: IncomingHttpHeaders, changesState: boolean): Promise<Principal> => {
    const token = readSessionCookie(headers.cookie);
    const key = bearer.exec(headers.authorization ?? '')?.[1];
    if (token !== undefined && key !== undefined) {
      throw new AppError('invalid_request', 'Send the session cookie or an API key, not both.');
    }
    if (key !== undefined) {
      const principal = await deps.principalOfApiKey(key);
      if (principal === undefined)
        throw new AppError('invalid_credentials', 'There is no such API key, or it expired.');
      return principal;
    }
    if (token === undefined) {
      throw new AppError('missing_credentials', 'Sign in, or send an API key as "Authorization: Bearer gpr_…".');
    }
    // Before the session is looked up: a request of another site learns nothing about it.
    if (changesState) requireSameOrigin(headers);
    const principal = await deps.principalOfSession(token);
    if (principal === undefined) throw new AppError('session_expired', 'Sign in again.');
    return principal;
  };

  return {
    authenticate: (request) => authenticate(request.headers, !safeMethods.has(request.method)),
    // SameSite does not stop a sibling subdomain, and CORS does not apply to WebSockets (RFC 6455 §10.2).
    authenticateUpgrade: (request) => authenticate(request.headers, true),
  };
}
