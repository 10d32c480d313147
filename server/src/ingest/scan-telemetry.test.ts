import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KeyNames } from '../telemetry/key-names.ts';
import { MessageBatch } from '../telemetry/message-batch.ts';
import type { TelemetryPoint } from '../telemetry/store.ts';
import { parseTelemetry } from './parse-telemetry.ts';
import { defaultPayloadLimits, maxTimestampMs, type PayloadLimits } from './payload-limits.ts';
import { isRefusal } from './refusals.ts';
import { TelemetryScanner } from './scan-telemetry.ts';

const nowMs = Date.UTC(2026, 0, 1);
const device = { tenantId: 't', deviceId: 'd' };
const keys = new KeyNames();
const scanner = new TelemetryScanner(defaultPayloadLimits);

/** The points of a payload that stands between others; undefined when it is left to the parser. */
function scan(text: string | Uint8Array, limits?: PayloadLimits): TelemetryPoint[] | undefined {
  const payload = Buffer.from(text);
  const around = Buffer.concat([Buffer.from('9"'), payload, Buffer.from('9}"')]);
  const batch = new MessageBatch(keys);
  const one = limits === undefined ? scanner : new TelemetryScanner(limits);
  if (!one.scan(around, 2, 2 + payload.length, nowMs, batch)) return undefined;
  batch.end(device);
  return batch.pointsOf(0);
}

const byKey = (points: readonly TelemetryPoint[]): TelemetryPoint[] =>
  points.toSorted((a, b) => a.ts - b.ts || (a.key < b.key ? -1 : 1));

/** Whatever the scanner takes, the parser takes too and understands in the same way. */
function expectSame(text: string | Uint8Array): boolean {
  const scanned = scan(text);
  if (scanned === undefined) return false;
  const parsed = parseTelemetry(Buffer.from(text), nowMs, defaultPayloadLimits);
  if (isRefusal(parsed)) throw new Error(`${JSON.stringify(Buffer.from(text).toString())}: ${parsed.detail}`);
  // JavaScript lists keys that look like numbers first; nobody depends on the order of different keys.
  expect(byKey(scanned)).toEqual(byKey(parsed));
  for (const { value } of scanned) expect(Object.is(value, -0)).toBe(false);
  return true;
}

const plain = [
  '{"a":1}',
  '{"ts":1767225600000,"values":{"pulseCounter":123456,"leakage":false,"batteryLevel":17}}',
  ' {\t"a" : 1 ,\r\n "b" : true } ',
  '{"ts": 1, "values": {}}',
  '[{"ts":1,"values":{"a":1}},{"ts":2,"values":{"a":2}}]',
  '[ {"a":1} ]',
  '{}',
  '{"a":null,"b":null}',
  '{"t":-12.5,"u":0,"v":-0,"w":0.1,"x":-0.0,"y":100,"z":1.50}',
  '{"a":123456789012345,"b":-123456789012345,"c":0.123456789012345,"d":12345678.12345678,"e":999999999999999.999999999999999}',
  '{"a":21.299999999999997}',
  '{"text":"on","empty":"","number":"42","half":".5","long":"1234567890123456789","dots":"1.2.3","blank":" "}',
  '{"__proto__":1,"constructor":"x","10":2,"2":3,"a b":4}',
  `{"${'k'.repeat(255)}":1}`,
  '{"ts":5,"values":{"ts":1,"values":2}}',
  `{"ts":${nowMs + defaultPayloadLimits.maxFutureMs},"values":{"a":1}}`,
];

/** What the parser understands in another way, understands with more work, or refuses. */
const others = [
  '',
  '{',
  '{"a":1',
  '{"a":1,}',
  '{"a":1}}',
  '{"a":1}{"b":2}',
  '[]',
  '[{"a":1},{"b":2}]',
  '[{"ts":2,"values":{"a":1}},{"ts":2,"values":{"a":2}}]',
  '[{"ts":2,"values":{"a":1}},{"ts":1,"values":{"a":2}}]',
  '[{"a":1}',
  '[{"a":1},]',
  '{"a":1,"a":2}',
  '{"a":1,"a":null}',
  '{"a":01}',
  '{"a":-}',
  '{"a":1.}',
  '{"a":.5}',
  '{"a":+1}',
  '{"a":1e3}',
  '{"a":1E-3}',
  '{"a":1234567890123456}',
  '{"a":0.1234567890123456}',
  '{"a":NaN}',
  '{a:1}',
  "{'a':1}",
  '{"a":tru}',
  '{"a":nul}',
  '{"a":falsey}',
  '{"a":"x\\n"}',
  '{"a":"\u00e9"}',
  '{"\u00e9":1}',
  '{"a\\u0062":1}',
  '{"a":"x',
  '{"a":[1]}',
  '{"a":{"b":1}}',
  '{"":1}',
  '{" ":1}',
  '{" a":1}',
  `{"${'k'.repeat(256)}":1}`,
  '{"ts":1}',
  '{"values":{"a":1}}',
  '{"values":{"a":1},"ts":1}',
  '{"a":1,"ts":1,"values":{"b":1}}',
  '{"ts":1,"values":{"a":1},"more":1}',
  '{"ts":"1","values":{"a":1}}',
  '{"ts":01,"values":{"a":1}}',
  '{"ts":1.5,"values":{"a":1}}',
  '{"ts":-1,"values":{"a":1}}',
  `{"ts":${nowMs + defaultPayloadLimits.maxFutureMs + 1},"values":{"a":1}}`,
  `{"ts":${maxTimestampMs + 1},"values":{"a":1}}`,
  '\ufeff{"a":1}',
  '1',
];

test.each(plain)('%s is read from its bytes', (text) => {
  expect(expectSame(text)).toBe(true);
});

test.each(others)('%s is left to the parser', (text) => {
  expect(scan(text)).toBeUndefined();
});

test('more points than the limit are left to the parser, whatever the form', () => {
  const limits = { ...defaultPayloadLimits, maxPoints: 2 };
  expect(scan('{"a":1,"b":2,"n":null}', limits)).toHaveLength(2);
  expect(scan('{"a":1,"b":2,"c":3}', limits)).toBeUndefined();
  expect(scan('[{"ts":1,"values":{"a":1,"b":2}},{"ts":2,"values":{"a":1}}]', limits)).toBeUndefined();
});

test('a key may stand in each object of an array, and in each message', () => {
  expect(scan('[{"ts":1,"values":{"a":1}},{"ts":2,"values":{"a":1}}]')).toHaveLength(2);
  expect(scan('{"a":1}')).toHaveLength(1);
  expect(scan('{"a":1}')).toHaveLength(1);
});

describe('beside the parser', () => {
  const seed = 20_260_101;

  test('it understands whatever it takes in the same way', () => {
    let taken = 0;
    fc.assert(
      fc.property(telemetry(), (text) => {
        if (expectSame(text)) taken++;
      }),
      { seed, numRuns: 5000 },
    );
    // Otherwise the comparison says little.
    expect(taken).toBeGreaterThan(1500);
  });

  test('it understands plain payloads with a changed, missing or added byte in the same way', () => {
    const bytes = fc.oneof(fc.constantFrom(...Buffer.from('{}[]",:0159-.eE+tfn \\\n')), fc.nat(255));
    fc.assert(
      fc.property(fc.constantFrom(...plain), fc.nat(), fc.nat(2), bytes, (text, at, how, byte) => {
        const payload = [...Buffer.from(text)];
        const inserted = how === 0 ? [] : [byte];
        payload.splice(at % (payload.length + 1), how === 2 ? 0 : 1, ...inserted);
        expectSame(Uint8Array.from(payload));
      }),
      { seed, numRuns: 10_000 },
    );
  });

  test('it reads every number that it takes as JSON.parse does', () => {
    const number = fc.oneof(
      fc.stringMatching(/^-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,17})?$/),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    );
    let taken = 0;
    fc.assert(
      fc.property(number, (text) => {
        const points = scan(`{"k":${text}}`);
        if (points === undefined) return;
        taken++;
        expect(points[0]?.value).toBe(JSON.parse(text) === 0 ? 0 : JSON.parse(text));
      }),
      { seed, numRuns: 10_000 },
    );
    expect(taken).toBeGreaterThan(3000);
  });
});

/** Mostly of the plain form, with all that is nearly so. */
function telemetry(): fc.Arbitrary<string> {
  const often = <T>(weight: number, arbitrary: fc.Arbitrary<T>) => ({ weight, arbitrary });
  const number = fc.oneof(
    often(6, fc.integer().map(String)),
    often(4, fc.stringMatching(/^-?[0-9]{1,8}\.[0-9]{1,8}$/)),
    often(1, fc.double({ noNaN: true, noDefaultInfinity: true }).map(String)),
    often(1, fc.stringMatching(/^-?[0-9]{1,20}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?$/)),
  );
  const value = fc.oneof(
    often(12, number),
    often(3, fc.constantFrom('true', 'false', 'null')),
    often(
      4,
      fc.string().map((text) => JSON.stringify(text)),
    ),
    often(
      1,
      number.map((text) => `"${text}"`),
    ),
    often(1, fc.json()),
  );
  const key = fc.oneof(
    often(8, fc.constantFrom('temperature', 'humidity', 'a', 'b', 'ts', 'values', '10')),
    often(1, fc.string({ maxLength: 12 })),
  );
  const blank = fc.constantFrom('', '', '', '', ' ', '\n', '\t ');
  const object = fc
    .uniqueArray(fc.tuple(key, value, blank), { maxLength: 5, selector: ([name]) => name })
    .map((members) => `{${members.map(([name, text, space]) => `${space}${JSON.stringify(name)}:${space}${text}`)}}`);
  const time = fc.oneof(often(8, fc.nat(nowMs).map(String)), often(1, number));
  const timestamped = fc
    .tuple(time, object, blank)
    .map(([ts, values, b]) => `{${b}"ts":${ts}${b},"values":${b}${values}}`);
  const sorted = fc
    .tuple(fc.uniqueArray(fc.nat(99), { maxLength: 3 }), fc.array(object, { minLength: 3, maxLength: 3 }))
    .map(([times, objects]) => {
      const members = times.sort((a, b) => a - b).map((ts, i) => `{"ts":${ts},"values":${objects[i]}}`);
      return `[${members}]`;
    });
  return fc.oneof(
    often(4, object),
    often(4, timestamped),
    often(2, sorted),
    often(
      1,
      fc.array(timestamped, { maxLength: 3 }).map((all) => `[${all}]`),
    ),
  );
}
