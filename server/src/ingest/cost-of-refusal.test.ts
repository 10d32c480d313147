import { afterEach, expect, test, vi } from 'vitest';
import { parseAttributes } from './parse-attributes.ts';
import { parseTelemetry } from './parse-telemetry.ts';
import { defaultPayloadLimits } from './payload-limits.ts';

/** What is refused must not cost more than what is taken: reading once more without loss takes ten times as long. */
afterEach(() => vi.restoreAllMocks());

const limits = { ...defaultPayloadLimits, maxPoints: 2, maxAttributes: 2 };
const many = Buffer.from('{"a":1234567890123456789,"b":1,"c":1}');

test.each([
  ['telemetry', () => parseTelemetry(many, 1, limits)],
  ['telemetry with times', () => parseTelemetry(Buffer.from(`[{"ts":1,"values":${many}}]`), 1, limits)],
  ['attributes', () => parseAttributes(many, limits)],
])('%s that are too many are read once, however long their numbers', (_what, parse) => {
  const parsing = vi.spyOn(JSON, 'parse');
  expect(parse()).toMatchObject({ code: 'invalid_payload', detail: expect.stringContaining('more than 2') });
  expect(parsing).toHaveBeenCalledTimes(1);
});

test('a text with e- in it is not taken for a number that may lose digits', () => {
  const parsing = vi.spyOn(JSON, 'parse');
  parseTelemetry(Buffer.from('{"model":"e-bike","t":1.5}'), 1, limits);
  expect(parsing).toHaveBeenCalledTimes(1);
  expect(parseTelemetry(Buffer.from('{"t":1.23456789012345678e-7}'), 1, limits)).toEqual([
    { key: 't', ts: 1, value: '0.000000123456789012345678' },
  ]);
});
