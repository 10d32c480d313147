/** `gapura store check` and `gapura store export`: the telemetry on the disk, whether a Gapura runs on it or not. */

import { once } from 'node:events';
import { createWriteStream, existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { defineCommand } from 'citty';
import { SingleBar } from 'cli-progress';
import { loadConfig } from '../config-load.ts';
import { layoutOf } from '../data-dir/layout.ts';
import { StartupError } from '../errors.ts';
import { fromColumns } from '../telemetry/columns.ts';
import { textCell, valueCell } from '../telemetry/csv-cell.ts';
import { Engine } from '../telemetry/engine/engine.ts';
import { runThrough } from '../telemetry/engine/steps.ts';
import { verifyFile } from '../telemetry/engine/verify.ts';
import { readTime } from '../telemetry/query.ts';
import type { TelemetryPoint } from '../telemetry/store.ts';
import { valueToJson } from '../telemetry/value-text.ts';
import { UsageError } from './usage-error.ts';

const allOfTime = { fromMs: -8.64e15, toMs: 8.64e15 } as const;
/** Points of one question to the store: about half a megabyte. */
const pointsPerPage = 10_000;

export const command = defineCommand({
  meta: { name: 'store', description: 'Verify every chunk of the telemetry, or write it as CSV or NDJSON' },
  args: {
    action: { type: 'positional', description: 'check or export', required: true },
    from: { type: 'string', description: 'export: from this time on (milliseconds or ISO 8601)' },
    to: { type: 'string', description: 'export: up to this time, which is not included' },
    format: { type: 'string', description: 'export: csv (default) or ndjson' },
    output: { type: 'string', description: 'export: the file to write; standard output without it' },
    tenant: { type: 'string', description: 'export: of this tenant alone, by its id' },
    device: { type: 'string', description: 'export: of this device alone, by its id' },
  },
  async run({ args }) {
    if (args.action === 'check') {
      const flag = exportFlags.find((name) => args[name] !== undefined);
      if (flag !== undefined) throw new UsageError('store', `check reads everything; --${flag} is for export.`);
      return check();
    }
    if (args.action !== 'export') throw new UsageError('store', 'The action is check or export.');
    const format = args.format ?? 'csv';
    if (format !== 'csv' && format !== 'ndjson') throw new UsageError('store', 'The format is csv or ndjson.');
    const span = {
      fromMs: args.from === undefined ? allOfTime.fromMs : timeOf('from', args.from),
      toMs: args.to === undefined ? allOfTime.toMs : timeOf('to', args.to),
    };
    if (span.fromMs >= span.toMs) throw new UsageError('store', '--from must be before --to.');
    const { tenant, device } = args;
    await exportPoints({ format, span, output: args.output, tenant, device });
  },
});

const exportFlags = ['from', 'to', 'format', 'output', 'tenant', 'device'] as const;

function timeOf(flag: 'from' | 'to', text: string): number {
  try {
    return readTime(flag, text);
  } catch {
    throw new UsageError(
      'store',
      `--${flag} must be milliseconds or an ISO 8601 time, as 2026-01-31 or 2026-01-31T08:00Z.`,
    );
  }
}

async function openEngine(note: (text: string) => void): Promise<Engine> {
  const { config } = loadConfig(process.env);
  const directory = layoutOf(config.dataDir).telemetry;
  if (!existsSync(join(directory, 'hot.sqlite'))) {
    throw new StartupError(`There is no telemetry in ${directory}. Set GAPURA_DATA_DIR to the data directory.`);
  }
  const engine = new Engine({
    directory,
    headPoints: 100_000,
    readOnly: true,
    note: (_level, text) => note(text),
    wake: () => {},
  });
  try {
    await engine.open();
  } catch (error) {
    throw new StartupError(`The telemetry in ${directory} cannot be read: ${messageOf(error)}.`);
  }
  return engine;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

async function check(): Promise<void> {
  const faults: string[] = [];
  const engine = await openEngine((text) => faults.push(text));
  const total = { files: 0, chunks: 0, points: 0, bytes: 0 };
  const unfinished: string[] = [];
  const files = [...engine.dayFiles()];
  const bar = progressBar('kB');
  bar?.start(Math.ceil(files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) / 1000), 0);
  for (const file of files) {
    let read = total.bytes;
    const { chunks, points } = runThrough(
      verifyFile(file, (bytes) => {
        read += bytes;
        bar?.update(Math.floor(read / 1000));
      }),
    );
    file.close();
    total.files++;
    total.chunks += chunks;
    total.points += points;
    total.bytes += file.sizeBytes;
    const left = sizeOf(file.path) - file.sizeBytes;
    if (left > 0) unfinished.push(`${file.path}: the last ${left} bytes are no whole block and do not count`);
    bar?.update(Math.floor(total.bytes / 1000));
  }
  bar?.stop();
  const { headPoints } = engine.status;
  engine.close();
  for (const fault of faults) console.log(fault);
  // A running Gapura is at it, or one was killed; or somebody cut the file, which looks the same.
  for (const one of unfinished) console.log(`${one}.`);
  const perPoint = total.points === 0 ? '' : `, ${(total.bytes / total.points).toFixed(2)} bytes a point`;
  console.log(
    `${total.files} day files with ${total.chunks} chunks, ${total.points} points, ${(total.bytes / 1e6).toFixed(1)} MB${perPoint}; ${headPoints} points wait to be packed.`,
  );
  const told = faults.length === 1 ? '1 fault.' : `${faults.length} faults.`;
  console.log(faults.length === 0 ? 'Every checksum is right.' : told);
  if (faults.length > 0) process.exitCode = 1;
}

/** 0 for one that has gone meanwhile. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

interface ExportRequest {
  readonly format: 'csv' | 'ndjson';
  readonly span: { readonly fromMs: number; readonly toMs: number };
  readonly output: string | undefined;
  readonly tenant: string | undefined;
  readonly device: string | undefined;
}

async function exportPoints({ format, span, output, tenant, device }: ExportRequest): Promise<void> {
  const engine = await openEngine(console.error);
  const target: Writable =
    output === undefined ? process.stdout : createWriteStream(output, { flags: 'wx', mode: 0o600 });
  if (output !== undefined) {
    await once(target, 'open').catch((error: unknown) => {
      throw new StartupError(`${output} cannot be written: ${messageOf(error)}.`);
    });
  }
  target.on('error', (error: NodeJS.ErrnoException) => {
    // Who reads has seen enough, as `head` has; and a process cannot go on without its output.
    if (error.code === 'EPIPE') process.exit(0);
    console.error(`${output ?? 'The output'} cannot be written: ${error.message}.`);
    process.exit(1);
  });
  const write = async (text: string): Promise<void> => {
    if (!target.write(text)) await once(target, 'drain');
  };
  const series = engine
    .allSeries()
    .filter(([tenantId, deviceId]) => (tenant ?? tenantId) === tenantId && (device ?? deviceId) === deviceId);
  const bar = progressBar('series');
  bar?.start(series.length, 0);
  let points = 0;
  if (format === 'csv') await write('tenant,device,key,ts,value\r\n');
  for (const [tenantId, deviceId, key] of series) {
    const csvStart = `${textCell(tenantId)},${textCell(deviceId)},${textCell(key)},`;
    const jsonStart = `{"tenantId":${JSON.stringify(tenantId)},"deviceId":${JSON.stringify(deviceId)},"key":${JSON.stringify(key)},`;
    for (const page of pagesOf(engine, { tenantId, deviceId }, key, span)) {
      points += page.length;
      await write(
        page
          .map(({ ts, value }) =>
            format === 'csv'
              ? `${csvStart}${ts},${valueCell(value)}\r\n`
              : `${jsonStart}"ts":${ts},"value":${valueToJson(value)}}\n`,
          )
          .join(''),
      );
    }
    bar?.increment();
  }
  bar?.stop();
  const { damagedParts, faults } = engine.status;
  engine.close();
  if (output !== undefined) {
    target.end();
    await once(target, 'close');
  }
  console.error(`${points} points of ${series.length} series.`);
  if (damagedParts === 0 && faults.length === 0) return;
  console.error('What could not be read is missing in it; gapura store check lists it.');
  process.exitCode = 1;
}

function* pagesOf(
  engine: Engine,
  device: { readonly tenantId: string; readonly deviceId: string },
  key: string,
  span: { readonly fromMs: number; readonly toMs: number },
): Generator<TelemetryPoint[]> {
  for (let fromMs = span.fromMs; ; ) {
    const query = { ...device, keys: [key], fromMs, toMs: span.toMs, order: 'asc', limit: pointsPerPage } as const;
    const [found] = runThrough(engine.questions.range(query));
    const points = found === undefined ? [] : fromColumns(key, found.columns);
    if (points.length > 0) yield points;
    const last = points.at(-1);
    if (last === undefined || points.length < pointsPerPage) return;
    fromMs = last.ts + 1;
  }
}

/** On a terminal only: a log has no use for a bar. */
function progressBar(unit: string): SingleBar | undefined {
  if (!process.stderr.isTTY) return undefined;
  return new SingleBar({ format: `{bar} {percentage}% {value}/{total} ${unit}`, stream: process.stderr });
}
