import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ByteReader, ByteWriter, DamagedError } from './bytes.ts';
import { decodeChunk, encodeChunk } from './chunk-codec.ts';
import { Points } from './points.ts';

type Value = number | string | boolean | { json: string };
const dayMs = 86_400_000;

function fill(entries: readonly (readonly [number, Value])[]): Points {
  const points = new Points(1);
  for (const [ts, value] of entries) {
    if (typeof value === 'number') points.add(ts, 0, value);
    else if (typeof value === 'string') points.add(ts, 1, 0, value);
    else if (typeof value === 'boolean') points.add(ts, 2, value ? 1 : 0);
    else points.add(ts, 3, 0, value.json);
  }
  return points;
}

function read(points: Points): [number, Value][] {
  return Array.from({ length: points.length }, (_, i) => {
    const number = points.number[i] ?? 0;
    const text = points.texts[number] ?? '';
    const value = [number, text, number === 1, { json: text }][points.kind[i] ?? 0] ?? 0;
    return [points.ts[i] ?? 0, value];
  });
}

function encode(points: Points): { bytes: Uint8Array; span: { firstMs: number; lastMs: number; count: number } } {
  const out = new ByteWriter(16);
  encodeChunk(out, points, 0, points.length);
  const span = { firstMs: points.ts[0] ?? 0, lastMs: points.ts[points.length - 1] ?? 0, count: points.length };
  return { bytes: out.copy(), span };
}

const number = fc.oneof(
  fc.integer().map((whole) => whole / 100),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.float({ noNaN: true, noDefaultInfinity: true }),
  fc.constantFrom(0, -0, 1e308, -1e308, 5e-324, 2 ** 53, -(2 ** 53), 2 ** 50, 0.1 + 0.2, 1e-9, 123456789.123),
);
const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('on', 'off', 'x'.repeat(500)));
const flag = fc.boolean();
const json = fc.json().map((written) => ({ json: written }));
const value = fc.oneof<fc.Arbitrary<Value>[]>(number, text, flag, json);
const times = fc.oneof(
  fc.uniqueArray(fc.integer({ min: 0, max: dayMs - 1 }), { minLength: 1, maxLength: 120 }),
  fc
    .tuple(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 1, max: 60_000 }), fc.integer({ min: 1, max: 300 }))
    .map(([first, step, count]) => Array.from({ length: count }, (_, i) => first + i * step)),
);
const base = fc.constantFrom(0, 1_790_000_000_000 - (1_790_000_000_000 % dayMs), -dayMs * 1000);

describe('a chunk', () => {
  for (const [name, one] of Object.entries({ number, text, flag, json, value })) {
    test(`gives back what went in: ${name}`, () => {
      fc.assert(
        fc.property(base, times, fc.infiniteStream<Value>(one as fc.Arbitrary<Value>), (start, ts, values) => {
          const sorted = [...ts].sort((a, b) => a - b);
          const entries = sorted.map((at): [number, Value] => [start + at, values.next().value as Value]);
          const { bytes, span } = encode(fill(entries));
          const out = new Points(1);
          out.add(-1, 1, 0, 'before');
          decodeChunk(bytes, span, out);
          expect(read(out).slice(1)).toEqual(entries);
        }),
        { numRuns: 150 },
      );
    });
  }

  test('a regular series of decimals takes a byte or two a point, a constant one nothing', () => {
    const temperature = fill(
      Array.from({ length: 1440 }, (_, i) => [i * 60_000, Math.round(2000 + 300 * Math.sin(i / 200)) / 100]),
    );
    expect(encode(temperature).bytes.length / 1440).toBeLessThan(1.2);
    const constant = fill(Array.from({ length: 1440 }, (_, i) => [i * 60_000, 42]));
    expect(encode(constant).bytes.length).toBeLessThan(16);
    const state = fill(Array.from({ length: 1440 }, (_, i) => [i * 60_000, i < 700 ? 'running' : 'stopped']));
    expect(encode(state).bytes.length).toBeLessThan(40);
    const flags = fill(Array.from({ length: 1440 }, (_, i) => [i * 60_000, i % 3 === 0]));
    expect(encode(flags).bytes.length / 1440).toBeLessThan(0.2);
  });

  test('damaged bytes are told or give other values, never hang or crash otherwise', () => {
    const entries = fc.array(value, { minLength: 2, maxLength: 40 });
    fc.assert(
      fc.property(entries, fc.nat(), fc.integer({ min: 1, max: 255 }), fc.boolean(), (values, place, flip, cut) => {
        const { bytes, span } = encode(fill(values.map((one, i) => [i * 1000 + (i % 3), one])));
        let damaged = bytes.slice();
        if (cut) damaged = damaged.subarray(0, place % bytes.length);
        else damaged[place % bytes.length] = (damaged[place % bytes.length] ?? 0) ^ flip;
        try {
          const out = new Points();
          decodeChunk(damaged, span, out);
          expect(out.length).toBe(span.count);
        } catch (error) {
          expect(error).toBeInstanceOf(DamagedError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

test('points are brought into order, and of one time the last one added stays', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 50 }), value), { maxLength: 80 }), (entries) => {
      const points = fill(entries);
      points.settle();
      const model = new Map(entries);
      expect(read(points)).toEqual([...model].sort(([a], [b]) => a - b));
    }),
  );
});

test('numbers of variable length come back', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -(2 ** 52), max: 2 ** 52 })), (numbers) => {
      const out = new ByteWriter(1);
      for (const one of numbers) {
        out.signed(one);
        out.varint(Math.abs(one));
      }
      const input = new ByteReader(out.copy());
      for (const one of numbers) {
        expect(input.signed()).toBe(one + 0);
        expect(input.varint()).toBe(Math.abs(one));
      }
      expect(() => input.byte()).toThrow(DamagedError);
    }),
  );
});
