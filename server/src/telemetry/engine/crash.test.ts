/** kill -9 at random moments: in commits, while sealing, merging and deleting. What was acknowledged is there after. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { fromColumns } from '../columns.ts';
import { Engine } from './engine.ts';
import { runThrough } from './steps.ts';

const writer = fileURLToPath(new URL('../../../test/telemetry-writer.ts', import.meta.url));
const dayMs = 86_400_000;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gapura-crash-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

interface Told {
  written: number;
  deleted: number;
  retained: number;
}

/** Lets the writer run until it has written so many, kills it, and says what it had told by then. */
async function runAndKill(headPoints: number, work: string, until: number): Promise<Told> {
  const child = spawn(process.execPath, [writer, directory, String(headPoints), work], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'exit');
  const told: Told = { written: -1, deleted: 0, retained: 0 };
  for await (const line of createInterface(child.stdout)) {
    const [what, n] = line.split(' ');
    if (what === 'written' || what === 'deleted' || what === 'retained') told[what] = Number(n);
    // A little later, at a moment that nobody chose.
    if (told.written === until) setTimeout(() => child.kill('SIGKILL'), Math.random() * 30);
  }
  expect((await ended)[1]).toBe('SIGKILL');
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

test.each([
  ['append', 1_000_000, 300],
  ['upkeep', 40, 150],
  ['upkeep', 300, 400],
  ['delete', 60, 320],
  ['delete', 400, 420],
])('while it does "%s" with %i points of memory, a kill loses nothing (after %i)', async (work, headPoints, until) => {
  const told = await runAndKill(headPoints, work, until);
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
