/** `Device-Proof`: shows a device on plain HTTP that an answer is the server's, and to its own request. */
import { hash } from 'node:crypto';
import type { HmacKey } from '../lib/hmac-sha256.ts';

/** From a key to the key of its answers, so that no answer can ever be taken for a token. */
const label = 'gapura-response-v1';
const hashOfNothing = hash('sha256', '', 'buffer');

/** @param jti as it stood in the token */
export function proveResponse(key: HmacKey, jti: string, status: number, body: string | Uint8Array): string {
  const bodyHash = body.length === 0 ? hashOfNothing : hash('sha256', body, 'buffer');
  const message = Buffer.concat([Buffer.from(`${jti}\n${status}\n`), bodyHash]);
  return key.derived(label).base64url(message);
}
