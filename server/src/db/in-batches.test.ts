import fc from 'fast-check';
import { expect, test } from 'vitest';
import { inBatches } from './in-batches.ts';

test('batches hold every row once, in order, in sizes that are powers of two up to 128', () => {
  fc.assert(
    fc.property(fc.nat({ max: 1000 }), (count) => {
      const rows = Array.from({ length: count }, (_, i) => i);
      const batches = [...inBatches(rows)];
      expect(batches.flat()).toEqual(rows);
      for (const { length } of batches) {
        expect(length).toBeLessThanOrEqual(128);
        expect(Math.log2(length) % 1).toBe(0);
      }
    }),
  );
});
