import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type CsvPart, partsOf } from './csv-parts.ts';
import { parseRecords } from './csv-preview.ts';

async function cut(text: string, partChars: number, hasHeader = false): Promise<CsvPart[]> {
  const parts: CsvPart[] = [];
  const options = { delimiter: ',', hasHeader, nameIndex: 0, partChars };
  for await (const part of partsOf(new Blob([text]), options)) parts.push(part);
  return parts;
}

test('parts hold every record once, in order, and know on which line of the file they begin', async () => {
  const cell = fc.oneof(fc.stringMatching(/^[a-z0-9]{1,5}$/), fc.stringMatching(/^[a-z\n,]{1,6}$/));
  const rows = fc.array(fc.tuple(cell, cell), { minLength: 1, maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 1, max: 60 }), async (given, partChars) => {
      const records = given.map(([a, b], i) => [`n${i}`, a, b]);
      const text = records.map((record) => `${record.map((each) => `"${each}"`).join(',')}\n`).join('');
      const parts = await cut(text, partChars);
      expect(parts.flatMap((part) => parseRecords(part.text, ',', 100))).toEqual(records);
      const lines = text.split('\n');
      for (const part of parts) expect(part.text.startsWith(lines[part.firstLine - 1] ?? '?')).toBe(true);
    }),
  );
});

test('a name that an earlier part had is left out, and its line stays', async () => {
  const parts = await cut('name,label\na,1\nb,2\n a ,3\nc,4\n', 1, true);
  expect(parts.map(({ text }) => text).join('')).toBe('a,1\nb,2\n\nc,4\n');
  expect(parts.flatMap(({ duplicates }) => duplicates)).toEqual([{ line: 4, name: 'a', firstLine: 2 }]);
  expect(parts.map(({ firstLine }) => firstLine)).toEqual([2, 3, 4]);
});

test('a quote that never ends takes one line with it, not the rest of the file', async () => {
  const text = `a,"open\n${Array.from({ length: 20_000 }, (_, i) => `n${i},x\n`).join('')}`;
  const parts = await cut(text, 1000);
  expect(parts.length).toBeGreaterThan(50);
  expect(parts.map((part) => part.text).join('')).toBe(text);
});

test('line ends of all systems are read, also when a file ends without one', async () => {
  const [part] = await cut('a,1\r\nb,2\rc,3', 1000);
  expect(part?.text).toBe('a,1\nb,2\nc,3');
});
