/** How long a process takes until it serves, and what it weighs when nothing happens. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchOptions, type BenchResult, median } from './lib/bench.ts';
import { cpuSeconds, memoryBytes } from './lib/process-usage.ts';
import { createDataDir, startServer } from './lib/server.ts';

interface Sample {
  readonly readyMs: number;
  readonly residentMb: number;
  readonly idleCpuPercent: number;
}

export async function run({ full, log }: BenchOptions): Promise<BenchResult> {
  const runs = full ? 15 : 5;
  const idleMs = full ? 15_000 : 4_000;
  const first: Sample[] = [];
  const again: Sample[] = [];
  for (let i = 0; i < runs; i++) {
    const dataDir = await createDataDir();
    try {
      // An empty directory: master key, certificate authority, migrations and the owner are made.
      first.push(await sample(dataDir.path, idleMs));
      again.push(await sample(dataDir.path, idleMs));
    } finally {
      await dataDir.remove();
    }
    log(
      `run ${i + 1} of ${runs}: ready after ${first[i]?.readyMs.toFixed(0)} ms, again ${again[i]?.readyMs.toFixed(0)} ms`,
    );
  }
  const of = (samples: Sample[], field: keyof Sample): number => median(samples.map((one) => one[field]));
  return {
    name: 'start',
    summary: `median of ${runs} starts, from the start of the process to the first 200 of /readyz; memory ${idleMs / 1000} s later`,
    figures: [
      { name: 'ready, empty data directory', value: of(first, 'readyMs'), unit: 'ms', goal: '≤ 1500' },
      { name: 'ready, second start', value: of(again, 'readyMs'), unit: 'ms', goal: '≤ 1500' },
      { name: 'resident memory when idle, first start', value: of(first, 'residentMb'), unit: 'MB', goal: '≤ 130' },
      { name: 'resident memory when idle, second start', value: of(again, 'residentMb'), unit: 'MB', goal: '≤ 130' },
      { name: 'CPU when idle', value: of(again, 'idleCpuPercent'), unit: '%' },
    ],
    failures: [],
  };
}

async function sample(dataDir: string, idleMs: number): Promise<Sample> {
  const server = await startServer(dataDir);
  try {
    await sleep(1000);
    const cpuBefore = cpuSeconds(server.pid);
    await sleep(idleMs);
    return {
      readyMs: server.readyMs,
      residentMb: memoryBytes(server.pid).residentBytes / 1e6,
      idleCpuPercent: ((cpuSeconds(server.pid) - cpuBefore) / (idleMs / 1000)) * 100,
    };
  } finally {
    await server.stop();
  }
}
