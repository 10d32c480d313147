/** POST /api/v1/auth/token (RFC 6749 §4.4) and POST /api/v1/auth/key. */
import { type DeviceScope, deviceScopes } from '#contract/credentials.ts';
import { type ErrorCode, errorCatalogue } from '#contract/errors.ts';
import type { JwtKey } from '../../credentials/jwt-keys.ts';
import type { DeviceTokens } from '../../device-tokens/device-tokens.ts';
import { parseClaims } from '../../device-tokens/json-claims.ts';
import type { TokenRequests } from '../../device-tokens/token-requests.ts';
import type { TokenRefusal } from '../../device-tokens/verify.ts';
import { toUuid } from '../../lib/short-id.ts';
import type { SecurityEvents } from '../../security-events/security-events.ts';
import type { Replies } from './replies.ts';
import type { Exchange } from './routes.ts';

const assertionType = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
/** Answers hold tokens and keys (RFC 6749 §5.1). */
const noStore = { 'cache-control': 'no-store' };

export interface TokenEndpointDeps {
  readonly tokens: Pick<DeviceTokens, 'assertion' | 'faultOfPolicy'>;
  readonly requests: TokenRequests;
  readonly securityEvents: SecurityEvents;
  readonly replies: Replies;
}

type OAuthError =
  | 'invalid_client'
  | 'invalid_request'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'unauthorized_client';

interface Refused {
  readonly error: OAuthError;
  readonly code: ErrorCode;
  readonly description: string;
  readonly retryAfterS?: number;
}

const badRequest = (description: string, error: OAuthError = 'invalid_request'): Refused => ({
  error,
  code: 'invalid_request',
  description,
});

export function createTokenEndpoint({ tokens, requests, securityEvents, replies }: TokenEndpointDeps) {
  function answerRefusal(exchange: Exchange, { error, code, description, retryAfterS }: Refused): void {
    const { status, title } = errorCatalogue[code];
    replies.count(code);
    const body = { error, error_description: description, status, code, title };
    replies.text(exchange, status, JSON.stringify(body), {
      'content-type': 'application/json',
      ...noStore,
      // RFC 6749 §5.2: the scheme that a client may authenticate with.
      ...(status === 401 && { 'www-authenticate': 'Basic realm="gapura"' }),
      ...(retryAfterS !== undefined && { 'retry-after': String(retryAfterS) }),
    });
  }

  function refusedClient(exchange: Exchange, { refused, reason, key }: TokenRefusal): Refused {
    securityEvents.record({
      kind: 'device_token.refused',
      reason,
      transport: 'http',
      address: exchange.arrival.address,
      ...(key !== undefined && { tenantId: key.identity.tenantId, device: key.identity }),
    });
    switch (refused) {
      case 'auth_too_weak':
        return { error: 'unauthorized_client', code: refused, description: 'The profile asks for signed requests.' };
      case 'https_required':
        return { error: 'unauthorized_client', code: refused, description: 'The profile asks for HTTPS.' };
      case 'device_disabled':
        return { error: 'unauthorized_client', code: refused, description: 'The device is disabled.' };
      case 'rate_limited':
        return { error: 'invalid_client', code: refused, description: 'Too many unknown clients.', retryAfterS: 10 };
      case 'stale_token':
        return {
          error: 'invalid_client',
          code: refused,
          description: 'The time in the assertion is not that of Date.',
        };
      default:
        return { error: 'invalid_client', code: 'invalid_token', description: 'The client is not known, or not so.' };
    }
  }

  async function authenticate(exchange: Exchange, form: ReadonlyMap<string, string>): Promise<JwtKey | Refused> {
    const basic = readBasic(exchange.request.headers.authorization);
    const assertion = form.get('client_assertion');
    const clientId = form.get('client_id') ?? basic?.id;
    const secret = form.get('client_secret') ?? basic?.secret;
    if (assertion !== undefined) {
      if (secret !== undefined) return badRequest('A client_secret or a client_assertion, not both.');
      if (form.get('client_assertion_type') !== assertionType) {
        return badRequest(`The client_assertion_type is to be ${assertionType}.`);
      }
      const key = await tokens.assertion(assertion, exchange.arrival, endpointsOf(exchange));
      if ('refused' in key) return refusedClient(exchange, key);
      const isOther = clientId !== undefined && clientId !== key.kid && toUuid(clientId) !== key.identity.deviceId;
      return isOther ? badRequest('The client_id is not that of the client_assertion.') : key;
    }
    if (basic !== undefined && (form.has('client_secret') || clientId !== basic.id)) {
      return badRequest('A client shows itself in one way (RFC 6749 §2.3).');
    }
    if (clientId === undefined || secret === undefined) {
      return badRequest('A client_id with a client_secret is needed, or a client_assertion.');
    }
    const key = await requests.bySecret(clientId, secret, exchange.arrival);
    if ('refused' in key) return refusedClient(exchange, key);
    const tooWeak = tokens.faultOfPolicy(key, 'bearer', exchange.arrival);
    return tooWeak === undefined ? key : refusedClient(exchange, tooWeak);
  }

  async function issue(exchange: Exchange, body: Uint8Array): Promise<void> {
    const form = readForm(exchange.request.headers['content-type'] ?? '', body);
    if (form === undefined) {
      answerRefusal(
        exchange,
        badRequest('The body is neither a form nor a flat JSON object of texts, or repeats itself.'),
      );
      return;
    }
    const grantType = form.get('grant_type');
    if (grantType !== 'client_credentials') {
      const error = grantType === undefined ? 'invalid_request' : 'unsupported_grant_type';
      answerRefusal(exchange, badRequest('The grant_type is to be client_credentials.', error));
      return;
    }
    const key = await authenticate(exchange, form);
    if ('error' in key) {
      answerRefusal(exchange, key);
      return;
    }
    const scopes = scopesOf(form.get('scope'), key);
    if (scopes === undefined) {
      const detail = `The key has the scopes ${[...key.rights].join(' ')}.`;
      answerRefusal(exchange, badRequest(detail, 'invalid_scope'));
      return;
    }
    const { token, expiresInS } = requests.issue(key, scopes);
    const answer = { access_token: token, token_type: 'Bearer', expires_in: expiresInS, scope: scopes.join(' ') };
    replies.text(exchange, 200, JSON.stringify(answer), { 'content-type': 'application/json', ...noStore });
  }

  /** The exchange has been admitted as a signed request. */
  async function nextKey(exchange: Exchange): Promise<void> {
    const { signed } = exchange;
    if (signed === undefined) throw new Error('Only a signed request gets here.');
    const request = readKeyRequest(signed.body);
    const next =
      typeof request === 'string'
        ? request
        : await requests.nextKey(signed.grant.key, request, exchange.arrival.secure);
    if (typeof next === 'string') replies.refuse(exchange, 'invalid_request', next);
    else replies.text(exchange, 200, JSON.stringify(next), { 'content-type': 'application/json', ...noStore });
  }

  return { issue, nextKey };
}

/** @returns undefined when one of them is not among the rights of the key; all rights when none is asked for */
function scopesOf(text: string | undefined, { rights }: JwtKey): DeviceScope[] | undefined {
  if (text === undefined || text === '') return deviceScopes.filter((scope) => rights.has(scope));
  const asked = new Set(text.split(' '));
  const granted = deviceScopes.filter((scope) => rights.has(scope) && asked.has(scope));
  return granted.length === asked.size ? granted : undefined;
}

/** No parameter may stand twice (RFC 6749 §3.2). */
function readForm(contentType: string, body: Uint8Array): ReadonlyMap<string, string> | undefined {
  const text = Buffer.from(body);
  if (/^application\/json\b/i.test(contentType)) {
    const claims = parseClaims(text.toString('base64url'));
    const entries = Object.entries(claims ?? {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    return claims === undefined ? undefined : new Map(entries);
  }
  if (contentType !== '' && !/^application\/x-www-form-urlencoded\b/i.test(contentType)) return undefined;
  const parameters = [...new URLSearchParams(text.toString('utf8'))];
  const form = new Map(parameters);
  return form.size === parameters.length ? form : undefined;
}

/** RFC 6749 §2.3.1: both halves are form-encoded; ids and keys here hold nothing that this would change. */
function readBasic(header: string | undefined): { readonly id: string; readonly secret: string } | undefined {
  const [, encoded] = /^basic +([A-Za-z0-9+/=]+)$/i.exec(header ?? '') ?? [];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : { id: text.slice(0, colon), secret: text.slice(colon + 1) };
}

/** How a client may have written the address of the endpoint; what the Host header says is the client's own word. */
function endpointsOf({ request, arrival }: Exchange): readonly string[] {
  const host = request.headers.host ?? '';
  return [`${arrival.secure ? 'https' : 'http'}://${host}/api/v1/auth/token`];
}

/** @returns one sentence when the body is something else */
function readKeyRequest(body: Uint8Array): Parameters<TokenRequests['nextKey']>[1] | string {
  if (body.length === 0) return {};
  const claims = parseClaims(Buffer.from(body).toString('base64url'));
  if (claims === undefined) return 'The body is to be empty or a JSON object.';
  const { publicKey, alg, kid } = claims;
  if (publicKey === undefined) return {};
  if (kid !== undefined && !(typeof kid === 'string' && /^[A-Za-z0-9_-]{1,64}$/.test(kid))) {
    return 'A kid has 1 to 64 of letters, digits, - and _.';
  }
  if (alg !== 'ES256' && alg !== 'EdDSA') return 'The alg of a publicKey is ES256 or EdDSA.';
  const isJwk = typeof publicKey === 'object' && publicKey !== null && 'kty' in publicKey;
  if (typeof publicKey !== 'string' && !isJwk) return 'The publicKey is a PEM text or a JWK.';
  return { publicKey: publicKey as string | { kty: string }, alg, ...(kid !== undefined && { kid }) };
}
