import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hmacSha256 } from './hmac-sha256.ts';

test('is what OpenSSL says for keys and messages of any length', () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  fc.assert(
    fc.property(bytes, fc.oneof(bytes, fc.string({ unit: 'binary', maxLength: 200 })), (key, message) => {
      expect(hmacSha256(key, message)).toEqual(createHmac('sha256', key).update(message).digest());
    }),
  );
});

test('RFC 4231, test cases 1 and 6', () => {
  const hex = (key: Uint8Array, text: string): string => hmacSha256(key, text).toString('hex');
  expect(hex(Buffer.alloc(20, 0x0b), 'Hi There')).toBe(
    'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  );
  expect(hex(Buffer.alloc(131, 0xaa), 'Test Using Larger Than Block-Size Key - Hash Key First')).toBe(
    '60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54',
  );
});
