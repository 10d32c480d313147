import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createBatchPacker } from '../batch-packer.ts';
import type { TelemetryMessage } from '../store.ts';
import { BatchNames, type NamedBatch } from './batch-names.ts';

const message = (deviceId: string, ...keys: string[]): TelemetryMessage => ({
  tenantId: 't',
  deviceId,
  points: keys.map((key, ts) => ({ key, ts, value: ts })),
});

function pointsOf({ names, device, count, key, ts }: NamedBatch): string[] {
  let p = 0;
  return [...device].flatMap((number, m) => {
    const of = names.devices[number];
    return Array.from({ length: count[m] ?? 0 }, () => {
      const at = p++;
      return `${of?.tenantId}/${of?.deviceId}/${names.keys[key[at] ?? 0]}@${ts[at]}`;
    });
  });
}
const pointsIn = (messages: readonly TelemetryMessage[]): string[] =>
  messages.flatMap(({ tenantId, deviceId, points }) =>
    points.map(({ key, ts }) => `${tenantId}/${deviceId}/${key.toWellFormed()}@${ts}`),
  );

test('points arrive under the names they left with, also when numbering begins anew while batches wait', () => {
  const name = fc.oneof(
    fc.constantFrom('a', 'b', 'c', 'd', '__proto__', '\ud800', '\udc00'),
    fc.string({ unit: 'binary' }),
  );
  const messages = fc.array(
    fc.record({
      tenantId: fc.constantFrom('t', 'u'),
      deviceId: fc.constantFrom('d1', 'd2', 'd3', 'd4', 'd5'),
      points: fc.array(fc.record({ key: name, ts: fc.nat(), value: fc.nat() }), { maxLength: 5 }),
    }),
    { maxLength: 5 },
  );
  fc.assert(
    fc.property(
      fc.array(messages, { maxLength: 20 }),
      fc.nat({ max: 6 }),
      fc.nat({ max: 6 }),
      (batches, devices, keys) => {
        const packer = createBatchPacker({ devices: devices + 1, keys: keys + 1 });
        const names = new BatchNames();
        // All are received before the first is looked at: they wait with the names they came with.
        const received = batches.map((batch) => names.take(packer.pack(batch)));
        expect(received.map(pointsOf)).toEqual(batches.map(pointsIn));
      },
    ),
  );
});

test('names cross once, as long as there are not too many', () => {
  const packer = createBatchPacker({ devices: 2, keys: 10 });
  const batch = [message('d', 'a', 'b')];
  expect(packer.pack(batch)).toMatchObject({ newDevices: [{ deviceId: 'd' }], newKeys: ['a', 'b'] });
  expect(packer.pack(batch)).toMatchObject({ newDevices: [], newKeys: [] });
  expect(packer.pack([message('e', 'b', 'c')])).toMatchObject({ firstDevice: 1, firstKey: 2, newKeys: ['c'] });
  expect(packer.pack(batch)).toMatchObject({ firstDevice: 0, firstKey: 0, newKeys: ['a', 'b'] });
});

test('after a batch that could not be packed numbering begins anew: its names were never sent', () => {
  const packer = createBatchPacker();
  const names = new BatchNames();
  names.take(packer.pack([message('d', 'a')]));
  const bad = { tenantId: 't', deviceId: 'e', points: [{ key: 'new', ts: 0.5, value: 1 }] };
  expect(() => packer.pack([bad])).toThrow(RangeError);
  const batch = [message('f', 'x', 'a')];
  expect(pointsOf(names.take(packer.pack(batch)))).toEqual(pointsIn(batch));
});

test('a batch whose names went with one that is missing is refused', () => {
  const packer = createBatchPacker();
  const names = new BatchNames();
  names.take(packer.pack([message('d', 'a')]));
  packer.pack([message('e', 'a')]);
  expect(() => names.take(packer.pack([message('f', 'a')]))).toThrow(/missing/);
});
