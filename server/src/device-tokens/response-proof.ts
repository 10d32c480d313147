/** `Device-Proof`: shows a device on plain HTTP that an answer is the server's, and to its own request. */
import { createHash, createHmac, type KeyObject } from 'node:crypto';

/** From a key to the key of its answers, so that no answer can ever be taken for a token. */
export function responseKey(key: KeyObject | Uint8Array): Buffer {
  return createHmac('sha256', key).update('gapura-response-v1').digest();
}

/** @param jti as it stood in the token */
export function proveResponse(
  key: KeyObject | Uint8Array,
  jti: string,
  status: number,
  body: string | Uint8Array,
): string {
  const bodyHash = createHash('sha256').update(body).digest();
  return createHmac('sha256', responseKey(key)).update(`${jti}\n${status}\n`).update(bodyHash).digest('base64url');
}
