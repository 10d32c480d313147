/** Devices that prove themselves by JSON Web Tokens: the order of the checks, and what is remembered between them. */
import type { DeviceScope } from '#contract/credentials.ts';
import type { MinAuth } from '#contract/profiles.ts';
import type { Arrival, DeviceIdentity } from '../credentials/gate.ts';
import type { JwtKey, JwtKeys } from '../credentials/jwt-keys.ts';
import { addressBlock } from '../lib/address-block.ts';
import type { Clock } from '../lib/clock.ts';
import { LruMap } from '../lib/lru.ts';
import { createRateLimiter } from '../lib/rate-limit.ts';
import { toShortId } from '../lib/short-id.ts';
import { parseClaims } from './json-claims.ts';
import { maxAddresses, rememberedAssertions, rememberedTokens, skewS, unknownKids } from './limits.ts';
import type { Nonces } from './nonce.ts';
import { createRememberedTokens } from './remembered.ts';
import { createReplayWindow } from './replay-window.ts';
import { hashRequest } from './request-hash.ts';
import { proveResponse } from './response-proof.ts';
import type { ServerKey } from './server-key.ts';
import { isSignedBy } from './signature.ts';
import {
  checkClaims,
  faultOfSignature,
  invalid,
  readHead,
  type TokenClaims,
  type TokenHead,
  type TokenMode,
  type TokenRefusal,
} from './verify.ts';

/** What a good bearer token opens. Frozen and shared between requests. */
export interface BearerGrant {
  readonly device: DeviceIdentity;
  readonly scopes: ReadonlySet<DeviceScope>;
  /** The token's `exp`, ms. */
  readonly expiresAtMs: number;
}

/** A signed token whose signature and claims are good; its request has not been looked at. */
export interface SignedGrant {
  readonly device: DeviceIdentity;
  readonly scopes: ReadonlySet<DeviceScope>;
  readonly key: JwtKey;
  /** For the device's next token; undefined when its profile asks for none. */
  readonly nonce: string | undefined;
  /**
   * Binds the token to its one request and uses it up. Side effects come after this.
   * @param target as it stood in the request line
   */
  bind(method: string, target: string, body: Uint8Array): TokenRefusal | undefined | Promise<TokenRefusal | undefined>;
  /** `Device-Proof` for an answer; undefined when the key is no shared secret. */
  prove(status: number, body: string | Uint8Array): string | undefined;
}

type Later<T> = T | Promise<T>;

export interface DeviceTokens {
  /** At once when the token or its key is remembered. */
  bearer(token: string, arrival: Arrival): Later<BearerGrant | TokenRefusal>;
  signed(token: string, arrival: Arrival): Later<SignedGrant | TokenRefusal>;
  /** A client assertion (RFC 7523). @param endpoint URLs of the token endpoint, which `aud` may name */
  assertion(token: string, arrival: Arrival, endpoint: readonly string[]): Promise<JwtKey | TokenRefusal>;
  /** What the profile of a key asks of every use of it. */
  faultOfPolicy(key: JwtKey, mode: MinAuth, arrival: Arrival): TokenRefusal | undefined;
  readonly nonces: Nonces;
}

export interface DeviceTokensDeps {
  readonly keys: JwtKeys;
  readonly nonces: Nonces;
  readonly serverKey: Pick<ServerKey, 'kid' | 'publicKey'>;
  readonly instanceId: string;
  readonly clock: Clock;
}

const strength: Readonly<Record<MinAuth, number>> = { token: 0, bearer: 1, signed: 2, mtls: 3 };
const jtiForm = /^(?:0|[1-9]\d{0,14})$/;

/** A device that runs ahead of the server's clock writes its floor this far ahead, so once a second at most. */
const floorStepMs = 1000;

export function createDeviceTokens(deps: DeviceTokensDeps): DeviceTokens {
  const { keys, nonces, serverKey, instanceId, clock } = deps;
  /** Either form of the id. */
  const audiences = [toShortId(instanceId), instanceId];
  const remembered = createRememberedTokens(keys, rememberedTokens);
  const window = createReplayWindow();
  const startUptimeMs = clock.uptime();
  /**
   * Nothing that was signed before this process began can be told from a replay. By the time of day as it is now: a small
   * computer begins in 1970 and learns the time later.
   */
  const startMs = (): number => clock.now() - (clock.uptime() - startUptimeMs);
  /** What stands on the disk for keys whose devices run ahead, by the id of the credentials. */
  const floors = new LruMap<string, number>(maxAddresses);
  const strangers = createRateLimiter({ clock, limits: unknownKids, maxKeys: maxAddresses });
  const assertions = new LruMap<string, number>(rememberedAssertions);

  /** Finds the key; a name that is not in memory costs a read, and so many of those per address are enough. */
  function findKey(kid: string, arrival: Arrival): Later<JwtKey | undefined | TokenRefusal> {
    const known = keys.peek(kid);
    if (known !== undefined) return known ?? undefined;
    const block = addressBlock(arrival.address);
    if (strangers.waitMs(block) > 0) return { refused: 'rate_limited', reason: 'too_many_unknown_keys' };
    return keys.find(kid).then((found) => {
      if (found === undefined) strangers.take(block);
      return found;
    });
  }

  function faultOfPolicy(key: JwtKey, mode: MinAuth, arrival: Arrival): TokenRefusal | undefined {
    const { policy } = key.identity;
    if (strength[mode] < strength[policy.minAuth]) return { refused: 'auth_too_weak', reason: 'auth_too_weak', key };
    if (policy.tlsOnly && !arrival.secure) return { refused: 'https_required', reason: 'https_required', key };
    return undefined;
  }

  /** Signature, profile, claims: in this order, and each only if the one before was good. */
  function check(
    head: TokenHead,
    key: JwtKey | undefined,
    mode: TokenMode,
    arrival: Arrival,
    audiences: readonly string[],
  ): TokenClaims | TokenRefusal {
    const fault = faultOfSignature(head, isAlive(key) ? key : undefined);
    if (fault !== undefined || key === undefined) return invalid(fault ?? 'unknown_key');
    return checkUnsigned(head, key, mode, arrival, audiences);
  }

  function checkUnsigned(
    head: TokenHead,
    key: JwtKey,
    mode: TokenMode,
    arrival: Arrival,
    audiences: readonly string[],
  ): TokenClaims | TokenRefusal {
    const tooWeak = faultOfPolicy(key, mode === 'signed' ? 'signed' : 'bearer', arrival);
    if (tooWeak !== undefined) return tooWeak;
    return checkClaims(head, key, { mode, audiences, nowMs: clock.now() });
  }

  function isAlive(key: JwtKey | undefined): boolean {
    const end = key?.identity.credentialsExpireAt ?? null;
    return end === null || end > clock.now();
  }

  function grantBearer(token: string, key: JwtKey, claims: TokenClaims): BearerGrant {
    if (key.isUnused) keys.used(key);
    const { identity, rights } = key;
    const grant: BearerGrant = Object.freeze({
      device: identity,
      scopes: claims.scopes.isSubsetOf(rights) ? claims.scopes : claims.scopes.intersection(rights),
      expiresAtMs: claims.expiresAtMs,
    });
    const end = identity.credentialsExpireAt ?? Number.POSITIVE_INFINITY;
    remembered.remember(token, grant, key, Math.min(claims.expiresAtMs + skewS * 1000, end));
    return grant;
  }

  function bearerWith(token: string, head: TokenHead, key: JwtKey | undefined, arrival: Arrival) {
    const claims = check(head, key, 'bearer', arrival, audiences);
    if ('refused' in claims) return claims;
    return key === undefined ? invalid('unknown_key') : grantBearer(token, key, claims);
  }

  /** A token that the server signed names the key of the device in its claims. */
  async function bearerOfServer(token: string, head: TokenHead, arrival: Arrival): Promise<BearerGrant | TokenRefusal> {
    if (head.alg !== 'ES256' || !isSignedBy(head.form, 'ES256', serverKey.publicKey)) return invalid('wrong_signature');
    const kid = parseClaims(head.form.payload)?.['key'];
    const key = typeof kid === 'string' ? await findKey(kid, arrival) : undefined;
    if (key === undefined || 'refused' in key || !isAlive(key)) return invalid('key_ended');
    const claims = checkUnsigned(head, key, 'bearer', arrival, audiences);
    return 'refused' in claims ? claims : grantBearer(token, key, claims);
  }

  function signedWith(head: TokenHead, key: JwtKey | undefined, arrival: Arrival): SignedGrant | TokenRefusal {
    const claims = check(head, key, 'signed', arrival, []);
    if ('refused' in claims) return claims;
    if (key === undefined) return invalid('unknown_key');
    const { identity } = key;
    const wantsNonce = identity.policy.requireNonce || claims.nonce !== '';
    if (wantsNonce && !nonces.isGood(claims.nonce, key.kid)) return { refused: 'use_nonce', reason: 'use_nonce', key };
    return {
      device: identity,
      scopes: key.rights,
      key,
      nonce: identity.policy.requireNonce ? nonces.make(key.kid) : undefined,
      bind: (method, target, body) => bind(key, claims, `${method} ${target}\n`, body),
      prove: (status, body) => (key.alg === 'HS256' ? proveResponse(key.hmac, claims.jti, status, body) : undefined),
    };
  }

  function bind(
    key: JwtKey,
    { jti, rqh, issuedAtS }: TokenClaims,
    requestLine: string,
    body: Uint8Array,
  ): Later<TokenRefusal | undefined> {
    if (hashRequest(requestLine, body) !== rqh) {
      return { refused: 'request_mismatch', reason: 'request_mismatch', key };
    }
    if (!jtiForm.test(jti)) return invalid('malformed_jti', key);
    const at = Number(jti);
    if (Math.floor(at / 1000) !== issuedAtS) return invalid('malformed_jti', key);
    const id = key.identity.credentialsId;
    const start = startMs();
    if (!window.use(id, at, Math.max(start, key.replayFloor) - 1)) {
      return { refused: 'replayed', reason: at < start ? 'before_the_start' : 'replayed', key };
    }
    if (key.isUnused) keys.used(key);
    // Its clock runs ahead: were the server to restart now, its start would lie below what has just been used.
    if (at > clock.now() && at > Math.max(key.replayFloor, floors.get(id) ?? 0)) {
      floors.set(id, at + floorStepMs);
      return keys.raiseFloor(key, at + floorStepMs).then(() => undefined);
    }
    return undefined;
  }

  /** Runs on at once when the key is in memory, as nearly always. */
  function withKey<T>(
    head: TokenHead,
    arrival: Arrival,
    run: (key: JwtKey | undefined) => T | TokenRefusal,
  ): Later<T | TokenRefusal> {
    const found = findKey(head.kid, arrival);
    const go = (key: JwtKey | undefined | TokenRefusal): T | TokenRefusal =>
      key !== undefined && 'refused' in key ? key : run(key);
    return found instanceof Promise ? found.then(go) : go(found);
  }

  return {
    nonces,
    faultOfPolicy,

    bearer(token, arrival) {
      const grant = remembered.find(token, clock.now());
      // How this request came is the one thing that another request of the same token cannot have answered.
      if (grant !== undefined && (arrival.secure || !grant.device.policy.tlsOnly)) return grant;
      const head = readHead(token);
      if ('refused' in head) return head;
      if (head.kid === serverKey.kid) return bearerOfServer(token, head, arrival);
      return withKey(head, arrival, (key) => bearerWith(token, head, key, arrival));
    },

    signed(token, arrival) {
      const head = readHead(token);
      if ('refused' in head) return head;
      return withKey(head, arrival, (key) => signedWith(head, key, arrival));
    },

    async assertion(token, arrival, endpoint) {
      const head = readHead(token);
      if ('refused' in head) return head;
      return withKey(head, arrival, (key) => {
        const claims = check(head, key, 'assertion', arrival, [...audiences, ...endpoint]);
        if ('refused' in claims) return claims;
        if (key === undefined) return invalid('unknown_key');
        const used = assertions.get(head.form.signingInput);
        if (used !== undefined) return { refused: 'replayed', reason: 'replayed', key };
        assertions.set(head.form.signingInput, claims.expiresAtMs);
        if (key.isUnused) keys.used(key);
        return key;
      });
    },
  };
}
