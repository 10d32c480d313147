import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { HmacKey, hmacSha256, isSameMac } from './hmac-sha256.ts';

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

test('a key that is kept gives the same for one message after another, of any length', () => {
  const lengths = fc.array(
    fc.oneof(fc.nat(300), fc.integer({ min: 1300, max: 1400 }), fc.integer({ min: 4000, max: 5000 })),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), lengths, (bytes, sizes) => {
      const key = new HmacKey(bytes);
      for (const size of sizes) {
        for (const message of ['x'.repeat(size), '語'.repeat(size), Buffer.alloc(size, 7)]) {
          const right = createHmac('sha256', bytes).update(message).digest();
          expect(key.digest(message)).toEqual(right);
          expect(key.base64url(message)).toBe(right.toString('base64url'));
        }
      }
    }),
    { numRuns: 30 },
  );
});

test('a derived key is the MAC of its label', () => {
  const key = new HmacKey(Buffer.alloc(32, 1));
  for (const label of ['a', 'a', 'b', 'a']) {
    const derived = hmacSha256(Buffer.alloc(32, 1), label);
    expect(key.derived(label).digest('x')).toEqual(hmacSha256(derived, 'x'));
  }
});

test('two MACs are the same when each character is', () => {
  const right = new HmacKey(Buffer.alloc(32)).base64url('message');
  expect(isSameMac(right, right)).toBe(true);
  for (let at = 0; at < right.length; at++) {
    for (const other of ['!', 'é', '語', ''])
      expect(isSameMac(right.slice(0, at) + other + right.slice(at + 1), right)).toBe(false);
  }
  for (const text of ['', `${right}A`, right.slice(1), `${right.slice(0, 41)}é`])
    expect(isSameMac(text, right)).toBe(false);
});
