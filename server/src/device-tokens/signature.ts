/** Whether a signature is good, by the algorithm that is stored with the key and never by the token's word. */
import { createHmac, type KeyObject, timingSafeEqual, verify } from 'node:crypto';
import type { JwtAlgorithm } from '#contract/credentials.ts';
import type { TokenForm } from './form.ts';

/** Compares in constant time. A refusal costs what an acceptance costs. */
export function isSignedBy({ signingInput, signature }: TokenForm, alg: JwtAlgorithm, key: KeyObject): boolean {
  switch (alg) {
    case 'HS256': {
      const mac = createHmac('sha256', key).update(signingInput, 'latin1').digest();
      return signature.length === mac.length && timingSafeEqual(signature, mac);
    }
    case 'ES256':
      return verify('sha256', Buffer.from(signingInput, 'latin1'), { key, dsaEncoding: 'ieee-p1363' }, signature);
    case 'EdDSA':
      return verify(null, Buffer.from(signingInput, 'latin1'), key, signature);
  }
}
