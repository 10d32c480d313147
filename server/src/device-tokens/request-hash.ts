/** `rqh`: what binds a token to its request. */
import { hash } from 'node:crypto';

/** Nearly every request; a longer one gets memory of its own. */
const scratch = Buffer.alloc(8192);

/**
 * @param line method, space, target as it stood in the request line, line feed. Node keeps these as the bytes that came,
 *   one character each
 * @returns base64url of the SHA-256
 */
export function hashRequest(line: string, body: Uint8Array): string {
  const sizeBytes = line.length + body.length;
  const request = sizeBytes <= scratch.length ? scratch : Buffer.allocUnsafe(sizeBytes);
  request.write(line, 0, 'latin1');
  request.set(body, line.length);
  return hash('sha256', request.subarray(0, sizeBytes), 'base64url');
}
