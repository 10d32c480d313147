/** The beginning of a CSV file, as the server will read it: encoding, delimiter, header, columns. */

export interface CsvPreview {
  readonly delimiter: ',' | ';' | '\t';
  /** The first records, as they stand in the file. */
  readonly records: readonly (readonly string[])[];
}

/** Enough for a first line of the greatest length that the server takes. */
const previewBytes = 256 * 1024;
const previewRecords = 6;

/** The same text as UTF-8; what spreadsheets call "Unicode text" is UTF-16. */
export async function toUtf8(file: Blob): Promise<Blob> {
  const [a, b] = new Uint8Array(await file.slice(0, 2).arrayBuffer());
  const encoding = a === 0xff && b === 0xfe ? 'utf-16le' : a === 0xfe && b === 0xff ? 'utf-16be' : null;
  return encoding === null ? file : new Blob([new TextDecoder(encoding).decode(await file.arrayBuffer())]);
}

export async function readPreview(file: Blob): Promise<CsvPreview> {
  const start = await file.slice(0, previewBytes).arrayBuffer();
  // Stops in the middle of a character perhaps, far behind what is shown.
  const text = new TextDecoder('utf-8').decode(start);
  const delimiter = delimiterOf(/^[\r\n]*([^\r\n]+)/.exec(text)?.[1] ?? '');
  return { delimiter, records: parseRecords(text, delimiter, previewRecords) };
}

/** The one that stands most often in the line outside of quotes; a comma when none does. */
export function delimiterOf(line: string): CsvPreview['delimiter'] {
  const counts = { ',': 0, ';': 0, '\t': 0 };
  let isQuoted = false;
  for (const char of line) {
    if (char === '"') isQuoted = !isQuoted;
    else if (!isQuoted && (char === ',' || char === ';' || char === '\t')) counts[char]++;
  }
  if (counts[';'] > counts[','] && counts[';'] >= counts['\t']) return ';';
  return counts['\t'] > counts[','] ? '\t' : ',';
}

/** The first records of a text (RFC 4180), blank lines are skipped. */
export function parseRecords(text: string, delimiter: string, count: number): string[][] {
  const records: string[][] = [];
  let cells: string[] = [];
  let cell = '';
  let isQuoted = false;
  const endRecord = (): void => {
    cells.push(cell);
    cell = '';
    if (cells.length > 1 || cells[0] !== '') records.push(cells);
    cells = [];
  };
  for (let i = 0; i < text.length && records.length < count; i++) {
    const char = text[i] ?? '';
    if (isQuoted) {
      if (char !== '"') cell += char;
      else if (text[i + 1] === '"') cell += text[++i];
      else isQuoted = false;
    } else if (char === '"' && cell === '') isQuoted = true;
    else if (char === delimiter) {
      cells.push(cell);
      cell = '';
    } else if (char === '\n' || char === '\r') {
      if (char === '\r' && text[i + 1] === '\n') i++;
      endRecord();
    } else cell += char;
  }
  if (records.length < count && (cell !== '' || cells.length > 0)) endRecord();
  return records;
}
