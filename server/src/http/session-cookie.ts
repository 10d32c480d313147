/** The cookie of people who signed in. */
import type { FastifyReply, FastifyRequest } from 'fastify';

const cookieName = 'gapura_session';

/** HttpOnly and SameSite=Strict; Secure when the request came over TLS. @param maxAgeMs the session's lifetime */
export function setSessionCookie(request: FastifyRequest, reply: FastifyReply, token: string, maxAgeMs: number): void {
  reply.setCookie(cookieName, token, { ...attributesOf(request), maxAge: Math.floor(maxAgeMs / 1000) });
}

export function clearSessionCookie(request: FastifyRequest, reply: FastifyReply): void {
  reply.clearCookie(cookieName, attributesOf(request));
}

function attributesOf(request: FastifyRequest) {
  return { path: '/', httpOnly: true, sameSite: 'strict', secure: request.protocol === 'https' } as const;
}

/** The token in a `Cookie` header; the first, should there be several (RFC 6265 §5.4: the most specific path). */
export function readSessionCookie(cookieHeader: string | undefined): string | undefined {
  if (cookieHeader === undefined) return undefined;
  for (const pair of cookieHeader.split(';')) {
    const at = pair.indexOf('=');
    if (at !== -1 && pair.slice(0, at).trim() === cookieName) return pair.slice(at + 1).trim();
  }
  return undefined;
}
