import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { HmacKey } from '../lib/hmac-sha256.ts';
import { readForm } from './form.ts';
import { parseClaims } from './json-claims.ts';
import { isMadeWith } from './signature.ts';
import vectors from './vectors.json' with { type: 'json' };

const isGood = (token: string, key: string): boolean => {
  const form = readForm(token);
  return form !== undefined && isMadeWith(form, new HmacKey(Buffer.from(key, 'base64url')));
};

describe('published vectors', () => {
  test.each(vectors.valid)('$name is good', ({ token, key }) => {
    expect(isGood(token, key)).toBe(true);
  });

  test.each(vectors.invalid)('$name is refused', ({ token, key }) => {
    expect(isGood(token, key)).toBe(false);
  });
});

describe('form', () => {
  const rfc7515 = vectors.valid[0] ?? { token: '', key: '' };

  test('every other text than the one that was signed is refused, whichever character changes', () => {
    const characters = fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\0é');
    fc.assert(
      fc.property(fc.nat(rfc7515.token.length - 1), characters, (at, character) => {
        fc.pre(rfc7515.token[at] !== character);
        expect(isGood(rfc7515.token.slice(0, at) + character + rfc7515.token.slice(at + 1), rfc7515.key)).toBe(false);
      }),
      { numRuns: 2000 },
    );
  });

  test.each([
    '',
    '.',
    '..',
    'a.b',
    'AA.AA.',
    '.AA.AA',
    'AA..AA',
    'AA.AA.AA.',
    'AA.AA.AA.AA.AA',
    'A.AA.AA',
    'AB.AA.AA',
    'AA.AA.AAB',
  ])('"%s" is no token', (text) => {
    expect(readForm(text)).toBeUndefined();
  });

  test('1024 characters are the most', () => {
    expect(readForm(`${'A'.repeat(1016)}.AAA.AAA`)).toBeDefined();
    expect(readForm(`${'A'.repeat(1020)}.AAA.AAA`)).toBeUndefined();
  });
});

describe('claims', () => {
  const parse = (text: string) => parseClaims(Buffer.from(text).toString('base64url'));

  test('whatever JSON writes is read as it was', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer(), fc.array(fc.string()))), (claims) => {
        expect(JSON.stringify(parse(JSON.stringify(claims)))).toBe(JSON.stringify(claims));
      }),
    );
  });

  test.each([
    '',
    '[]',
    '"a"',
    'null',
    '{',
    '{"a":1,}',
    '{"a":1}x',
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"a":{"b":1,"b":2}}',
    '{"a":[{"b":1,"b":2}]}',
    '{"__proto__":1,"__proto__":2}',
    '{"a":{"a":{"a":{"a":{"a":1}}}}}',
    ' {}',
  ])('%s is refused', (text) => {
    expect(parse(text)).toBeUndefined();
  });

  test('bytes that are no UTF-8 are refused', () => {
    expect(parseClaims(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]).toString('base64url'))).toBeUndefined();
  });
});
