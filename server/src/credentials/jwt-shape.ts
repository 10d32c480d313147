/** Keys for JSON Web Tokens: made, derived, read. */
import { createPublicKey, type KeyObject, randomBytes } from 'node:crypto';
import type { JwtAlgorithm, JwtCredentials, JwtCredentialsRequest } from '#contract/credentials.ts';
import { hmacSha256 } from '../lib/hmac-sha256.ts';
import { randomAlphanumeric } from '../lib/random-text.ts';

/** RFC 7518 §3.2: a key at least as long as the hash. */
const keyBytes = 32;
const maxKeyBytes = 64;
/** 60 bits: unique names, no secrets. */
const madeUpKidLength = 10;
/** 72 bits: as long as a signed token can have it and stay within 300 bytes. */
const derivedKidLength = 12;

export interface JwtKeyContext {
  /** In the clear; undefined when the profile has none. */
  readonly groupKey: Uint8Array | undefined;
  readonly deviceName: string;
}

/** @returns complete credentials, or one sentence that says what is wrong and holds no secret */
export function completeJwtCredentials(
  request: JwtCredentialsRequest,
  context: JwtKeyContext,
): JwtCredentials | string {
  const { alg = 'HS256', kid, key, publicKey, derived = false, scope } = request;
  const shared = { type: 'JWT', alg, ...(scope !== undefined && { scope }) } as const;
  if (alg !== 'HS256') {
    if (key !== undefined || derived) return `A device with ${alg} keeps its key: give its publicKey alone.`;
    if (publicKey === undefined) return `${alg} needs the publicKey of the device, as PEM or JWK.`;
    const pem = readPublicKey(publicKey, alg);
    if (pem === undefined) return `The publicKey is not a key for ${alg} (${keyNames[alg]}), as PEM (SPKI) or JWK.`;
    return { ...shared, kid: kid ?? makeKid(), publicKey: pem };
  }
  if (publicKey !== undefined) return 'HS256 has a key and no publicKey; for a public key say alg ES256 or EdDSA.';
  if (!derived) {
    if (key !== undefined && decodeKey(key) === undefined) return 'The key is not base64url of 32 to 64 bytes.';
    return { ...shared, kid: kid ?? makeKid(), key: key ?? makeKey() };
  }
  if (key !== undefined) return 'A derived key is made from the group key of the profile: leave key out.';
  if (context.groupKey === undefined) return 'The profile has no group key to derive the key from; make one first.';
  const made = derivedKey(context.groupKey, context.deviceName);
  return { ...shared, kid: kid ?? derivedKid(made), key: made.toString('base64url') };
}

/** The successor of an HS256 key: another key under another name, with the same rights. Others have none. */
export function nextJwtCredentials({ scope }: JwtCredentials): JwtCredentials {
  return { type: 'JWT', alg: 'HS256', kid: makeKid(), key: makeKey(), ...(scope !== undefined && { scope }) };
}

/** Without the secret: for every answer but the one that made the key. */
export function withoutKey({ key: _, ...shown }: JwtCredentials): JwtCredentials {
  return shown;
}

export const makeKey = (): string => randomBytes(keyBytes).toString('base64url');
export const makeKid = (): string => randomAlphanumeric(madeUpKidLength);

/** The key of a device in a factory that holds one group key: nothing has to be kept for each device. */
export function derivedKey(groupKey: Uint8Array, deviceName: string): Buffer {
  return hmacSha256(groupKey, deviceName);
}

/** What a derived key is called: known wherever the key is known, and tells nothing of it. */
export function derivedKid(key: Uint8Array): string {
  return hmacSha256(key, 'gapura-kid-v1').toString('base64url').slice(0, derivedKidLength);
}

/** @returns the bytes; undefined when the text is not canonical base64url of 32 to 64 bytes */
export function decodeKey(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  const isCanonical = bytes.toString('base64url') === text;
  return isCanonical && bytes.length >= keyBytes && bytes.length <= maxKeyBytes ? bytes : undefined;
}

const keyNames = { ES256: 'P-256', EdDSA: 'Ed25519' } as const;

/** @returns the key as PEM (SPKI); undefined when it is none, or one of another kind */
function readPublicKey(given: NonNullable<JwtCredentialsRequest['publicKey']>, alg: JwtAlgorithm): string | undefined {
  let key: KeyObject;
  try {
    // A private key would be read as its public half: whoever sends one has given it away, so it is not taken.
    if (typeof given === 'string' ? given.includes('PRIVATE') : 'd' in given) return undefined;
    key = typeof given === 'string' ? createPublicKey(given) : createPublicKey({ key: given, format: 'jwk' });
  } catch {
    return undefined;
  }
  const fits =
    alg === 'EdDSA'
      ? key.asymmetricKeyType === 'ed25519'
      : key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
  return fits ? key.export({ type: 'spki', format: 'pem' }).toString() : undefined;
}
