/**
 * A CSV file in parts that are imported one after the other. Browsers read an answer only when the whole request has
 * been sent, and the server goes no further than its answers are read: with a large file in one request, both would
 * wait for each other. A part is small enough to lie in the buffers between them.
 */
import { parseRecords } from './csv-preview.ts';

export interface CsvPart {
  /** Whole records, without header. */
  readonly text: string;
  /** Of the file, where its first line stands, counted from 1. */
  readonly firstLine: number;
  /** Rows that name a device which an earlier row has named. They are blank lines in the text. */
  readonly duplicates: readonly { readonly line: number; readonly name: string; readonly firstLine: number }[];
}

export interface CsvPartsOptions {
  readonly delimiter: string;
  readonly hasHeader: boolean;
  /** Which cell is the name of the device, from 0. */
  readonly nameIndex: number;
  readonly partChars?: number;
}

/** Fits into the buffers of sockets that nobody reads from. */
const defaultPartChars = 128 * 1024;
/** The longest record of the server: a quote that does not end within it is a stray one. */
const longestRecordChars = 64 * 1024;

export async function* partsOf(file: Blob, options: CsvPartsOptions): AsyncGenerator<CsvPart> {
  const { delimiter, hasHeader, nameIndex, partChars = defaultPartChars } = options;
  const seen = new Map<string, number>();
  let line = 1;
  let skipsHeader = hasHeader;
  let records: string[] = [];
  let chars = 0;
  let firstLine = 1;
  let duplicates: { line: number; name: string; firstLine: number }[] = [];

  const take = (record: string): void => {
    const lines = countLineEnds(record);
    const isBlank = record.trim() === '';
    if (skipsHeader && !isBlank) {
      skipsHeader = false;
      line += lines;
      firstLine = line;
      return;
    }
    if (records.length === 0) firstLine = line;
    const name = isBlank ? '' : nameOf(record, delimiter, nameIndex);
    const knownLine = name === '' ? undefined : seen.get(name);
    if (knownLine === undefined) {
      if (name !== '') seen.set(name, line);
      records.push(record);
      chars += record.length;
    } else {
      duplicates.push({ line, name, firstLine: knownLine });
      records.push('\n'.repeat(lines));
    }
    line += lines;
  };
  const flush = (): CsvPart => {
    const part = { text: records.join(''), firstLine, duplicates };
    records = [];
    duplicates = [];
    chars = 0;
    return part;
  };

  let rest = '';
  for await (const text of textOf(file)) {
    rest += text;
    let at = 0;
    for (;;) {
      const end = recordEnd(rest, at);
      if (end === -1) break;
      take(rest.slice(at, end));
      at = end;
      if (chars >= partChars) yield flush();
    }
    rest = rest.slice(at);
  }
  // What the end of the file leaves open: a last line without its end, or a quote that never closes.
  for (let at = 0; at < rest.length; ) {
    const end = recordEnd(rest, at);
    const lineEnd = rest.indexOf('\n', at) + 1;
    const next = end !== -1 ? end : lineEnd > 0 ? lineEnd : rest.length;
    take(rest.slice(at, next));
    at = next;
  }
  if (records.length > 0) yield flush();
}

/** Behind the record that begins at `from`; -1 when its end is not there yet. */
function recordEnd(text: string, from: number): number {
  const lineEnd = text.indexOf('\n', from);
  if (lineEnd === -1) return -1;
  const quote = text.indexOf('"', from);
  if (quote === -1 || quote > lineEnd) return lineEnd + 1;
  let isQuoted = false;
  let isCellStart = true;
  for (let i = from; i < text.length; i++) {
    if (i - from > longestRecordChars) return lineEnd + 1;
    const char = text[i];
    if (isQuoted) {
      if (char !== '"') continue;
      if (text[i + 1] === '"') i++;
      else isQuoted = false;
    } else if (char === '\n') return i + 1;
    else if (char === '"' && isCellStart) isQuoted = true;
    else isCellStart = char === ',' || char === ';' || char === '\t' || (isCellStart && char === ' ');
  }
  return -1;
}

function nameOf(record: string, delimiter: string, index: number): string {
  if (!record.includes('"')) return (record.replace(/\n$/, '').split(delimiter, index + 1)[index] ?? '').trim();
  return (parseRecords(record, delimiter, 1)[0]?.[index] ?? '').trim();
}

function countLineEnds(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count++;
  return count;
}

/** As text with one form of line end. */
async function* textOf(file: Blob): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  const reader = file.stream().getReader();
  let endsWithReturn = false;
  for (;;) {
    const { done, value } = await reader.read();
    let text = done ? decoder.decode() : decoder.decode(value, { stream: true });
    if (endsWithReturn && text !== '') {
      if (text.startsWith('\n')) text = text.slice(1);
      endsWithReturn = false;
    }
    if (text.endsWith('\r')) endsWithReturn = true;
    if (text !== '') yield text.includes('\r') ? text.replaceAll(/\r\n?/g, '\n') : text;
    if (done) return;
  }
}
