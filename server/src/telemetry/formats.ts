/** The answers of a range in JSON, CSV and NDJSON, piece by piece. */
import type { TelemetryFormat } from '#contract/telemetry.ts';
import { textCell, valueCell } from './csv-cell.ts';
import type { Row, SeriesPage } from './pages.ts';
import { valueToJson } from './value-text.ts';

export const contentTypes = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
  ndjson: 'application/x-ndjson; charset=utf-8',
} as const satisfies Record<TelemetryFormat, string>;

type Write = (
  pages: AsyncIterable<SeriesPage>,
  keys: readonly string[],
  columns: readonly string[],
) => AsyncGenerator<string>;

/** Each takes the pages key after key, in the order of `keys`. */
export const writers = { json: writeJson, csv: writeCsv, ndjson: writeNdjson } as const satisfies Record<
  TelemetryFormat,
  Write
>;

/** `{"<key>":[{"ts":…,"<column>":…},…],…}`; a key without points has an empty list. */
async function* writeJson(
  pages: AsyncIterable<SeriesPage>,
  keys: readonly string[],
  columns: readonly string[],
): AsyncGenerator<string> {
  let text = '{';
  /** How many keys have been begun. */
  let begun = 0;
  let rowsOfKey = 0;
  const begin = (key: string): void => {
    text += `${begun > 0 ? '],' : ''}${JSON.stringify(key)}:[`;
    begun++;
    rowsOfKey = 0;
  };
  for await (const { key, rows } of pages) {
    while (begun === 0 || keys[begun - 1] !== key) begin(keys[begun] ?? key);
    for (const row of rows) text += `${rowsOfKey++ > 0 ? ',' : ''}{${membersOf(row, columns)}}`;
    yield text;
    text = '';
  }
  while (begun < keys.length) begin(keys[begun] ?? '');
  yield `${text}${begun > 0 ? ']' : ''}}`;
}

/** One line for each point: `ts,key,value`, or `ts,key,avg,min`. */
async function* writeCsv(
  pages: AsyncIterable<SeriesPage>,
  _keys: readonly string[],
  columns: readonly string[],
): AsyncGenerator<string> {
  let text = `ts,key,${columns.join(',')}\r\n`;
  for await (const { key, rows } of pages) {
    const keyCell = textCell(key);
    for (const { ts, values } of rows) text += `${ts},${keyCell},${values.map(valueCell).join(',')}\r\n`;
    yield text;
    text = '';
  }
  yield text;
}

/** One object for each point: `{"ts":…,"key":…,"value":…}`. */
async function* writeNdjson(
  pages: AsyncIterable<SeriesPage>,
  _keys: readonly string[],
  columns: readonly string[],
): AsyncGenerator<string> {
  for await (const { key, rows } of pages) {
    const keyMember = `"key":${JSON.stringify(key)},`;
    let text = '';
    for (const row of rows) text += `{${membersOf(row, columns, keyMember)}}\n`;
    yield text;
  }
}

/** `"ts":…,"<column>":…`: a row without its braces. */
export function membersOf({ ts, values }: Row, columns: readonly string[], keyMember = ''): string {
  return `"ts":${ts},${keyMember}${columns.map((name, i) => `"${name}":${valueToJson(values[i] ?? null)}`).join(',')}`;
}
