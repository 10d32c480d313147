import { Compile } from 'typebox/compile';
import { Credentials, type CredentialsRequest, type CredentialsType } from '#contract/credentials.ts';
import { randomAlphanumeric } from '../lib/random-text.ts';
import { toShortId } from '../lib/short-id.ts';
import {
  completeJwtCredentials,
  decodeKey,
  type JwtKeyContext,
  makeKey,
  makeKid,
  nextJwtCredentials,
  withoutKey,
} from './jwt-shape.ts';

/** As ThingsBoard makes them: 119 bits. */
const generatedLength = 20;

const validator = Compile(Credentials);

/** Random credentials: an access token, or a user name with a password. */
export function generateCredentials(type: CredentialsType): Credentials {
  if (type === 'ACCESS_TOKEN') return { type, token: randomAlphanumeric(generatedLength) };
  if (type === 'JWT') return { type, alg: 'HS256', kid: makeKid(), key: makeKey() };
  return { type, userName: randomAlphanumeric(generatedLength), password: randomAlphanumeric(generatedLength) };
}

/**
 * The successor of credentials: what is secret changes, what a device is merely called stays. Without a password the
 * user name is the secret, or the client id when it stands alone.
 */
export function rotatedCredentials(credentials: Credentials): Credentials {
  if (credentials.type === 'JWT') return nextJwtCredentials(credentials);
  const fresh = randomAlphanumeric(generatedLength);
  if (credentials.type === 'ACCESS_TOKEN') return { ...credentials, token: fresh };
  if (credentials.password !== undefined) return { ...credentials, password: fresh };
  if (credentials.userName !== undefined) return { ...credentials, userName: fresh };
  return { ...credentials, clientId: fresh };
}

/**
 * What is wrong with credentials from outside.
 * @returns one sentence that holds no secret, or undefined when all is well
 */
export function faultOfCredentials(credentials: Credentials): string | undefined {
  const { type } = credentials;
  if (!validator.Check(credentials)) {
    if (type === 'JWT') return 'JWT credentials have an alg, a kid, and the key or publicKey of that alg.';
    return type === 'ACCESS_TOKEN'
      ? 'An access token has 1 to 255 characters, without spaces, control characters and / ? #.'
      : 'Client id, user name and password have 1 to 255 characters each, without control characters.';
  }
  if (!Object.values(credentials).every((text) => text.isWellFormed()))
    return 'Credentials must be well-formed Unicode.';
  if (credentials.type === 'ACCESS_TOKEN') return undefined;
  if (credentials.type === 'JWT') {
    const { alg, key, publicKey } = credentials;
    const isWhole = alg === 'HS256' ? decodeKey(key ?? '') !== undefined : publicKey !== undefined;
    return isWhole ? undefined : 'JWT credentials need a key of 32 to 64 bytes (HS256) or a publicKey.';
  }
  // The two rules of reference §1.1.
  if (credentials.clientId === undefined && credentials.userName === undefined) {
    return 'MQTT_BASIC needs a client id, a user name or both.';
  }
  if (credentials.password !== undefined && credentials.userName === undefined) {
    return 'A password needs a user name beside it.';
  }
  return undefined;
}

/** Members in one order and without absent ones, so that equal credentials have equal JSON. */
export function canonicalJson(credentials: Credentials): string {
  if (credentials.type === 'ACCESS_TOKEN') return JSON.stringify({ type: credentials.type, token: credentials.token });
  if (credentials.type === 'JWT') {
    const { type, alg, kid, key, publicKey, scope } = credentials;
    return JSON.stringify({ type, alg, kid, key, publicKey, scope });
  }
  const { type, clientId, userName, password } = credentials;
  return JSON.stringify({ type, clientId, userName, password });
}

/** Reads what `canonicalJson` wrote and this program sealed. */
export function parseCredentials(json: string): Credentials {
  // Sealed by this program after `faultOfCredentials`: authenticated, so not from outside.
  return JSON.parse(json) as Credentials;
}

/** Credentials as asked for, with all that is made up. @returns one sentence when that cannot be done */
export function completeCredentials(request: CredentialsRequest, context: JwtKeyContext): Credentials | string {
  return request.type === 'JWT' ? completeJwtCredentials(request, context) : request;
}

/**
 * Credentials for an answer: a JWT key with what its tokens must name, and without its secret unless it was just made.
 */
export function showCredentials(
  credentials: Credentials,
  to: { readonly deviceId: string; readonly instance: string; readonly withSecret: boolean },
): Credentials {
  if (credentials.type !== 'JWT') return credentials;
  const shown = to.withSecret ? credentials : withoutKey(credentials);
  return { ...shown, deviceId: toShortId(to.deviceId), instance: toShortId(to.instance) };
}
