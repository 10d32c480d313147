/** Whether a signature is good, by the algorithm that is stored with the key and never by the token's word. */
import { type KeyObject, verify } from 'node:crypto';
import { type HmacKey, isSameMac } from '../lib/hmac-sha256.ts';
import type { TokenForm } from './form.ts';

/** HS256. Compares in constant time; a refusal costs what an acceptance costs. */
export function isMadeWith({ signingInput, signature }: TokenForm, secret: HmacKey): boolean {
  return isSameMac(signature, secret.base64url(signingInput));
}

/** With the private key of this public one. */
export function isSignedBy({ signingInput, signature }: TokenForm, alg: 'ES256' | 'EdDSA', key: KeyObject): boolean {
  const [input, bytes] = [Buffer.from(signingInput, 'latin1'), Buffer.from(signature, 'base64url')];
  return alg === 'ES256'
    ? verify('sha256', input, { key, dsaEncoding: 'ieee-p1363' }, bytes)
    : verify(null, input, key, bytes);
}
