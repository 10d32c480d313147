import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashRequest } from './request-hash.ts';

test('covers the line as the bytes that came and the whole body, one request after another', () => {
  const lines = fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) });
  const bodies = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.integer({ min: 8000, max: 9000 }).map((n) => Buffer.alloc(n, n)),
  );
  fc.assert(
    fc.property(lines, bodies, (line, body) => {
      const right = createHash('sha256').update(line, 'latin1').update(body).digest('base64url');
      expect(hashRequest(line, body)).toBe(right);
    }),
  );
});
