/** The bytes of a request as CSV records: encoding and delimiter are found out, sizes are limited. */
import { TextDecoder } from 'node:util';
import { AppError } from '../errors.ts';
import { type CsvOptions, CsvReader, type CsvRecord } from '../lib/csv-reader.ts';
import { maxBytes, maxLineLength } from './limits.ts';

/**
 * Yields the records that each chunk completes.
 * @param limitBytes of the whole file
 * @throws AppError `payload_too_large` behind the last record that was complete before the limit
 */
export async function* readCsv(
  source: AsyncIterable<Uint8Array>,
  limitBytes: number = maxBytes,
): AsyncGenerator<CsvRecord[]> {
  let decoder: TextDecoder | undefined;
  let reader: CsvReader | undefined;
  /** Until the first line is whole, for it tells the delimiter. */
  let start = '';
  let sizeBytes = 0;
  for await (const chunk of source) {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes) {
      throw new AppError('payload_too_large', `The file is larger than ${limitBytes} bytes: import it in parts.`);
    }
    // A byte order mark of UTF-16 in two chunks of one byte each is nobody's file.
    decoder ??= new TextDecoder(encodingOf(chunk));
    const text = decoder.decode(chunk, { stream: true });
    if (reader !== undefined) {
      yield reader.push(text);
      continue;
    }
    start += text;
    if (firstLine(start) === undefined && start.length <= maxLineLength) continue;
    reader = open(start);
    yield reader.push(start);
  }
  if (decoder === undefined) return;
  const rest = decoder.decode();
  if (reader === undefined) {
    reader = open(start + rest);
    yield reader.push(start + rest);
  } else {
    yield reader.push(rest);
  }
  yield reader.end();
}

/** UTF-8 unless a byte order mark says UTF-16 ("Unicode text" of spreadsheets); the decoder removes the mark. */
function encodingOf(chunk: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (chunk[0] === 0xff && chunk[1] === 0xfe) return 'utf-16le';
  return chunk[0] === 0xfe && chunk[1] === 0xff ? 'utf-16be' : 'utf-8';
}

function firstLine(text: string): string | undefined {
  return /^[\r\n]*([^\r\n]+)[\r\n]/.exec(text)?.[1];
}

function open(text: string): CsvReader {
  return new CsvReader({ delimiter: delimiterOf(firstLine(text) ?? text), maxRecordLength: maxLineLength });
}

/** The one that stands most often in the line outside of quotes; a comma when none does. */
export function delimiterOf(line: string): CsvOptions['delimiter'] {
  const counts = { ',': 0, ';': 0, '\t': 0 };
  let isQuoted = false;
  for (const char of line) {
    if (char === '"') isQuoted = !isQuoted;
    else if (!isQuoted && (char === ',' || char === ';' || char === '\t')) counts[char]++;
  }
  let best: CsvOptions['delimiter'] = ',';
  for (const delimiter of [';', '\t'] as const) if (counts[delimiter] > counts[best]) best = delimiter;
  return best;
}
