import type { ImportColumn, ImportEvent, ImportQuery } from '#contract/import.ts';
import { GapuraError } from './error.ts';
import { readNdjson } from './ndjson.ts';
import type { Requester } from './requester.ts';

/** A text, a file that somebody chose in a browser, or a stream that is read as it is sent. */
export type CsvSource = string | Blob | ReadableStream<Uint8Array>;

export interface ImportOptions extends Omit<ImportQuery, 'map'> {
  /** Which column of the file is which: its name, or its number in a file without header. */
  readonly map?: Readonly<Partial<Record<ImportColumn | `attr.${string}` | `shared.${string}`, string | number>>>;
}

export interface ImportsClient {
  /**
   * Uploads a CSV file of devices and yields what happens to it, as it happens; the last event is the `summary`.
   * Rows of a file of any length pass in bounded memory. Repeating an import makes nothing twice.
   * @throws GapuraError also when the answer was cut off before the summary: what was imported until then stands
   */
  devices(csv: CsvSource, options?: ImportOptions, signal?: AbortSignal): AsyncGenerator<ImportEvent>;
}

export function createImportsClient({ raw }: Requester): ImportsClient {
  return {
    async *devices(csv, { map, ...options } = {}, signal) {
      const answer = await raw('POST', '/v1/devices/import', {
        query: { ...options, map: map && mapText(map) },
        body: csv,
        contentType: 'text/csv; charset=utf-8',
        accept: 'application/x-ndjson',
        unlimited: true,
        signal,
      });
      let isWhole = false;
      if (answer.body !== null) {
        for await (const event of readNdjson<ImportEvent>(answer.body)) {
          isWhole = event.type === 'summary';
          yield event;
        }
      }
      if (!isWhole) throw new GapuraError('connection_failed', 0, 'The import was cut off; repeat it to finish it.');
    },
  };
}

function mapText(map: Readonly<Record<string, string | number | undefined>>): string {
  return Object.entries(map)
    .flatMap(([column, source]) => (source === undefined ? [] : [`${column}:${source}`]))
    .join(',');
}
