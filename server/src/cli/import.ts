import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { defineCommand } from 'citty';
import { SingleBar } from 'cli-progress';
import type { ImportCounts, ImportEvent } from '#contract/import.ts';
import type { ImportOptions } from '#sdk/imports.ts';
import {
  createCsvFile,
  credentialsCells,
  credentialsHeader,
  errorCells,
  errorHeader,
  errorLine,
  printable,
} from './import-report.ts';
import { oneLine } from './one-line.ts';
import { platformArgs, platformClient, trustAuthority } from './platform-address.ts';
import { UsageError } from './usage-error.ts';

const newline = 0x0a;
/** Bad rows that are printed; --errors writes all of them. */
const shownErrors = 20;

export const command = defineCommand({
  meta: { name: 'import', description: 'Create devices from a CSV file; a list of names is enough' },
  args: {
    file: { type: 'positional', required: true, description: 'The CSV file; - reads what is piped in' },
    ...platformArgs,
    'dry-run': { type: 'boolean', description: 'Check everything and change nothing' },
    profile: { type: 'string', valueHint: 'NAME', description: 'Profile of rows that name none' },
    map: { type: 'string', valueHint: 'name:MAC,label:Site', description: 'Which column of the file is which' },
    header: { type: 'boolean', description: 'The first line names the columns; --no-header: it does not' },
    existing: { type: 'enum', options: ['skip', 'update'], description: 'What to do with devices that exist (skip)' },
    errors: { type: 'string', valueHint: 'FILE', description: 'Write the rows that were left out, as CSV' },
    credentials: { type: 'string', valueHint: 'FILE', description: 'Write the credentials of new devices, as CSV' },
  },
  async run({ args }) {
    const client = platformClient('import', args);
    if (client === undefined) throw new UsageError('import', 'Give --api-key, or set GAPURA_API_KEY.');
    await trustAuthority(args.ca);
    const options: ImportOptions = {
      ...(args['dry-run'] && { dryRun: true }),
      ...(args.header !== undefined && { header: args.header }),
      ...(args.profile !== undefined && { profile: args.profile }),
      ...(args.existing !== undefined && { existing: args.existing === 'update' ? 'update' : 'skip' }),
      ...(args.map !== undefined && { map: parseMap(args.map) }),
      ...(args.credentials !== undefined && { credentials: true }),
    };
    const source = await openSource(args.file).catch(oneLine('The file'));
    const errors = args.errors === undefined ? undefined : createCsvFile(args.errors, errorHeader);
    const secrets =
      args.credentials === undefined ? undefined : createCsvFile(args.credentials, credentialsHeader, 0o600);
    const progress = showProgress(source.lines);
    const lines: string[] = [];
    let summary: Extract<ImportEvent, { type: 'summary' }> | undefined;
    try {
      for await (const event of client.imports.devices(source.bytes, options)) {
        if (event.type === 'progress') progress.show(event);
        else if (event.type === 'credentials') secrets?.write(credentialsCells(event));
        else if (event.type === 'summary') {
          summary = event;
          progress.whole(event);
        } else {
          errors?.write(errorCells(event));
          if (lines.length < shownErrors) lines.push(errorLine(event));
        }
      }
    } catch (error) {
      oneLine('The import')(error);
    } finally {
      progress.end();
      await Promise.all([errors?.end(), secrets?.end()]).catch(oneLine('The report'));
    }
    if (summary === undefined) return;
    for (const line of lines) console.log(line);
    if (summary.failed > lines.length) {
      console.log(`… and ${summary.failed - lines.length} more${errors ? '' : '; --errors FILE writes all of them'}`);
    }
    if (summary.ignoredColumns.length > 0)
      console.log(printable(`Ignored columns: ${summary.ignoredColumns.join(', ')}`));
    if (summary.stopped !== null) console.log(printable(`Stopped early: ${summary.stopped.reason}`));
    console.log(summaryLine(summary));
    if (summary.failed > 0 || summary.stopped !== null) process.exitCode = 1;
  },
});

function summaryLine({
  dryRun,
  rows,
  created,
  unchanged,
  updated,
  failed,
}: ImportCounts & { dryRun: boolean }): string {
  const verb = dryRun ? 'would be ' : '';
  return `${rows} rows: ${created} ${verb}created, ${updated} ${verb}updated, ${unchanged} there already, ${failed} left out`;
}

function parseMap(text: string): NonNullable<ImportOptions['map']> {
  return Object.fromEntries(
    text.split(',').map((pair) => {
      const at = pair.indexOf(':');
      if (at < 1 || at === pair.length - 1) {
        throw new UsageError('import', `--map is ${text}; pairs like name:MAC,label:Site are needed.`);
      }
      return [pair.slice(0, at).trim(), pair.slice(at + 1).trim()];
    }),
  );
}

interface Source {
  /** Undefined when it is piped in. */
  readonly lines: number | undefined;
  readonly bytes: ReadableStream<Uint8Array>;
}

async function openSource(path: string): Promise<Source> {
  // Node types its web streams apart from the global ones; they are the same at run time.
  const toWeb = (stream: Readable) => Readable.toWeb(stream) as unknown as ReadableStream<Uint8Array>;
  if (path === '-') return { lines: undefined, bytes: toWeb(process.stdin) };
  // Read twice: the first time tells how long the bar is, and that the file can be read at all.
  let lines = 0;
  for await (const chunk of createReadStream(path)) {
    const bytes: Buffer = chunk;
    for (let at = bytes.indexOf(newline); at !== -1; at = bytes.indexOf(newline, at + 1)) lines++;
  }
  return { lines, bytes: toWeb(createReadStream(path)) };
}

/** On standard error, and only where that is a terminal. */
function showProgress(lines: number | undefined) {
  const bar = new SingleBar({
    format:
      lines === undefined
        ? '{value} rows · {failed} left out'
        : '{bar} {percentage}% · {value} rows · {failed} left out',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    noTTYOutput: false,
    hideCursor: true,
    stream: process.stderr,
  });
  bar.start(lines ?? 0, 0, { failed: 0 });
  return {
    // A header and blank lines are no rows, so the bar is full only when the end is told.
    show: ({ rows, failed }: ImportCounts): void => bar.update(rows, { failed }),
    whole({ rows, failed }: ImportCounts): void {
      bar.setTotal(rows);
      bar.update(rows, { failed });
    },
    end: (): void => bar.stop(),
  };
}
