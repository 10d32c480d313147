/**
 * From a JSON Web Token in the header to the device that may go on: for every route alike, so that a new one has it by
 * being there. The checks are in the order of docs/reference/device-auth.md; a handler runs after the last of them.
 */
import type { DeviceScope } from '#contract/credentials.ts';
import type { BearerGrant, DeviceTokens, SignedGrant } from '../../device-tokens/device-tokens.ts';
import type { TokenRefusal } from '../../device-tokens/verify.ts';
import type { SecurityEvents } from '../../security-events/security-events.ts';
import { readBody } from './body.ts';
import type { ShownCredential } from './credential.ts';
import { defaultRetryAfterMs } from './limits.ts';
import type { Replies } from './replies.ts';
import type { DeviceHandler, Exchange } from './routes.ts';

/** The same words whatever exactly was wrong: a stranger learns nothing. */
const details = {
  invalid_token: 'The token is not one of a device of this platform, or not for this use.',
  stale_token: 'The time in the token is not the time of the server, which the header Date tells.',
  use_nonce: 'Make the token with the Device-Nonce of this answer.',
  replayed: 'The jti was used before, or is too old: take one that is higher and from now.',
  request_mismatch: 'The rqh of the token is of another method, path, query or body.',
  auth_too_weak: 'The profile of this device asks for stronger authentication.',
  device_disabled: 'The device is disabled.',
  https_required: 'The profile of this device asks for HTTPS.',
  rate_limited: 'Too many requests with unknown keys; send again later.',
} as const satisfies Record<TokenRefusal['refused'], string>;

export interface TokenAdmissionDeps {
  readonly tokens: Pick<DeviceTokens, 'bearer' | 'signed' | 'nonces'>;
  readonly securityEvents: SecurityEvents;
  readonly replies: Replies;
  readonly maxBodyBytes: number;
  fail(exchange: Exchange, error: unknown): void;
}

/** What a route asks of a token. */
export type Needs = DeviceScope | 'signed';

export interface TokenAdmission {
  /** Hands the exchange to the handler when the token is good for it, otherwise answers it. */
  admit(exchange: Exchange, shown: ShownCredential, needs: Needs, handler: DeviceHandler): void;
  /** Answers with what was wrong, and reports it. */
  refuse(exchange: Exchange, refusal: TokenRefusal): void;
}

export function createTokenAdmission(deps: TokenAdmissionDeps): TokenAdmission {
  const { tokens, securityEvents, replies, fail } = deps;

  function refuse(exchange: Exchange, { refused, reason, key }: TokenRefusal): void {
    const { address } = exchange.arrival;
    securityEvents.record({
      kind: 'device_token.refused',
      reason,
      transport: 'http',
      address,
      ...(key !== undefined && { tenantId: key.identity.tenantId, device: key.identity }),
    });
    const headers: Record<string, string> = {};
    const isTimely = refused === 'stale_token' || refused === 'use_nonce' || refused === 'replayed';
    if (key !== undefined && isTimely) headers['device-nonce'] = tokens.nonces.make(key.kid);
    replies.refuse(exchange, refused, details[refused], {
      headers,
      ...(refused === 'rate_limited' && { retryAfterMs: defaultRetryAfterMs }),
    });
  }

  function refuseScope(exchange: Exchange, { device }: BearerGrant | SignedGrant, needs: Needs): void {
    const { tenantId } = device;
    const { address } = exchange.arrival;
    const kind = 'device_token.refused';
    if (needs === 'signed') {
      securityEvents.record({ kind, reason: 'auth_too_weak', transport: 'http', address, tenantId, device });
      replies.refuse(exchange, 'auth_too_weak', 'This is told to a signed request alone.');
      return;
    }
    securityEvents.record({ kind, reason: 'insufficient_scope', transport: 'http', address, tenantId, device });
    const detail = `This asks for the scope ${needs}.`;
    // RFC 6750 §3.1.
    const headers = { 'www-authenticate': `Bearer realm="gapura", error="insufficient_scope", scope="${needs}"` };
    replies.refuse(exchange, 'insufficient_scope', detail, { headers });
  }

  function goOnBearer(exchange: Exchange, grant: BearerGrant, needs: Needs, handler: DeviceHandler): void {
    if (needs === 'signed' || !grant.scopes.has(needs)) refuseScope(exchange, grant, needs);
    else handler(exchange, grant.device);
  }

  function goOnSigned(exchange: Exchange, grant: SignedGrant, needs: Needs, handler: DeviceHandler): void {
    if (needs !== 'signed' && !grant.scopes.has(needs)) {
      refuseScope(exchange, grant, needs);
      return;
    }
    const { request } = exchange;
    readBody(request, deps.maxBodyBytes, (body) => {
      if (body === undefined) {
        const detail = `The payload exceeds the limit of ${deps.maxBodyBytes} bytes.`;
        replies.refuse(exchange, 'payload_too_large', detail);
        return;
      }
      const bound = (refusal: TokenRefusal | undefined): void => {
        if (refusal !== undefined) {
          refuse(exchange, refusal);
          return;
        }
        exchange.signed = { grant, body };
        handler(exchange, grant.device);
      };
      now(exchange, () => grant.bind(request.method ?? '', request.url ?? '', body), bound);
    });
  }

  /** Goes on at once when the answer is there, as nearly always. */
  function now<T>(exchange: Exchange, ask: () => T | Promise<T>, run: (answer: T) => void): void {
    try {
      const answer = ask();
      if (answer instanceof Promise) answer.then(run).catch((error: unknown) => fail(exchange, error));
      else run(answer);
    } catch (error) {
      fail(exchange, error);
    }
  }

  return {
    refuse,
    admit(exchange, shown, needs, handler) {
      const { arrival } = exchange;
      switch (shown.kind) {
        case 'none':
          return replies.refuse(exchange, 'missing_token', 'Show a token in the header Authorization.');
        case 'several':
          return replies.refuse(exchange, 'invalid_request', 'A request shows one credential, not two.');
        case 'bearer':
          return now(
            exchange,
            () => tokens.bearer(shown.token, arrival),
            (answer) => {
              if ('refused' in answer) refuse(exchange, answer);
              else goOnBearer(exchange, answer, needs, handler);
            },
          );
        case 'signed':
          return now(
            exchange,
            () => tokens.signed(shown.token, arrival),
            (answer) => {
              if ('refused' in answer) refuse(exchange, answer);
              else goOnSigned(exchange, answer, needs, handler);
            },
          );
      }
    },
  };
}
