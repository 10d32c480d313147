/** `Device-Proof`: shows a device on plain HTTP that an answer is the server's, and to its own request. */
import { createHmac, hash, KeyObject } from 'node:crypto';
import { hmacSha256 } from '../lib/hmac-sha256.ts';

/** From a key to the key of its answers, so that no answer can ever be taken for a token. */
export function responseKey(key: KeyObject | Uint8Array): Buffer {
  const label = 'gapura-response-v1';
  return key instanceof KeyObject ? createHmac('sha256', key).update(label).digest() : hmacSha256(key, label);
}

/** @param jti as it stood in the token */
export function proveResponse(
  key: KeyObject | Uint8Array,
  jti: string,
  status: number,
  body: string | Uint8Array,
): string {
  const message = Buffer.concat([Buffer.from(`${jti}\n${status}\n`), hash('sha256', body, 'buffer')]);
  return hmacSha256(responseKey(key), message).toString('base64url');
}
