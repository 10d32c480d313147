import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Cursor } from './cursor.ts';

/** A string of MQTT, its length in two bytes before it. */
function encoded(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length >> 8, bytes.length & 0xff]), bytes]);
}

function readRepeated(cursor: Cursor, field: Buffer): string | undefined {
  // Other bytes stand around it, and it is at another place each time.
  const before = Buffer.alloc(field.length % 5, 0x41);
  const bytes = Buffer.concat([before, field, Buffer.from('AAA')]);
  cursor.reset(bytes, before.length, before.length + field.length);
  const text = cursor.repeatedText();
  return cursor.fault === undefined ? text : undefined;
}

test('a topic that is repeated is the one that was sent, after whatever came before it', () => {
  const topic = fc.oneof(
    fc.constantFrom(
      'v2/t',
      'v2/a',
      'v1/devices/me/telemetry',
      'v1/devices/me/telemetrz',
      'w1/devices/me/telemetry',
      '',
    ),
    fc.string({ unit: fc.constantFrom('a', 'b', '/'), maxLength: 3 }),
    fc.string({ unit: fc.constantFrom('é', 'a', '漢'), maxLength: 70 }).map((text) => text.toWellFormed()),
    fc.constantFrom(62, 63, 64, 65, 66).map((length) => 't'.repeat(length)),
  );
  fc.assert(
    fc.property(fc.array(topic, { maxLength: 30 }), (topics) => {
      const cursor = new Cursor();
      for (const one of topics) expect(readRepeated(cursor, encoded(one))).toBe(one);
    }),
    { seed: 20_260_105, numRuns: 1000 },
  );
});

test('the remembered topic is kept when the bytes that it was read from are overwritten', () => {
  const cursor = new Cursor();
  const bytes = encoded('v1/devices/me/telemetry');
  cursor.reset(bytes, 0, bytes.length);
  expect(cursor.repeatedText()).toBe('v1/devices/me/telemetry');
  bytes.write('v1/devices/me/attribute', 2);
  cursor.reset(bytes, 0, bytes.length);
  expect(cursor.repeatedText()).toBe('v1/devices/me/attribute');
});

test('a topic that is no string of MQTT is refused each time, and forgets nothing', () => {
  const cursor = new Cursor();
  const bad = [Buffer.from('a\0b'), Buffer.from([0x61, 0xff, 0x62])].map(encoded);
  for (let round = 0; round < 2; round++) {
    for (const one of bad) {
      expect(readRepeated(cursor, one)).toBeUndefined();
      expect(readRepeated(cursor, encoded('abc'))).toBe('abc');
    }
    expect(readRepeated(cursor, Buffer.from([0, 9, 0x61]))).toBeUndefined();
  }
});

test('what may be a secret is never compared with what was remembered', () => {
  const cursor = new Cursor();
  readRepeated(cursor, encoded('secret-1'));
  const bytes = encoded('secret-2');
  cursor.reset(bytes, 0, bytes.length);
  expect(cursor.text()).toBe('secret-2');
  // Nor remembered itself.
  expect(readRepeated(cursor, encoded('secret-1'))).toBe('secret-1');
});
