import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { toStrictJson } from './relaxed-json.ts';

describe('what ThingsBoard takes is rewritten as JSON', () => {
  test.each([
    ['{temperature:25}', '{"temperature":25}'],
    ["{'a':'it\\'s','b':'say \"hi\"'}", '{"a":"it\'s","b":"say \\"hi\\""}'],
    ['{a=1;b=>2,c:x}', '{"a":1,"b":2,"c":"x"}'],
    ['{t:nan,u:-NaN,v:Infinity}', '{"t":"nan","u":"-NaN","v":"Infinity"}'],
    ['{a:.5,b:+5,c:01,d:5.,e:-1.5e3}', '{"a":".5","b":"+5","c":"01","d":"5.","e":-1.5e3}'],
    ['{a:True,b:FALSE,c:Null,d:None}', '{"a":true,"b":false,"c":null,"d":"None"}'],
    ['[{a:1},]', '[{"a":1},null]'],
    ['[,;]', '[null,null,null]'],
    ['[[],{},[[1]]]', '[[],{},[[1]]]'],
    [' /* a */ { // b\n a : # c\r\n 1 /**/ } \r\n', '{"a":1}'],
    ['{"a":"x\ty\nz","b":"\\u00e9\\/\\\n"}', '{"a":"x\\ty\\nz","b":"é/\\n"}'],
    ['{"__proto__":x}', '{"__proto__":"x"}'],
    ['{a:it\'s"so}', '{"a":"it\'s\\"so"}'],
  ])('%s', (text, json) => {
    expect(toStrictJson(text)).toBe(json);
  });
});

describe('what ThingsBoard refuses stays refused', () => {
  test.each([
    '',
    'nope',
    '"text"',
    '12',
    '{',
    '{a',
    '{a:',
    '{a:1',
    '{a}',
    '{a:1,}',
    '{,a:1}',
    '{not json}',
    '{a:1 b:2}',
    '{a:{b}',
    '{a:]}',
    '{:1}',
    "{'a:1}",
    '{"a":"x}',
    '{"a":"\\x"b}',
    '{"a":"\\u12"}',
    '{a:1}{b:2}',
    '{a:1}\0',
    '{a:1} // the end',
    '[1 2]',
    '{a:/* 1}',
    '{a:1/2}',
  ])('%j', (text) => {
    expect(toStrictJson(text)).toBeUndefined();
  });

  test('more levels and more text than any payload may have', () => {
    expect(toStrictJson('['.repeat(65) + ']'.repeat(65))).toBeUndefined();
    expect(toStrictJson(`{a:${'x'.repeat(65_536)}}`)).toBeUndefined();
  });
});

test('JSON means the same after it as before', () => {
  fc.assert(
    fc.property(fc.oneof(fc.object(), fc.array(fc.jsonValue())), (value) => {
      const json = JSON.stringify(value);
      expect(JSON.parse(toStrictJson(json) ?? 'null')).toEqual(JSON.parse(json));
    }),
  );
});

test('whatever it makes is JSON', () => {
  const relaxed = fc.array(fc.constantFrom(...'{}[]:,;=>"\'\\/*#\n ab1.-eux\ud800'), { maxLength: 24 });
  fc.assert(
    fc.property(relaxed, (chars) => {
      const json = toStrictJson(`{${chars.join('')}}`);
      if (json !== undefined) JSON.parse(json);
    }),
    { numRuns: 5000 },
  );
});
