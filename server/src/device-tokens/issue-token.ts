/** Bearer tokens that the server makes on request (RFC 6749 §4.4). */
import type { DeviceScope } from '#contract/credentials.ts';
import type { JwtKey } from '../credentials/jwt-keys.ts';
import { toShortId } from '../lib/short-id.ts';
import { issuedLifeS } from './limits.ts';
import type { ServerKey } from './server-key.ts';

export interface IssuedToken {
  readonly token: string;
  readonly expiresInS: number;
}

/**
 * Signs with the device's own key where the server has it, so that there is one way to verify and a key that ends takes
 * its tokens along. For the others the server signs, and names the device's key in the claim `key`.
 */
export function issueToken(
  key: JwtKey,
  scopes: readonly DeviceScope[],
  by: { readonly instanceId: string; readonly serverKey: ServerKey; readonly nowMs: number },
): IssuedToken {
  const iat = Math.floor(by.nowMs / 1000);
  const claims = {
    sub: key.subject,
    aud: toShortId(by.instanceId),
    iat,
    exp: iat + issuedLifeS,
    scope: scopes.join(' '),
  };
  if (key.alg === 'HS256') {
    const input = `${encode({ alg: 'HS256', typ: 'JWT', kid: key.kid })}.${encode(claims)}`;
    return {
      token: `${input}.${key.hmac.base64url(input)}`,
      expiresInS: issuedLifeS,
    };
  }
  const { serverKey } = by;
  const input = `${encode({ alg: 'ES256', typ: 'JWT', kid: serverKey.kid })}.${encode({ ...claims, key: key.kid })}`;
  return { token: `${input}.${serverKey.sign(input)}`, expiresInS: issuedLifeS };
}

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
