import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { textCell, valueCell } from './csv-cell.ts';

test.each([
  ['=1+1', `'=1+1`],
  ['+1', `'+1`],
  ['-1', `'-1`],
  ['@SUM(A1)', `'@SUM(A1)`],
  ['\t=1', `'\t=1`],
  ['\r=1', `"'\r=1"`],
  ['=cmd|"/c calc",1', `"'=cmd|""/c calc"",1"`],
])('the text %j cannot become a formula', (text, cell) => {
  expect(textCell(text)).toBe(cell);
});

test('numbers and flags stay what they are, JSON is quoted, nothing is empty', () => {
  expect([-5, 1e-7, true, { json: '{"a":[1,2]}' }, null, ''].map(valueCell)).toEqual([
    '-5',
    '1e-7',
    'true',
    '"{""a"":[1,2]}"',
    '',
    '',
  ]);
});

test('any text comes back from a CSV reader as it went, with the one mark that disarms it', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { minLength: 2, maxLength: 5 }), (texts) => {
      const [cells] = parse(`${texts.map(textCell).join(',')}\r\n`, { relaxColumnCount: true }) as string[][];
      expect(cells).toEqual(texts.map((text) => (/^[=+\-@\t\r]/.test(text) ? `'${text}` : text)));
    }),
  );
});
