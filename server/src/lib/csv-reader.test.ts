import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CsvOptions, CsvReader, type CsvRecord } from './csv-reader.ts';

function read(text: string, options: Partial<CsvOptions> = {}, chunkLength = 7): CsvRecord[] {
  const reader = new CsvReader({ delimiter: ',', maxRecordLength: 1000, ...options });
  const records: CsvRecord[] = [];
  for (let at = 0; at < text.length; at += chunkLength) records.push(...reader.push(text.slice(at, at + chunkLength)));
  records.push(...reader.end());
  return records;
}

const cells = (records: readonly CsvRecord[]) =>
  records.map((record) => ('fault' in record ? `fault in ${record.line}` : [record.line, ...record.cells]));

test.each([
  [
    'a,b\n1,2\n',
    [
      [1, 'a', 'b'],
      [2, '1', '2'],
    ],
  ],
  [
    'a,b\r\n1,2',
    [
      [1, 'a', 'b'],
      [2, '1', '2'],
    ],
  ],
  [
    'a\rb\r',
    [
      [1, 'a'],
      [2, 'b'],
    ],
  ],
  [
    'a\n\n\r\nb\n',
    [
      [1, 'a'],
      [4, 'b'],
    ],
  ],
  ['a,,b,\n', [[1, 'a', '', 'b', '']]],
  ['"a,b","c""d",""\n', [[1, 'a,b', 'c"d', '']]],
  [
    '"a\nb",c\nd\n',
    [
      [1, 'a\nb', 'c'],
      [3, 'd'],
    ],
  ],
  [
    '"a\r\nb"\r\nd',
    [
      [1, 'a\nb'],
      [3, 'd'],
    ],
  ],
  ['a, "b" ,c\n', [[1, 'a', 'b', 'c']]],
  [
    '5" pipe,x\ny\n',
    [
      [1, '5" pipe', 'x'],
      [2, 'y'],
    ],
  ],
  ['"a"', [[1, 'a']]],
  [
    '""\n""""\n',
    [
      [1, ''],
      [2, '"'],
    ],
  ],
  ['', []],
  ['\n\n', []],
])('%j is read as %j', (text, expected) => {
  for (const chunkLength of [1, 2, 3, 1000]) expect(cells(read(text, {}, chunkLength))).toEqual(expected);
});

test('semicolons and tabs separate as well', () => {
  expect(cells(read('a;b,c\n', { delimiter: ';' }))).toEqual([[1, 'a', 'b,c']]);
  expect(cells(read('a\t"b\tc"\t\n', { delimiter: '\t' }))).toEqual([[1, 'a', 'b\tc', '']]);
});

describe('a faulty record is reported with its line, and the lines after it are read', () => {
  test.each([
    ['text after a closing quote', 'a\n"x"y,2\nb\n', [[1, 'a'], 'fault in 2', [3, 'b']]],
    ['a quote that is never closed', 'a\n1,"open\nb\nc\n', [[1, 'a'], 'fault in 2', [3, 'b'], [4, 'c']]],
    [
      'a quote that is closed lines later',
      'a\n1,"open\nb\n2,"c"\nd',
      [[1, 'a'], 'fault in 2', [3, 'b'], [4, '2', 'c'], [5, 'd']],
    ],
    ['a line that is too long', `a\n${'x'.repeat(101)}\nb\n`, [[1, 'a'], 'fault in 2', [3, 'b']]],
    ['a last line that is too long', `a\n${'x'.repeat(500)}`, [[1, 'a'], 'fault in 2']],
    ['a quoted cell that is too long', `"${'x'.repeat(200)}",1\nb\n`, ['fault in 1', [2, 'b']]],
    ['a record that is too long behind its quotes', `"a",${'"b",'.repeat(50)}\nb\n`, ['fault in 1', [2, 'b']]],
  ])('%s', (_what, text, expected) => {
    for (const chunkLength of [1, 7, 64, 10_000]) {
      expect(cells(read(text, { maxRecordLength: 100 }, chunkLength))).toEqual(expected);
    }
  });
});

test('a line of exactly the limit is read', () => {
  const line = 'x'.repeat(100);
  expect(cells(read(`${line}\n`, { maxRecordLength: 100 }))).toEqual([[1, line]]);
  expect(cells(read(`${line}`, { maxRecordLength: 100 }))).toEqual([[1, line]]);
});

const cell = fc.string({
  unit: fc.constantFrom('a', '1', ' ', ',', ';', '"', '\n', 'é', '🚀', '=', '\t'),
  maxLength: 12,
});
const table = fc.array(fc.array(cell, { minLength: 1, maxLength: 5 }), { maxLength: 20 });
const quoted = (text: string): string => (/[",\n\t ]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

test('what is well-formed is read as csv-parse reads it, however it is cut into chunks', () => {
  fc.assert(
    fc.property(table, fc.constantFrom('\n', '\r\n'), fc.integer({ min: 1, max: 40 }), (rows, lineEnd, chunkLength) => {
      const text = rows.map((row) => row.map(quoted).join(',') + lineEnd).join('');
      const reference = parse(text, { relax_column_count: true, skip_empty_lines: true });
      const mine = read(text, {}, chunkLength).map((record) => ('cells' in record ? record.cells : record.fault));
      expect(mine).toEqual(reference);
    }),
  );
});

test('whatever arrives, every record is as short as the limit says, lines rise, and chunks make no difference', () => {
  const anything = fc.string({ unit: fc.constantFrom('a', ',', '"', '\n', '\r', ' '), maxLength: 300 });
  fc.assert(
    fc.property(anything, fc.integer({ min: 1, max: 20 }), (text, chunkLength) => {
      const records = read(text, { maxRecordLength: 40 }, chunkLength);
      expect(records).toEqual(read(text, { maxRecordLength: 40 }, text.length + 1));
      let line = 0;
      for (const record of records) {
        expect(record.line).toBeGreaterThan(line);
        line = record.line;
        if ('cells' in record) expect(record.cells.join('').length).toBeLessThanOrEqual(40);
      }
    }),
    { numRuns: 1000 },
  );
});
