/** `Device-Nonce`: proves that a token was made after the server said so. Nothing is kept for it. */
import { timingSafeEqual } from 'node:crypto';
import type { Clock } from '../lib/clock.ts';
import type { Sealer } from '../lib/seal.ts';

/** Which key made it: a change of how nonces are made raises it. */
const epoch = 1;
const macBytes = 12;
const headBytes = 6;
const lifeMs = 300_000;

export interface Nonces {
  /** 24 characters: epoch (1 byte), time (5 bytes, seconds), and a truncated HMAC over name, epoch and time. */
  make(name: string): string;
  isGood(nonce: string, name: string): boolean;
}

export function createNonces({ sealer, clock }: { readonly sealer: Sealer; readonly clock: Clock }): Nonces {
  function at(second: number, name: string): Buffer {
    const head = Buffer.alloc(headBytes);
    head[0] = epoch;
    head.writeUIntBE(second, 1, 5);
    const mac = sealer.lookupHash('device-nonce', `${head.toString('hex')} ${name}`);
    return Buffer.concat([head, Buffer.from(mac, 'base64url').subarray(0, macBytes)]);
  }

  return {
    make: (name) => at(Math.floor(clock.now() / 1000), name).toString('base64url'),
    isGood(nonce, name) {
      if (nonce.length !== ((headBytes + macBytes) * 4) / 3) return false;
      const bytes = Buffer.from(nonce, 'base64url');
      if (bytes.length !== headBytes + macBytes || bytes[0] !== epoch) return false;
      const second = bytes.readUIntBE(1, 5);
      const ageMs = clock.now() - second * 1000;
      return ageMs >= -1000 && ageMs <= lifeMs && timingSafeEqual(bytes, at(second, name));
    },
  };
}
