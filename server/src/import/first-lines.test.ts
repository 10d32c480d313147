import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FirstLines } from './first-lines.ts';

test('a text is found with the line on which it stood first, however many there are', () => {
  const lines = new FirstLines();
  for (let i = 1; i <= 20_000; i++) expect(lines.claim(`device-${i}`, i)).toBeUndefined();
  for (let i = 1; i <= 20_000; i += 97) expect(lines.claim(`device-${i}`, 99_999)).toBe(i);
  expect(lines.claim('another', 5)).toBeUndefined();
});

test('it behaves as a map that keeps the first', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ maxLength: 2 }), { maxLength: 300 }), (texts) => {
      const lines = new FirstLines();
      const model = new Map<string, number>();
      texts.forEach((text, i) => {
        expect(lines.claim(text, i + 1)).toBe(model.get(text));
        if (!model.has(text)) model.set(text, i + 1);
      });
    }),
  );
});
