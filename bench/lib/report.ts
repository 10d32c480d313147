/** How results are shown and kept. */
import { spawnSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import type { BenchResult, Figure } from './bench.ts';

export interface Report {
  readonly at: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGiB: number;
    readonly kernel: string;
  };
  readonly versions: { readonly node: string; readonly v8: string; readonly gapura: string };
  /** With `+` when files differ from it. */
  readonly commit: string;
  readonly full: boolean;
  readonly results: readonly BenchResult[];
}

export function createReport(results: readonly BenchResult[], full: boolean, gapura: string): Report {
  return {
    at: new Date().toISOString(),
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryGiB: Math.round(totalmem() / 2 ** 30),
      kernel: `${process.platform} ${release()} ${process.arch}`,
    },
    versions: { node: process.version, v8: process.versions.v8, gapura },
    commit: commitName(),
    full,
    results,
  };
}

/** The lines of one result: its figures in columns, then what came out wrong. */
export function tableOf(result: BenchResult): string {
  const rows = result.figures.map((figure) => [figure.name, numberText(figure), figure.unit, figure.goal ?? '']);
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map(([name = '', value = '', unit = '', goal = '']) =>
    `  ${name.padEnd(widths[0] ?? 0)}  ${value.padStart(widths[1] ?? 0)} ${unit.padEnd(widths[2] ?? 0)}  ${
      goal === '' ? '' : `goal ${goal}`
    }`.trimEnd(),
  );
  const failures = result.failures.map((failure) => `  FAILED: ${failure}`);
  return [`${result.name}: ${result.summary}`, ...lines, ...failures, ''].join('\n');
}

function numberText({ value }: Figure): string {
  if (!Number.isFinite(value)) return String(value);
  if (Number.isInteger(value)) return value.toLocaleString('en');
  return value.toLocaleString('en', { maximumFractionDigits: Math.abs(value) >= 100 ? 0 : 2 });
}

function commitName(): string {
  const git = (...args: string[]): string => spawnSync('git', args, { encoding: 'utf8' }).stdout?.trim() ?? '';
  const head = git('rev-parse', '--short', 'HEAD');
  return head === '' ? 'unknown' : `${head}${git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+'}`;
}
