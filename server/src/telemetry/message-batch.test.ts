import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBatchPacker } from './batch-packer.ts';
import { valueAt, valueKind } from './columns.ts';
import { BatchNames } from './engine/batch-names.ts';
import { KeyNames } from './key-names.ts';
import { MessageBatch, messagesOf } from './message-batch.ts';
import type { TelemetryMessage, TelemetryPoint } from './store.ts';

const device = { tenantId: 't', deviceId: 'd' };

const message = (): fc.Arbitrary<TelemetryMessage> => {
  const point: fc.Arbitrary<TelemetryPoint> = fc.record({
    key: fc.constantFrom('a', 'b', 'c', 'temperature'),
    ts: fc.maxSafeNat(),
    value: fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.boolean(),
      fc.string({ unit: 'grapheme' }),
      fc.json().map((json) => ({ json })),
    ),
  });
  return fc.record({
    tenantId: fc.constantFrom('t1', 't2'),
    deviceId: fc.constantFrom('d1', 'd2', 'd3'),
    points: fc.array(point, { maxLength: 6 }),
  });
};

test('messages come back from the columns as they were', () => {
  fc.assert(
    fc.property(fc.array(message(), { maxLength: 100, size: 'max' }), (messages) => {
      expect(messagesOf(MessageBatch.of(messages))).toEqual(messages);
    }),
    { seed: 20_260_103, numRuns: 200 },
  );
});

test('what was put and dropped is nowhere, and what comes after it is whole', () => {
  const batch = new MessageBatch(new KeyNames());
  batch.add(device, [{ key: 'a', ts: 1, value: 'first' }]);
  batch.putValue(batch.keys.ofText('b'), 2, 'dropped');
  batch.putValue(batch.keys.ofText('b'), 3, 4);
  expect(batch.staged).toBe(2);
  batch.drop();
  expect([batch.staged, batch.points, batch.messages, batch.texts]).toEqual([0, 1, 1, ['first']]);
  batch.add(device, [{ key: 'c', ts: 5, value: 'second' }]);
  expect([batch.pointsOf(0), batch.pointsOf(1)]).toEqual([
    [{ key: 'a', ts: 1, value: 'first' }],
    [{ key: 'c', ts: 5, value: 'second' }],
  ]);
});

test('a message with a time that is no whole millisecond is not added, and leaves nothing', () => {
  const batch = new MessageBatch(new KeyNames());
  const points = [
    { key: 'a', ts: 1, value: 1 },
    { key: 'a', ts: 1.5, value: 1 },
  ];
  expect(() => batch.add(device, points)).toThrow(RangeError);
  expect([batch.messages, batch.points, batch.staged]).toEqual([0, 0, 0]);
});

test('a batch that was cleared holds what came after', () => {
  const batch = MessageBatch.of([{ ...device, points: [{ key: 'a', ts: 1, value: 'x' }] }]);
  batch.clear(new KeyNames());
  expect(messagesOf(batch)).toEqual([]);
  batch.add(device, [{ key: 'b', ts: 2, value: 'y' }]);
  expect(messagesOf(batch)).toEqual([{ ...device, points: [{ key: 'b', ts: 2, value: 'y' }] }]);
});

test('without some devices the messages of the others stay in their order', () => {
  const messages = ['a', 'gone', 'b', 'gone'].map((deviceId, i) => ({
    tenantId: 't',
    deviceId,
    points: [{ key: deviceId, ts: i, value: `text ${i}` }],
  }));
  const left = MessageBatch.of(messages).without(({ deviceId }) => deviceId === 'gone');
  expect(messagesOf(left)).toEqual([messages[0], messages[2]]);
});

test('an infinite number is kept as its text, and half a surrogate pair as what can be stored', () => {
  const batch = MessageBatch.of([{ ...device, points: [{ key: 'k\ud800', ts: 1, value: Infinity }] }]);
  expect(batch.kind[0]).toBe(valueKind.text);
  expect(batch.pointsOf(0)).toEqual([{ key: 'k\ufffd', ts: 1, value: 'Infinity' }]);
});

test('the storage thread finds the same points, whoever gave the keys their numbers', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.array(message(), { maxLength: 5 }), fc.boolean(), fc.boolean()), { maxLength: 8 }),
      (batches) => {
        const packer = createBatchPacker({ devices: 4, keys: 3 });
        const other = new BatchNames();
        let keys = new KeyNames();
        for (const [messages, isRenewed, isReset] of batches) {
          if (isRenewed) keys = new KeyNames();
          if (isReset) packer.reset();
          const named = other.take(structuredClone(packer.pack(MessageBatch.of(messages, keys))));
          let p = 0;
          const found = [...named.count].map((count, m) => {
            const { tenantId, deviceId } = named.names.devices[named.device[m] ?? 0] ?? {};
            const points = Array.from({ length: count }, () => {
              const point = { key: named.names.keys[named.key[p] ?? 0], ts: named.ts[p], value: valueAt(named, p) };
              p++;
              return point;
            });
            return { tenantId, deviceId, points };
          });
          expect(found).toEqual(messages);
        }
      },
    ),
    { seed: 20_260_104, numRuns: 300 },
  );
});
