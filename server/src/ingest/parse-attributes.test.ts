import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseAttributes } from './parse-attributes.ts';
import { defaultPayloadLimits } from './payload-limits.ts';
import { isRefusal } from './refusals.ts';

const parse = (text: string, limits = defaultPayloadLimits) => parseAttributes(Buffer.from(text), limits);

describe('client attributes', () => {
  test.each([
    ['{"a":1,"b":"x","c":true,"d":{"e":[1]},"f":[]}', { a: 1, b: 'x', c: true, d: { e: [1] }, f: [] }],
    ['{}', {}],
    ['{"version":"1.10"}', { version: '1.10' }],
    ['{"a":null,"b":1}', { b: 1 }],
    ['{"deep":{"n":null}}', { deep: { n: null } }],
    ['{"n":9007199254740993,"o":{"m":[1e30]}}', { n: '9007199254740993', o: { m: [`1${'0'.repeat(30)}`] } }],
    ['{"n":0.12345678901234567,"z":-0}', { n: '0.12345678901234567', z: 0 }],
    ['{"ts":5,"values":{"a":1}}', { ts: 5, values: { a: 1 } }],
  ])('%s', (text, values) => {
    expect(parse(text)).toEqual({ values });
  });

  test('a key that is named like the prototype is a key', () => {
    const parsed = parse('{"__proto__":{"x":1},"n":12345678901234567890}');
    if (isRefusal(parsed)) throw new Error(parsed.detail);
    expect(Object.entries(parsed.values)).toEqual([
      ['__proto__', { x: 1 }],
      ['n', '12345678901234567890'],
    ]);
    expect(Object.getPrototypeOf(parsed.values)).toBe(Object.prototype);
  });

  test('JSON that is as relaxed as ThingsBoard takes it', () => {
    expect(parse("{version:'1.10',on:true,n:9007199254740993}")).toEqual({
      values: { version: '1.10', on: true, n: '9007199254740993' },
    });
  });

  test.each([
    ['[{"a":1}]', 'The payload is an array; it must be an object.'],
    ['"x"', 'The payload is a text; it must be an object.'],
    ['null', 'The payload is null; it must be an object.'],
    ['{"":1}', '/ has a key that must not be blank.'],
    ['{"a":{"b":1e999}}', '/a holds a number out of range.'],
    ['{"a":', 'The payload is not valid JSON: it ends too early.'],
    [`{"a":${'['.repeat(33)}${']'.repeat(33)}}`, 'The payload has more than 32 objects and arrays within each other.'],
  ])('%s is refused', (text, detail) => {
    expect(parse(text)).toEqual({ code: 'invalid_payload', detail });
  });

  test('more attributes than the limit are refused', () => {
    const limits = { ...defaultPayloadLimits, maxAttributes: 2 };
    expect(parse('{"a":1,"b":2,"c":null}', limits)).toEqual({ values: { a: 1, b: 2 } });
    expect(parse('{"a":1,"b":2,"c":3}', limits)).toMatchObject({ code: 'invalid_payload' });
  });

  test('it never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 64 }),
          fc.json().map((text) => Buffer.from(text)),
        ),
        (payload) => {
          const result = parseAttributes(payload, defaultPayloadLimits);
          expect('values' in result || result.code === 'invalid_payload').toBe(true);
        },
      ),
      { numRuns: 2000 },
    );
  });

  test('any JSON object without nulls, long numbers and bad keys comes back as it was', () => {
    const value = fc.jsonValue().filter((json) => json !== null && !JSON.stringify(json).includes('e'));
    const object = fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), value);
    fc.assert(
      fc.property(object, (given) => {
        const text = JSON.stringify(given);
        fc.pre(!/\d{16}/.test(text));
        expect(parse(text)).toEqual({ values: JSON.parse(text.replaceAll(/(?<=[:[,])-0(?=[,}\]])/g, '0')) });
      }),
    );
  });
});
