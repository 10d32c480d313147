/**
 * HMAC-SHA256 (RFC 2104) by two one-shot hashes. `createHmac` makes an object of OpenSSL's for each message, which costs
 * twice as much and again when it is collected; of a key that comes as bytes it also makes a key object, for 15 µs.
 */
import { hash, timingSafeEqual } from 'node:crypto';

const blockBytes = 64;
const macBytes = 32;
/** Longer messages get memory of their own. */
const maxScratchBytes = 4096;
/** Characters of UTF-8 take up to three bytes for each unit of a text. */
const maxScratchChars = Math.floor(maxScratchBytes / 3);

/** Where messages are put together; nothing that waits may stand between writing and hashing. */
const innerBlocks = Buffer.alloc(blockBytes + maxScratchBytes);
const outerBlocks = Buffer.alloc(blockBytes + macBytes);

/** A key that is used again and again: holds the two blocks that it begins with, as texts, which are small in memory. */
export class HmacKey {
  readonly #inner: string;
  readonly #outer: string;
  #derived: { readonly label: string; readonly key: HmacKey } | undefined;

  constructor(key: Uint8Array) {
    const short = key.length > blockBytes ? hash('sha256', key, 'buffer') : key;
    const inner = Buffer.alloc(blockBytes, 0x36);
    const outer = Buffer.alloc(blockBytes, 0x5c);
    // By index: an iterator makes an object of every byte.
    for (let i = 0; i < short.length; i++) {
      const byte = short[i] ?? 0;
      inner[i] = byte ^ 0x36;
      outer[i] = byte ^ 0x5c;
    }
    this.#inner = inner.toString('latin1');
    this.#outer = outer.toString('latin1');
  }

  /** @param message texts as UTF-8 */
  digest(message: string | Uint8Array): Buffer {
    this.#fillOuter(message);
    return hash('sha256', outerBlocks, 'buffer');
  }

  /** The same as base64url, 43 characters: costs less, for a text needs no memory outside of the heap. */
  base64url(message: string | Uint8Array): string {
    this.#fillOuter(message);
    return hash('sha256', outerBlocks, 'base64url');
  }

  /** The key that is the MAC of a label. The last one is remembered: a key is derived from under one label. */
  derived(label: string): HmacKey {
    if (this.#derived?.label !== label) this.#derived = { label, key: new HmacKey(this.digest(label)) };
    return this.#derived.key;
  }

  #fillOuter(message: string | Uint8Array): void {
    const innerHash = hash('sha256', this.#fillInner(message), 'hex');
    outerBlocks.write(this.#outer, 0, 'latin1');
    outerBlocks.write(innerHash, blockBytes, 'hex');
  }

  #fillInner(message: string | Uint8Array): Uint8Array {
    const isShort = message.length <= (typeof message === 'string' ? maxScratchChars : maxScratchBytes);
    const longBytes = isShort ? 0 : Buffer.byteLength(message);
    const blocks = isShort ? innerBlocks : Buffer.allocUnsafe(blockBytes + longBytes);
    blocks.write(this.#inner, 0, 'latin1');
    let sizeBytes = message.length;
    if (typeof message === 'string') sizeBytes = blocks.write(message, blockBytes, 'utf8');
    else blocks.set(message, blockBytes);
    return blocks.subarray(0, blockBytes + sizeBytes);
  }
}

/** With a key that is used once. @param message texts as UTF-8 */
export function hmacSha256(key: Uint8Array, message: string | Uint8Array): Buffer {
  return new HmacKey(key).digest(message);
}

const macChars = 43;
const shownText = Buffer.alloc(macChars);
const rightText = Buffer.alloc(macChars);

/** In constant time, without memory. @param shown 43 characters of ASCII, as `right` is; any other text is not equal */
export function isSameMac(shown: string, right: string): boolean {
  if (shown.length !== macChars || right.length !== macChars) return false;
  // 'ascii' cannot tell é from i: what is not ASCII was refused by the form, and is refused here once more.
  if (shownText.write(shown, 0, 'utf8') !== rightText.write(right, 0, 'utf8')) return false;
  return timingSafeEqual(shownText, rightText);
}
