/** What an import leaves behind: rows that were left out and credentials of new devices, as CSV files or lines. */
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { ImportEvent } from '#contract/import.ts';
import { textCell } from '../telemetry/csv-cell.ts';

export type RowError = Extract<ImportEvent, { type: 'error' }>;
export type NewCredentials = Extract<ImportEvent, { type: 'credentials' }>;

export interface CsvFile {
  write(cells: readonly string[]): void;
  /** Resolves when everything is in the file. */
  end(): Promise<void>;
}

/** @param mode of the file; what holds secrets is for its owner alone */
export function createCsvFile(path: string, header: readonly string[], mode = 0o644): CsvFile {
  const stream = createWriteStream(path, { mode });
  const done = finished(stream);
  // Told by `end`; without a listener here a full disk would end the program before.
  done.catch(() => {});
  const write = (cells: readonly string[]): void => void stream.write(`${cells.map(textCell).join(',')}\r\n`);
  write(header);
  return {
    write,
    end() {
      stream.end();
      return done;
    },
  };
}

export const errorHeader = ['line', 'column', 'code', 'name', 'reason'];
export function errorCells({ line, column, code, name, reason }: RowError): string[] {
  return [String(line), column ?? '', code, name ?? '', reason];
}

export const credentialsHeader = ['name', 'deviceId', 'credentialsType', 'token', 'clientId', 'userName', 'password'];
export function credentialsCells({ name, deviceId, credentials }: NewCredentials): string[] {
  // Keys of JWT credentials come with the NDJSON answer alone: they have no column.
  if (credentials.type === 'JWT') return [name, deviceId, credentials.type, '', '', '', ''];
  if (credentials.type === 'ACCESS_TOKEN') return [name, deviceId, credentials.type, credentials.token, '', '', ''];
  const { clientId = '', userName = '', password = '' } = credentials;
  return [name, deviceId, credentials.type, '', clientId, userName, password];
}

/** One line for a terminal: what comes from the file may hold control characters, which a terminal would obey. */
export function errorLine({ line, column, reason, name }: RowError): string {
  const where = column === undefined ? `line ${line}` : `line ${line}, ${column}`;
  return printable(`${where}: ${reason}${name === undefined || reason.includes(name) ? '' : ` (${name})`}`);
}

export function printable(text: string): string {
  return text.replaceAll(/\p{Cc}|\p{Cf}/gu, '\u{fffd}');
}
