/**
 * Secrets at rest: AES-256-GCM under a key derived from the master key, and keyed hashes for looking things up.
 * A stolen database without the master key yields no credential.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createSecretKey,
  hkdfSync,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';
import { HmacKey } from './hmac-sha256.ts';

const ivBytes = 12;
const tagBytes = 16;

export interface Sealer {
  /**
   * Seals a text.
   * @param context what the secret belongs to (e.g. `credentials:<id>`); it must be given again to open, so a sealed
   *   value cannot be moved to another row
   * @returns iv (12 bytes) | tag (16 bytes) | ciphertext
   */
  seal(plain: string, context: string): Uint8Array;
  /** Opens what `seal` returned. Throws when the bytes, the context or the key are not the same. */
  open(sealed: Uint8Array, context: string): string;
  /** HMAC-SHA256 of a text under a key of its own for `purpose`, base64url: equal texts give equal hashes. */
  lookupHash(purpose: string, text: string): string;
}

/** @param masterKey 32 random bytes */
export function createSealer(masterKey: Uint8Array): Sealer {
  if (masterKey.length !== 32) throw new RangeError(`The master key has ${masterKey.length} bytes; 32 are needed.`);
  const derive = (info: string): Buffer =>
    Buffer.from(hkdfSync('sha256', masterKey, Buffer.alloc(0), `gapura-${info}-v1`, 32));
  const sealKey = createSecretKey(derive('seal'));
  /** By purpose. */
  const lookupKeys = new Map<string, HmacKey>();

  return {
    seal(plain, context) {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv('aes-256-gcm', sealKey, iv).setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return Buffer.concat([iv, cipher.getAuthTag(), body]);
    },
    open(sealed, context) {
      const decipher = createDecipheriv('aes-256-gcm', sealKey, sealed.subarray(0, ivBytes), {
        authTagLength: tagBytes,
      })
        .setAAD(Buffer.from(context))
        .setAuthTag(sealed.subarray(ivBytes, ivBytes + tagBytes));
      return decipher.update(sealed.subarray(ivBytes + tagBytes), undefined, 'utf8') + decipher.final('utf8');
    },
    lookupHash(purpose, text) {
      let key = lookupKeys.get(purpose);
      if (key === undefined) {
        key = new HmacKey(derive(`lookup-${purpose}`));
        lookupKeys.set(purpose, key);
      }
      return key.base64url(text);
    },
  };
}

/** Compares two texts in a time that depends on neither (both are hashed first, so lengths do not leak either). */
export function equalSecrets(a: string, b: string): boolean {
  const hash = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(hash(a), hash(b));
}
