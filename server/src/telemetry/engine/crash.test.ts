/**
 * kill -9 at random moments, and in the middle of each kind of work that touches the disk. What was acknowledged is
 * there after, once.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fromColumns } from '../columns.ts';
import { Engine } from './engine.ts';
import { runThrough } from './steps.ts';

const writer = fileURLToPath(new URL('../../../test/telemetry-writer.ts', import.meta.url));
const dayMs = 86_400_000;

let directory: string;
let child: ChildProcessByStdio<null, Readable, null> | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gapura-crash-'));
});
afterEach(() => {
  // Of a test that took too long.
  child?.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

interface Told {
  written: number;
  deleted: number;
  retained: number;
}

/** The place where the writer kills itself, and the how manyth time that it comes there; or how far it is let to come. */
type End = readonly [stage: string, time: number] | number;

/** Lets the writer run until it has written so many, kills it, and says what it had told by then. */
async function runAndKill(headPoints: number, work: string, end: End): Promise<Told> {
  const place = typeof end === 'number' ? [] : end.map(String);
  const started = spawn(process.execPath, [writer, directory, String(headPoints), work, ...place], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = started;
  const ended = once(started, 'exit');
  const told: Told = { written: -1, deleted: 0, retained: 0 };
  let stage: string | undefined;
  for await (const line of createInterface(started.stdout)) {
    const [what, n] = line.split(' ');
    if (what === 'written' || what === 'deleted' || what === 'retained') told[what] = Number(n);
    if (what === 'ends') stage = n;
    // A little later, at a moment that nobody chose.
    if (told.written === end) setTimeout(() => started.kill('SIGKILL'), Math.random() * 30);
    // It never came to where it should have ended.
    if (typeof end !== 'number' && told.written > 2000) started.kill('SIGKILL');
  }
  expect((await ended)[1]).toBe('SIGKILL');
  if (typeof end !== 'number') expect(stage).toBe(end[0]);
  return told;
}

async function numbersOf(engine: Engine, device: number, key: string): Promise<number[]> {
  const found = runThrough(
    engine.questions.range({
      tenantId: 't',
      deviceId: `device-${device}`,
      keys: [key],
      fromMs: 0,
      toMs: 3 * dayMs,
      order: 'asc',
      limit: Infinity,
    }),
  );
  const points = found.flatMap(({ key: name, columns }) => fromColumns(name, columns));
  for (const { ts, value } of points) expect(value).toBe(`${key}-${ts % dayMs}`);
  return points.map(({ ts }) => ts % dayMs).sort((a, b) => a - b);
}

const openEngine = async (notes: string[]): Promise<Engine> => {
  const engine = new Engine({
    directory,
    headPoints: 1_000_000,
    times: { closedAfterMs: 0, restMs: 0, reclaimAfterMs: 0 },
    note: (level, text) => notes.push(`${level} ${text}`),
    wake: () => {},
  });
  await engine.open();
  return engine;
};

test.each<[work: string, headPoints: number, end: End]>([
  ['append', 1_000_000, 300],
  ['upkeep', 40, 150],
  ['upkeep', 300, 400],
  ['delete', 60, 320],
  ['delete', 400, 420],
  // Before the commit of a segment, and when it is made and not told yet.
  ['append', 1_000_000, ['commit', 201]],
  ['append', 1_000_000, ['commit', 202]],
  // A torn write or a wait for the disk; where files are replaced, also before and after the rename.
  ...[11, 12].map((time): [string, number, End] => ['upkeep', 100, ['seal', time]]),
  ...[5, 6].map((time): [string, number, End] => ['upkeep', 100, ['merge', time]]),
  ...[7, 8, 9, 10, 11].map((time): [string, number, End] => ['upkeep', 100, ['rewrite', time]]),
  ...[3, 4].map((time): [string, number, End] => ['delete', 100, ['retention', time]]),
  ...[3, 4, 5, 6].map((time): [string, number, End] => ['delete', 100, ['reclaim', time]]),
])('while it does "%s" with %i points of memory, a kill loses nothing (at %j)', async (work, headPoints, end) => {
  const told = await runAndKill(headPoints, work, end);
  const notes: string[] = [];
  let engine = await openEngine(notes);
  const check = async (): Promise<void> => {
    let commits: number | undefined;
    for (const device of [0, 1, 2, 3]) {
      for (const key of ['a', 'b', 'c']) {
        const numbers = await numbersOf(engine, device, key);
        const last = numbers.at(-1) ?? -1;
        // The last commit may have been made and not told. It is there whole or not at all, so it is one for all.
        expect(last).toBeGreaterThanOrEqual(told.written);
        expect(last).toBeLessThanOrEqual(told.written + 1);
        commits ??= last;
        expect(last).toBe(commits);
        // A delete that was under way may be done in part; what was told is done, and no more than was asked is gone.
        const isDeleted = device === 3 && key === 'a';
        const isRetained = device === 2;
        const from = isDeleted ? told.deleted : isRetained ? told.retained : 0;
        const kept = numbers.filter((n) => n >= from + (isDeleted || isRetained ? 50 : 0));
        const firstKept = isDeleted || isRetained ? from + 50 : 0;
        if (work !== 'delete' || !(isDeleted || isRetained)) {
          expect(numbers).toEqual(Array.from({ length: last + 1 }, (_, i) => i));
        } else {
          expect(kept).toEqual(Array.from({ length: last + 1 - firstKept }, (_, i) => firstKept + i));
          const gone = isRetained ? numbers.filter((n) => n % 3 === 0 && n < from) : numbers.filter((n) => n < from);
          expect(gone).toEqual([]);
        }
      }
    }
  };
  await check();
  // Again when all has been sealed and merged, and once more after another start.
  await engine.settle(Date.now());
  await check();
  engine.close();
  engine = await openEngine(notes);
  await check();
  engine.close();
  expect(notes).toEqual([]);
});
