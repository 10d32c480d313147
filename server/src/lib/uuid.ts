import { randomFillSync } from 'node:crypto';

const pool = new Uint8Array(1024);
let used = pool.length;
let lastMs = 0;
let counter = 0;

/**
 * A UUIDv7 (RFC 9562 §5.7): ids made later sort later, also within one millisecond (12-bit counter in rand_a,
 * RFC 9562 §6.2 method 1).
 * @param nowMs milliseconds since the Unix epoch
 */
export function uuidv7(nowMs: number = Date.now()): string {
  if (nowMs > lastMs) {
    lastMs = nowMs;
    counter = 0;
  } else if (++counter > 0xfff) {
    // More than 4096 in one millisecond, or a clock that went back: borrow from the next millisecond.
    lastMs++;
    counter = 0;
  }
  if (used + 8 > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const time = lastMs.toString(16).padStart(12, '0');
  let random = '';
  for (let i = 0; i < 8; i++) {
    let byte = pool[used++] ?? 0;
    if (i === 0) byte = (byte & 0x3f) | 0x80;
    random += byte.toString(16).padStart(2, '0');
  }
  const a = (0x7000 | counter).toString(16);
  return `${time.slice(0, 8)}-${time.slice(8)}-${a}-${random.slice(0, 4)}-${random.slice(4)}`;
}
