/** `npm run bench [-- name…] [-- --json FILE] [--full] [--only CASE]`: measures on loopback, prints tables, fails on wrong counts. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { BenchOptions, BenchResult } from './lib/bench.ts';
import { createReport, type Report, tableOf } from './lib/report.ts';

interface BenchModule {
  run(options: BenchOptions): Promise<BenchResult>;
}

async function main(): Promise<number> {
  const known = (await readdir(import.meta.dirname))
    .filter((file) => file.endsWith('.ts') && file !== 'main.ts' && !file.endsWith('.test.ts'))
    .map((file) => file.slice(0, -3))
    .sort();
  const usage = `npm run bench [-- name…] [--full] [--only CASE] [--json FILE]    names: ${known.join(', ')}`;
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse();
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n${usage}`);
    return 2;
  }
  const { values, positionals } = parsed;
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const unknown = positionals.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    console.error(`There is no benchmark ${unknown.join(', ')}.\n${usage}`);
    return 2;
  }

  const full = values.full ?? false;
  const { version } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  const results: BenchResult[] = [];
  for (const name of positionals.length > 0 ? positionals : known) {
    const bench = (await import(`./${name}.ts`)) as BenchModule;
    const result = await bench
      .run({ full, only: values.only, log: (line) => console.error(`  ${name}: ${line}`) })
      .catch(broken(name));
    console.log(tableOf(result));
    results.push(result);
    await keep(`results/bench-${name}.json`, createReport([result], full, version));
  }
  const report = createReport(results, full, version);
  console.log(
    `${report.machine.cpu}, ${report.machine.cores} cores; Node ${report.versions.node}; commit ${report.commit}`,
  );
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(report, null, 2)}\n`);
  return results.some((result) => result.failures.length > 0) ? 1 : 0;
}

/** @param file relative to this folder */
async function keep(file: string, report: Report): Promise<void> {
  const url = new URL(file, import.meta.url);
  await mkdir(new URL('.', url), { recursive: true });
  await writeFile(url, `${JSON.stringify(report, null, 2)}\n`);
}

function parse() {
  return parseArgs({
    allowPositionals: true,
    options: {
      full: { type: 'boolean' },
      only: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
}

/** A benchmark that threw is a failed result: the others still run, and the report tells. */
function broken(name: string): (error: unknown) => BenchResult {
  return (error) => ({
    name,
    summary: 'did not finish',
    figures: [],
    failures: [error instanceof Error ? (error.stack ?? error.message) : String(error)],
  });
}

process.exitCode = await main();
