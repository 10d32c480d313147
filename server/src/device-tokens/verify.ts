/**
 * The verifier: from a token and the key that its `kid` names to what the token says. Returns refusals and throws none:
 * a stack costs more than the check. Nothing of the payload is believed, nor anything told, before the signature is good.
 */
import { randomBytes } from 'node:crypto';
import type { DeviceScope } from '#contract/credentials.ts';
import type { ErrorCode } from '#contract/errors.ts';
import type { JwtKey } from '../credentials/jwt-keys.ts';
import { HmacKey } from '../lib/hmac-sha256.ts';
import { readForm, type TokenForm } from './form.ts';
import { type Claims, parseClaims } from './json-claims.ts';
import { maxLifeS, skewS } from './limits.ts';
import { isMadeWith, isSignedBy } from './signature.ts';

export type TokenMode = 'bearer' | 'signed' | 'assertion';

export interface TokenRefusal {
  readonly refused: Extract<
    ErrorCode,
    | 'invalid_token'
    | 'stale_token'
    | 'use_nonce'
    | 'replayed'
    | 'request_mismatch'
    | 'auth_too_weak'
    | 'device_disabled'
    | 'https_required'
    | 'rate_limited'
  >;
  /** What exactly, for security events: never told to whoever asks. */
  readonly reason: string;
  /** Whose token it was; set only once its signature was good. */
  readonly key?: JwtKey;
}

/** A token whose form and header are in order; whose it is, nobody has looked yet. */
export interface TokenHead {
  readonly form: TokenForm;
  readonly alg: string;
  readonly typ: string;
  readonly kid: string;
}

/** What a good token says. */
export interface TokenClaims {
  /** `iat`, seconds. */
  readonly issuedAtS: number;
  readonly expiresAtMs: number;
  readonly scopes: ReadonlySet<DeviceScope>;
  readonly jti: string;
  readonly rqh: string;
  readonly nonce: string;
}

export const invalid = (reason: string, key?: JwtKey): TokenRefusal =>
  key === undefined ? { refused: 'invalid_token', reason } : { refused: 'invalid_token', reason, key };

const malformed = Object.freeze(invalid('malformed'));
const badHeader = Object.freeze(invalid('bad_header'));

/** As nearly all write it: no parser is needed, and no second member of a name can hide in it. */
const usualHeader = /^\{"alg":"([A-Za-z0-9]+)","typ":"([A-Za-z+]+)","kid":"([A-Za-z0-9_-]{1,64})"\}$/;

/** Checks form and header (RFC 8725 §3.1: `alg` is looked at, never followed; nothing but alg, typ and kid may stand). */
export function readHead(token: string): TokenHead | TokenRefusal {
  const form = readForm(token);
  if (form === undefined) return malformed;
  const usual = usualHeader.exec(Buffer.from(form.header, 'base64url').toString('latin1'));
  if (usual !== null) {
    const [, alg = '', typ = '', kid = ''] = usual;
    return { form, alg, typ, kid };
  }
  const header = parseClaims(form.header);
  if (header === undefined) return malformed;
  const { alg, typ, kid } = header;
  if (typeof alg !== 'string' || typeof typ !== 'string' || typeof kid !== 'string') return badHeader;
  if (kid === '' || kid.length > 64 || Object.keys(header).length !== 3) return badHeader;
  return { form, alg, typ, kid };
}

/** A key that nobody has: a name that does not exist costs as much as one that does. */
const nobodysKey = new HmacKey(randomBytes(32));

/** The signature alone. @returns the reason when it is not good */
export function faultOfSignature({ form, alg }: TokenHead, key: JwtKey | undefined): string | undefined {
  if (key === undefined || key.alg !== alg) {
    isMadeWith(form, nobodysKey);
    return key === undefined ? 'unknown_key' : 'wrong_algorithm';
  }
  const isGood = key.alg === 'HS256' ? isMadeWith(form, key.hmac) : isSignedBy(form, key.alg, key.key);
  return isGood ? undefined : 'wrong_signature';
}

export interface ClaimRules {
  readonly mode: TokenMode;
  /** What `aud` must name: one of these. */
  readonly audiences: readonly string[];
  readonly nowMs: number;
}

const types = { bearer: 'JWT', signed: 'dr+jwt', assertion: 'JWT' } as const;

/** Everything that a payload says of itself; called only with a good signature. */
export function checkClaims(head: TokenHead, key: JwtKey, rules: ClaimRules): TokenClaims | TokenRefusal {
  const claims = parseClaims(head.form.payload);
  if (claims === undefined) return invalid('malformed_payload', key);
  const { mode, nowMs } = rules;
  if (head.typ !== types[mode]) return invalid('wrong_type', key);
  const { sub } = claims;
  // Either form of the device id.
  if (sub !== key.subject && sub !== key.identity.deviceId && !(mode === 'assertion' && sub === key.kid)) {
    return invalid('wrong_subject', key);
  }
  if (!key.enabled) return { refused: 'device_disabled', reason: 'device_disabled', key };
  if (mode !== 'signed' && !isFor(claims['aud'], rules.audiences)) return invalid('wrong_audience', key);
  if (mode === 'assertion' && claims['iss'] !== sub) return invalid('wrong_issuer', key);
  const times = checkTimes(claims, key, maxLifeS[mode], nowMs);
  if ('refused' in times) return times;
  const { jti = '', rqh = '', nonce = '', scope = '' } = claims;
  if (typeof jti !== 'string' || typeof rqh !== 'string' || typeof nonce !== 'string' || typeof scope !== 'string') {
    return invalid('malformed_payload', key);
  }
  return { issuedAtS: times.iat, expiresAtMs: times.exp * 1000, scopes: readScopes(scope), jti, rqh, nonce };
}

function checkTimes(
  claims: Claims,
  key: JwtKey,
  maxLife: number,
  nowMs: number,
): { readonly iat: number; readonly exp: number } | TokenRefusal {
  const { iat, exp, nbf = 0 } = claims;
  if (!isSecond(iat) || !isSecond(exp) || !isSecond(nbf)) return invalid('malformed_times', key);
  if (exp <= iat || exp - iat > maxLife) return invalid('life_too_long', key);
  const nowS = nowMs / 1000;
  if (iat > nowS + skewS || nbf > nowS + skewS) return { refused: 'stale_token', reason: 'from_the_future', key };
  if (exp <= nowS - skewS) return { refused: 'stale_token', reason: 'expired', key };
  return { iat, exp };
}

const isSecond = (value: unknown): value is number => Number.isSafeInteger(value);

/** RFC 7519 §4.1.3: one text or several. */
function isFor(aud: unknown, audiences: readonly string[]): boolean {
  return Array.isArray(aud)
    ? aud.some((one) => audiences.includes(one))
    : typeof aud === 'string' && audiences.includes(aud);
}

const scopes: ReadonlySet<string> = new Set<DeviceScope>(['telemetry', 'attributes', 'rpc', 'ota']);
const remembered = new Map<string, ReadonlySet<DeviceScope>>();
/** Four words in any order make 64 texts; beyond, somebody plays. */
const maxRememberedScopes = 100;

/** Words that name no scope of ours mean nothing here (RFC 6749 §3.3). Frozen and shared: texts repeat. */
export function readScopes(text: string): ReadonlySet<DeviceScope> {
  const known = remembered.get(text);
  if (known !== undefined) return known;
  const words = text.split(' ').filter((word): word is DeviceScope => scopes.has(word));
  const set = new Set(words);
  if (remembered.size < maxRememberedScopes) remembered.set(text, set);
  return set;
}
