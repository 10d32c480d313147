/**
 * Reads CSV as it arrives (RFC 4180), record by record, and survives what is wrong with one: a faulty record is
 * reported and reading goes on with the line after it. (csv-parse loses the rows that follow a stray quote, silently;
 * it is the reference in the tests.)
 *
 * Accepted beyond RFC 4180: line ends `\n`, `\r\n` and `\r`; a quote inside of an unquoted cell (`5" pipe`); blanks
 * around a quoted cell; a different number of cells in each record. Empty lines are skipped.
 */

/** `line` is where the record begins, counted from 1. */
export type CsvRecord =
  | { readonly line: number; readonly cells: readonly string[] }
  | { readonly line: number; readonly fault: string };

export interface CsvOptions {
  readonly delimiter: ',' | ';' | '\t';
  /** Longest record, characters: what is held in memory of an unfinished one. */
  readonly maxRecordLength: number;
}

interface Scanned {
  readonly cells: string[];
  /** Index after the record and its line end. */
  readonly next: number;
}

export class CsvReader {
  readonly #options: CsvOptions;
  /** What has not been read yet; begins at the start of a line. */
  #text = '';
  #line = 1;
  /** A record has been reported as too long and its end has not arrived. */
  #skipsLine = false;
  /** The text so far ended with `\r`: a `\n` that comes next belongs to it. */
  #endsWithReturn = false;

  constructor(options: CsvOptions) {
    this.#options = options;
  }

  /** @returns the records that the text completes */
  push(text: string): CsvRecord[] {
    // One form of line end, so that nothing below has to think of three.
    let rest = this.#endsWithReturn && text.startsWith('\n') ? text.slice(1) : text;
    if (text !== '') this.#endsWithReturn = text.endsWith('\r');
    if (rest.includes('\r')) rest = rest.replaceAll(/\r\n?/g, '\n');
    this.#text += rest;
    return this.#read(false);
  }

  /** @returns the last record, if the text did not end with a line end */
  end(): CsvRecord[] {
    return this.#read(true);
  }

  #read(isEnd: boolean): CsvRecord[] {
    const text = this.#text;
    const records: CsvRecord[] = [];
    let at = 0;
    while (at < text.length) {
      const lineEnd = text.indexOf('\n', at);
      if (this.#skipsLine) {
        if (lineEnd === -1) {
          at = text.length;
          break;
        }
        this.#skipsLine = false;
        at = lineEnd + 1;
        this.#line++;
        continue;
      }
      if (lineEnd === at) {
        at++;
        this.#line++;
        continue;
      }
      const scanned = this.#scan(text, at, lineEnd, isEnd);
      if (scanned === 'unfinished') break;
      if (typeof scanned === 'string') {
        records.push({ line: this.#line, fault: scanned });
        // Whatever was meant, the next line is a new try.
        if (lineEnd === -1) {
          this.#skipsLine = true;
          at = text.length;
        } else {
          at = lineEnd + 1;
          this.#line++;
        }
        continue;
      }
      records.push({ line: this.#line, cells: scanned.cells });
      this.#line += lineEnd === -1 || scanned.next === lineEnd + 1 ? 1 : countLines(text, at, scanned.next);
      at = scanned.next;
    }
    this.#text = text.slice(at);
    return records;
  }

  /** @returns the record at `at`; `unfinished` when more of it must come; otherwise what is wrong with it */
  #scan(text: string, at: number, lineEnd: number, isEnd: boolean): Scanned | string {
    const { delimiter, maxRecordLength } = this.#options;
    const tooLong = `The line is longer than ${maxRecordLength} characters.`;
    const end = lineEnd === -1 ? text.length : lineEnd;
    if (end - at > maxRecordLength) return tooLong;
    const quote = text.indexOf('"', at);
    if (quote === -1 || quote > end) {
      if (lineEnd === -1 && !isEnd) return 'unfinished';
      return { cells: text.slice(at, end).split(delimiter), next: end + 1 };
    }
    return this.#scanQuoted(text, at, isEnd);
  }

  /** As `#scan` for a record with a quote in it. */
  #scanQuoted(text: string, start: number, isEnd: boolean): Scanned | string {
    const { delimiter, maxRecordLength } = this.#options;
    const limit = Math.min(text.length, start + maxRecordLength + 1);
    const isCut = limit < text.length;
    const cells: string[] = [];
    let at = start;
    for (;;) {
      // One cell: its text and where it ends.
      let from = at;
      while (from < limit && isBlank(text[from], delimiter)) from++;
      if (text[from] === '"' && from < limit) {
        let closing = from;
        do {
          closing = text.indexOf('"', closing + 1);
          // An escaped quote is two of them; the second one is passed over.
          if (closing !== -1 && text[closing + 1] === '"') closing++;
          else break;
        } while (closing < limit);
        if (closing === -1 || closing >= limit) {
          if (!isCut && !isEnd) return 'unfinished';
          return 'A quoted cell is never closed.';
        }
        // Whether another quote follows is not known yet.
        if (closing === text.length - 1 && !isEnd) return 'unfinished';
        cells.push(text.slice(from + 1, closing).replaceAll('""', '"'));
        at = closing + 1;
        while (at < limit && isBlank(text[at], delimiter)) at++;
      } else {
        from = at;
        while (at < limit && text[at] !== delimiter && text[at] !== '\n') at++;
        cells.push(text.slice(from, at));
      }
      if (at >= limit) {
        if (isCut) return `The line is longer than ${maxRecordLength} characters.`;
        return isEnd ? { cells, next: text.length } : 'unfinished';
      }
      if (text[at] === '\n') return { cells, next: at + 1 };
      if (text[at] !== delimiter) return 'After a closing quote comes something else than a delimiter.';
      at++;
    }
  }
}

function isBlank(char: string | undefined, delimiter: string): boolean {
  return char === ' ' || (char === '\t' && delimiter !== '\t');
}

function countLines(text: string, from: number, to: number): number {
  let lines = 0;
  for (let at = text.indexOf('\n', from); at !== -1 && at < to; at = text.indexOf('\n', at + 1)) lines++;
  return Math.max(lines, 1);
}
