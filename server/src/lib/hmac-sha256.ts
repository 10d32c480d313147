/**
 * HMAC-SHA256 (RFC 2104) with a key that is used once. `createHmac` makes an object of OpenSSL's of every key that comes
 * as bytes, which costs 15 µs; two hashes cost 2.
 */
import { hash } from 'node:crypto';

const blockBytes = 64;
const macBytes = 32;

/** @param message texts as UTF-8 */
export function hmacSha256(key: Uint8Array, message: string | Uint8Array): Buffer {
  const short = key.length > blockBytes ? hash('sha256', key, 'buffer') : key;
  const text = typeof message === 'string' ? Buffer.from(message) : message;
  const inner = Buffer.alloc(blockBytes + text.length, 0x36);
  const outer = Buffer.alloc(blockBytes + macBytes, 0x5c);
  // By index: an iterator makes an object of every byte.
  for (let i = 0; i < short.length; i++) {
    const byte = short[i] ?? 0;
    inner[i] = byte ^ 0x36;
    outer[i] = byte ^ 0x5c;
  }
  inner.set(text, blockBytes);
  outer.set(hash('sha256', inner, 'buffer'), blockBytes);
  return hash('sha256', outer, 'buffer');
}
