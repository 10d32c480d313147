import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Outbox } from './outbox.ts';

type Put = {
  readonly box: number;
  readonly bytes: Buffer;
  readonly how: 'byte' | 'uint16' | 'uint32' | 'raw' | 'text';
};

const put = (): fc.Arbitrary<Put> =>
  fc.record({
    box: fc.nat(3),
    bytes: fc
      .oneof(
        { weight: 8, arbitrary: fc.uint8Array({ minLength: 4, maxLength: 40 }) },
        { weight: 1, arbitrary: fc.nat(9000).map((length) => new Uint8Array(length + 4).fill(length)) },
      )
      .map((bytes) => Buffer.from(bytes)),
    how: fc.constantFrom('byte', 'uint16', 'uint32', 'raw', 'text'),
  });

/** Appends in one of the ways; @returns what should stand there */
function append(box: Outbox, { bytes, how }: Put): Buffer {
  switch (how) {
    case 'byte':
      box.byte(bytes[0] ?? 0);
      return bytes.subarray(0, 1);
    case 'uint16':
      box.uint16(bytes.readUInt16BE());
      return bytes.subarray(0, 2);
    case 'uint32':
      box.uint32(bytes.readUInt32BE());
      return bytes.subarray(0, 4);
    case 'raw':
      box.raw(bytes);
      return bytes;
    case 'text': {
      const text = bytes.toString('hex');
      box.text(text);
      return Buffer.concat([Buffer.from([text.length >> 8, text.length & 0xff]), Buffer.from(text)]);
    }
  }
}

test('outputs that are written in turns come out whole, and stay so while others are written', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(put(), fc.nat(9)), { maxLength: 300, size: 'max' }), (steps) => {
      const boxes = Array.from({ length: 4 }, () => ({ box: new Outbox(), expected: [] as Buffer[] }));
      const taken: [Buffer, Buffer][] = [];
      const take = ({ box, expected }: (typeof boxes)[number]): void => {
        const whole = Buffer.concat(expected.splice(0));
        expect(box.length).toBe(whole.length);
        if (whole.length > 0) taken.push([box.take(whole.length % 3 === 0), whole]);
        expect(box.length).toBe(0);
      };
      for (const [step, end] of steps) {
        const one = boxes[step.box];
        if (one === undefined) continue;
        one.expected.push(append(one.box, step));
        if (end === 0) take(one);
      }
      for (const one of boxes) take(one);
      for (const [bytes, whole] of taken) expect(bytes.equals(whole)).toBe(true);
    }),
    { seed: 20_260_106, numRuns: 200 },
  );
});

test('what its client does not read keeps no memory but its own', () => {
  const [slow, other] = [new Outbox(), new Outbox()];
  const kept = Array.from({ length: 1000 }, () => {
    slow.uint32(0x40_02_00_01);
    other.raw(new Uint8Array(2000));
    other.take();
    return slow.take(true).buffer;
  });
  const bytes = [...new Set(kept)].reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(bytes).toBe(4 * 1000);
});
