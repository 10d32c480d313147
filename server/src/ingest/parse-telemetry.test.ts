import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ExactJson, exactDecimal, parseExactly } from '../../test/exact-json.ts';
import type { TelemetryPoint, TelemetryValue } from '../telemetry/store.ts';
import type { Refusal } from './ingest.ts';
import { parseTelemetry } from './parse-telemetry.ts';
import { defaultPayloadLimits, maxTimestampMs } from './payload-limits.ts';

const nowMs = 1_767_225_600_000;
const hourMs = 3_600_000;
const parse = (text: string, limits = defaultPayloadLimits): TelemetryPoint[] | Refusal =>
  parseTelemetry(Buffer.from(text), nowMs, limits);
const now = (key: string, value: TelemetryValue): TelemetryPoint => ({ key, ts: nowMs, value });
const refusal = (detail: string): Refusal => ({ code: 'invalid_payload', detail });

describe('forms', () => {
  test.each<[string, TelemetryPoint[]]>([
    ['{"t":1,"h":2}', [now('t', 1), now('h', 2)]],
    ['{"ts":1700000000000,"values":{"t":1}}', [{ key: 't', ts: 1_700_000_000_000, value: 1 }]],
    ['{"ts":1700000000000,"values":{"t":1},"metadata":{"x":1}}', [{ key: 't', ts: 1_700_000_000_000, value: 1 }]],
    ['{"ts":"1700000000000","values":{"t":1}}', [{ key: 't', ts: 1_700_000_000_000, value: 1 }]],
    ['[{"a":1},{"ts":5,"values":{"a":2}}]', [now('a', 1), { key: 'a', ts: 5, value: 2 }]],
    ['{"ts":5}', [now('ts', 5)]],
    ['{"values":{"t":1}}', [now('values', { json: '{"t":1}' })]],
    ['[]', []],
    ['{}', []],
    ['[{}]', []],
    ['{"ts":5,"values":{}}', []],
    ['\ufeff{"t":1}', [now('t', 1)]],
  ])('%s', (text, points) => {
    expect(parse(text)).toEqual(points);
  });
});

test('JSON that is as relaxed as ThingsBoard takes it is telemetry like other', () => {
  expect(parse("{temperature:25,'state':on,h:nan,n:9007199254740993}")).toEqual([
    now('temperature', 25),
    now('state', 'on'),
    now('h', 'nan'),
    now('n', '9007199254740993'),
  ]);
  expect(parse('[{ts:5,values:{a:.5}}]')).toEqual([{ key: 'a', ts: 5, value: 0.5 }]);
  expect(parse('[{a:1},]')).toEqual(refusal('/1 is null; every element must be an object.'));
});

describe('values', () => {
  test.each<[string, TelemetryValue | undefined]>([
    ['1', 1],
    ['1.0', 1],
    ['1e3', 1000],
    ['-0', 0],
    ['true', true],
    ['null', undefined],
    ['"text"', 'text'],
    ['""', ''],
    ['"42"', 42],
    ['"3.10"', 3.1],
    ['"-.5"', -0.5],
    ['"5."', '5.'],
    ['"1.2.3"', '1.2.3'],
    ['"1e3"', '1e3'],
    ['"+5"', '+5'],
    ['"-"', '-'],
    ['" 5"', ' 5'],
    ['"9007199254740993"', '9007199254740993'],
    ['9007199254740993', '9007199254740993'],
    ['-9223372036854775809', '-9223372036854775809'],
    ['1e30', '1000000000000000000000000000000'],
    ['0.12345678901234567', '0.12345678901234567'],
    ['2e-17', '0.00000000000000002'],
    ['{"x":[1,null,"2"]}', { json: '{"x":[1,null,"2"]}' }],
    ['[]', { json: '[]' }],
    ['{"__proto__":{"a":1}}', { json: '{"__proto__":{"a":1}}' }],
    ['{"toJSON":"x"}', { json: '{"toJSON":"x"}' }],
    ['[9007199254740993,1e400]', { json: '[9007199254740993,1e400]' }],
    ['"\\ud800"', '\ufffd'],
  ])('%s is stored as %j', (text, value) => {
    expect(parse(`{"k":${text}}`)).toEqual(value === undefined ? [] : [now('k', value)]);
  });

  test('a key that is named like the prototype is a key', () => {
    expect(parse('{"__proto__":1,"constructor":2}')).toEqual([now('__proto__', 1), now('constructor', 2)]);
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('of a key that stands twice, the last one counts', () => {
    expect(parse('{"a":1,"a":2}')).toEqual([now('a', 2)]);
    expect(parse('[{"a":1,"b":1},{"a":2}]')).toEqual([now('a', 2), now('b', 1)]);
    expect(parse(`[{"ts":5,"values":{"a":1}},{"ts":4,"values":{"a":2}},{"ts":5,"values":{"a":3}}]`)).toEqual([
      { key: 'a', ts: 5, value: 3 },
      { key: 'a', ts: 4, value: 2 },
    ]);
  });
});

describe('what is refused, and where it is wrong', () => {
  const longKey = 'k'.repeat(256);
  test.each([
    ['5', 'The payload is a number; it must be an object or an array of objects.'],
    ['"x"', 'The payload is a text; it must be an object or an array of objects.'],
    ['null', 'The payload is null; it must be an object or an array of objects.'],
    ['[1]', '/0 is a number; every element must be an object.'],
    ['[{"a":1},[]]', '/1 is an array; every element must be an object.'],
    ['{"ts":1,"values":[1]}', '/values is an array; it must be an object.'],
    ['[{},{"ts":1,"values":"x"}]', '/1/values is a text; it must be an object.'],
    ...['1.5', '-1', '"soon"', 'null', '{}', 'true', '1e400', String(maxTimestampMs + 1)].map((ts) => [
      `{"ts":${ts},"values":{"a":1}}`,
      '/ts must be an integer: milliseconds since 1970, before the year 10000.',
    ]),
    ['{"":1}', '/ has a key that must not be blank.'],
    ['{" ":1}', '/  has a key that must not be blank.'],
    ['{"a\\nb":1}', '/a?b has a key that must not contain control characters.'],
    ['{"a\\ud800":1}', '/a\ufffd has a key that must be well-formed Unicode.'],
    [`{"${longKey}":1}`, `/${longKey.slice(0, 40)}… has a key that must not be longer than 255 characters.`],
    ['{"a/b":{"c":[[1]]},"~":1e999}', '/~0 is a number out of range.'],
    ['', 'The payload is not valid JSON: it ends too early.'],
    ['{"a":1', 'The payload is not valid JSON: it breaks off at character 6.'],
    ['nope', 'The payload is not valid JSON: there is a o where none may be.'],
    ['{"a":NaN', 'The payload is not valid JSON: there is a N where none may be.'],
  ])('%s', (text, detail) => {
    expect(parse(text ?? '')).toEqual(refusal(detail ?? ''));
  });

  test('bytes that are not UTF-8', () => {
    const payload = Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d]);
    expect(parseTelemetry(payload, nowMs, defaultPayloadLimits)).toEqual(refusal('The payload is not UTF-8.'));
  });

  test('more points than the limit, whatever the form', () => {
    const limits = { ...defaultPayloadLimits, maxPoints: 2 };
    const detail = 'The payload has more than 2 points; send several messages.';
    expect(parse('{"a":1,"b":2,"n":null}', limits)).toHaveLength(2);
    expect(parse('{"a":1,"b":2,"c":3}', limits)).toEqual(refusal(detail));
    expect(parse('[{"a":1},{"b":2},{"c":3}]', limits)).toEqual(refusal(detail));
  });

  test.each([33, 100, 30_000])('%i arrays within each other', (depth) => {
    const nested = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels);
    const detail = '/k has more than 32 objects and arrays within each other.';
    expect(parse(`{"ok":${nested(32)},"k":${nested(depth)}}`)).toEqual(refusal(detail));
    // The same on the way that keeps long numbers.
    expect(parse(`{"n":12345678901234567890,"k":${nested(depth)}}`)).toMatchObject({ code: 'invalid_payload' });
  });

  test('a text that looks like a number for long takes no time to see through', () => {
    const text = `${'1'.repeat(1_000_000)}x`;
    expect(parse(`{"k":"${text}"}`)).toEqual([now('k', text)]);
  });
});

test('it never throws, whatever the bytes', () => {
  const bytes = fc.uint8Array({ maxLength: 64 });
  const jsonish = fc.stringMatching(/^[[\]{}",:0-9a-z.eE+\\-]{0,40}$/).map((text) => Buffer.from(text));
  fc.assert(
    fc.property(fc.oneof(bytes, jsonish), (payload) => {
      const result = parseTelemetry(payload, nowMs, defaultPayloadLimits);
      expect(Array.isArray(result) || result.code === 'invalid_payload').toBe(true);
    }),
    { numRuns: 3000 },
  );
});

test('a point further ahead of the clock than the limit is refused with what is wrong', () => {
  const at = (ts: number): string => JSON.stringify({ ts, values: { a: 1 } });
  expect(parse(at(nowMs + hourMs))).toEqual([{ key: 'a', ts: nowMs + hourMs, value: 1 }]);
  expect(parse(at(nowMs + hourMs + 1000))).toEqual(
    refusal('/ts is 3601 s ahead of the clock of the server; 3600 s are allowed. Set the clock of the device.'),
  );
  const wide = { ...defaultPayloadLimits, maxFutureMs: Number.MAX_SAFE_INTEGER };
  expect(parse(at(maxTimestampMs), wide)).toEqual([{ key: 'a', ts: maxTimestampMs, value: 1 }]);
});

test('it comes to the same as a slow exact model', () => {
  fc.assert(
    fc.property(telemetryText(), (text) => {
      expect(parse(text)).toEqual(model(text));
    }),
    { numRuns: 3000 },
  );
});

test('what stringify writes comes back', () => {
  const values = fc.dictionary(
    fc.stringMatching(/^[a-z]{1,8}$/).filter((key) => key !== 'ts' && key !== 'values'),
    fc.oneof(fc.maxSafeInteger(), fc.boolean(), fc.stringMatching(/^[a-z ]{0,20}$/)),
  );
  fc.assert(
    fc.property(values, (given) => {
      const points = parse(JSON.stringify(given));
      expect(points).toEqual(Object.entries(given).map(([key, value]) => now(key, value === 0 ? 0 : value)));
    }),
  );
});

/** JSON as hostile devices write it: numbers in every notation, keys that clash, forms that are nearly right. */
function telemetryText(): fc.Arbitrary<string> {
  const number = fc.oneof(
    fc.integer().map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.stringMatching(/^-?(0|[1-9][0-9]{0,20})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?$/),
  );
  const scalar = fc.oneof(
    { weight: 3, arbitrary: number },
    { weight: 1, arbitrary: fc.constantFrom('true', 'false', 'null') },
    { weight: 1, arbitrary: fc.oneof(number, fc.string({ unit: 'binary' })).map((text) => JSON.stringify(text)) },
  );
  const key = fc.constantFrom('a', 'b', '1', 'ts', 'values', '__proto__', '', 'é').map((text) => JSON.stringify(text));
  const { value } = fc.letrec<{ value: string; object: string }>((tie) => ({
    object: fc
      .array(fc.tuple(key, tie('value')), { maxLength: 4 })
      .map((all) => `{${all.map((one) => one.join(':'))}}`),
    value: fc.oneof(
      { maxDepth: 4, depthIdentifier: 'json' },
      scalar,
      tie('object'),
      fc.array(tie('value'), { maxLength: 3 }).map((all) => `[${all.join(' ,')}]`),
    ),
  }));
  const timestamped = fc
    .tuple(fc.oneof(fc.nat(3).map(String), number), fc.array(fc.tuple(key, scalar), { maxLength: 4 }))
    .map(([ts, all]) => `{"ts":${ts},"values":{${all.map((one) => one.join(':'))}}}`);
  const message = fc.oneof(value, timestamped);
  return fc.oneof(
    message,
    fc
      .array(fc.oneof({ weight: 3, arbitrary: timestamped }, { weight: 1, arbitrary: value }), { maxLength: 4 })
      .map((all) => `[${all}]`),
  );
}

/** The rules of reference §1.3, one after the other. */
function model(text: string): unknown {
  const invalid = expect.objectContaining({ code: 'invalid_payload' });
  const message = parseExactly(text);
  const objects = Array.isArray(message) ? message : [message];
  const points = new Map<string, TelemetryPoint>();
  for (const object of objects) {
    if (!(object instanceof Map)) return invalid;
    let [ts, values]: [number, ExactJson] = [nowMs, object];
    const [time, inner] = [object.get('ts'), object.get('values')];
    if (time !== undefined && inner !== undefined) {
      const source = typeof time === 'string' && /^\d{1,15}$/.test(time) ? time : sourceOf(time);
      if (source === undefined) return invalid;
      const read = exactDecimal(source);
      if (typeof read !== 'number' || !Number.isInteger(read) || read < 0 || read > nowMs + hourMs) return invalid;
      ts = read;
      values = inner;
    }
    if (!(values instanceof Map)) return invalid;
    for (const [key, value] of inMemberOrder(values)) {
      if (value === null) continue;
      if (key.trim() === '') return invalid;
      const stored = modelValue(value);
      if (stored === undefined) return invalid;
      points.set(JSON.stringify([ts, key]), { key, ts, value: stored });
    }
  }
  return [...points.values()];
}

const sourceOf = (value: ExactJson): string | undefined =>
  typeof value === 'object' && value !== null && 'source' in value ? value.source : undefined;

/** JavaScript lists members whose names are small integers first. */
const inMemberOrder = (object: ReadonlyMap<string, ExactJson>): [string, ExactJson][] =>
  Object.entries(Object.fromEntries(object));

function modelValue(value: ExactJson): TelemetryValue | undefined {
  const source = sourceOf(value);
  if (source !== undefined) return exactDecimal(source);
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return { json: modelJson(value) };
  return /^-?(\d+|\d*\.\d+)$/.test(value) ? exactDecimal(value) : value.toWellFormed();
}

function modelJson(value: ExactJson): string {
  const source = sourceOf(value);
  if (source !== undefined) {
    const read = exactDecimal(source);
    return typeof read === 'number' ? String(read) : source;
  }
  if (Array.isArray(value)) return `[${value.map(modelJson)}]`;
  if (value instanceof Map) {
    return `{${inMemberOrder(value).map(([key, member]) => `${JSON.stringify(key)}:${modelJson(member)}`)}}`;
  }
  return JSON.stringify(value);
}
