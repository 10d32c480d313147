/** What devices ask for about their keys: a bearer token, and the next key. */
import { randomBytes } from 'node:crypto';
import {
  type DeviceScope,
  deviceScopes,
  type JwtCredentials,
  type JwtCredentialsRequest,
} from '#contract/credentials.ts';
import type { Arrival } from '../credentials/gate.ts';
import type { JwtKey, JwtKeys } from '../credentials/jwt-keys.ts';
import { completeJwtCredentials, makeKey, makeKid } from '../credentials/jwt-shape.ts';
import { addressBlock } from '../lib/address-block.ts';
import type { Clock } from '../lib/clock.ts';
import { createRateLimiter } from '../lib/rate-limit.ts';
import { equalSecrets } from '../lib/seal.ts';
import { toUuid } from '../lib/short-id.ts';
import type { DeviceRef } from '../telemetry/store.ts';
import { type IssuedToken, issueToken } from './issue-token.ts';
import { maxAddresses, unknownKids } from './limits.ts';
import type { ServerKey } from './server-key.ts';
import { invalid, type TokenRefusal } from './verify.ts';

/** The answer to a device that asked for its next key. */
export type NextKey =
  | { readonly kid: string; readonly alg: 'HS256'; readonly key: string }
  | { readonly kid: string; readonly alg: 'HS256'; readonly salt: string }
  | { readonly kid: string; readonly alg: 'ES256' | 'EdDSA' };

export interface TokenRequests {
  /**
   * A client that shows its key (RFC 6749 §2.3.1).
   * @param clientId device id in either form, or `kid`
   */
  bySecret(clientId: string, secret: string, arrival: Arrival): Promise<JwtKey | TokenRefusal>;
  issue(key: JwtKey, scopes: readonly DeviceScope[]): IssuedToken;
  /**
   * Makes the next key of a device beside the one that it has just used.
   * @param secure whether the key may stand in the answer; otherwise the device derives it
   * @returns what to tell the device, or one sentence that says what is wrong with the request
   * @throws AppError `credentials_taken`, `not_found`
   */
  nextKey(key: JwtKey, request: Omit<JwtCredentialsRequest, 'type'>, secure: boolean): Promise<NextKey | string>;
}

export interface TokenRequestsDeps {
  readonly keys: Pick<JwtKeys, 'peek' | 'find' | 'ofDevice' | 'used'>;
  readonly serverKey: ServerKey;
  readonly instanceId: string;
  readonly clock: Clock;
  readonly credentials: { addNext(device: DeviceRef, usedId: string, next: JwtCredentials): Promise<void> };
}

const nobodysSecret = makeKey();

export function createTokenRequests(deps: TokenRequestsDeps): TokenRequests {
  const { keys, serverKey, instanceId, clock } = deps;
  const strangers = createRateLimiter({ clock, limits: unknownKids, maxKeys: maxAddresses });

  async function candidates(clientId: string): Promise<readonly JwtKey[]> {
    const deviceId = toUuid(clientId);
    // A key may be called like the short id of another device: what is shown decides.
    const ofDevice = deviceId === undefined ? [] : await keys.ofDevice(deviceId);
    if (deviceId === clientId) return ofDevice;
    const key = keys.peek(clientId) ?? (await keys.find(clientId));
    return key === undefined ? ofDevice : [key, ...ofDevice];
  }

  const isAlive = ({ identity: { credentialsExpireAt } }: JwtKey): boolean =>
    credentialsExpireAt === null || credentialsExpireAt > clock.now();

  return {
    async bySecret(clientId, secret, arrival) {
      const block = addressBlock(arrival.address);
      if (strangers.waitMs(block) > 0) return { refused: 'rate_limited', reason: 'too_many_unknown_keys' };
      const known = (await candidates(clientId)).filter((key) => key.alg === 'HS256' && isAlive(key));
      const right = known.filter((key) => equalSecrets(secret, key.key.export().toString('base64url')));
      if (known.length === 0) equalSecrets(secret, nobodysSecret);
      const [key] = right;
      if (key === undefined) {
        strangers.take(block);
        return invalid(known.length === 0 ? 'unknown_key' : 'wrong_secret');
      }
      if (!key.enabled) return { refused: 'device_disabled', reason: 'device_disabled', key };
      if (key.isUnused) keys.used(key);
      return key;
    },

    issue: (key, scopes) => issueToken(key, scopes, { instanceId, serverKey, nowMs: clock.now() }),

    async nextKey(key, request, secure) {
      const { identity, rights } = key;
      const scope = rights.size === deviceScopes.length ? undefined : [...rights].join(' ');
      const shared = { type: 'JWT', ...(scope !== undefined && { scope }) } as const;
      const add = (next: JwtCredentials) => deps.credentials.addNext(identity, identity.credentialsId, next);
      if (key.alg !== 'HS256' || request.publicKey !== undefined) {
        const { kid, publicKey, alg = key.alg } = request;
        const next = completeJwtCredentials(
          { ...shared, alg, ...(publicKey !== undefined && { publicKey }), ...(kid !== undefined && { kid }) },
          { groupKey: undefined, deviceName: identity.deviceName },
        );
        if (typeof next === 'string') return next;
        if (next.alg === 'HS256') return 'A device with a public key brings its next one.';
        await add(next);
        return { kid: next.kid, alg: next.alg };
      }
      const kid = makeKid();
      if (secure) {
        const next = makeKey();
        await add({ ...shared, alg: 'HS256', kid, key: next });
        return { kid, alg: 'HS256', key: next };
      }
      // On plain HTTP the key itself must not travel: whoever reads along lacks the key before it.
      const salt = randomBytes(32);
      const next = key.hmac.base64url(Buffer.concat([Buffer.from(`gapura-next-key-v1\n${kid}\n`), salt]));
      await add({ ...shared, alg: 'HS256', kid, key: next });
      return { kid, alg: 'HS256', salt: salt.toString('base64url') };
    },
  };
}
