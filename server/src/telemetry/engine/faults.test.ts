/** What the engine does when the disk is full, a file is damaged or foreign, or copied at the wrong moment. */
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createBatchPacker } from '../batch-packer.ts';
import { fromColumns } from '../columns.ts';
import type { TelemetryMessage, TelemetryValue } from '../store.ts';
import { BatchNames, type NamedBatch } from './batch-names.ts';
import { dayMs } from './day.ts';
import { Engine } from './engine.ts';
import { type Files, nodeFiles } from './files.ts';
import { runThrough } from './steps.ts';
import { takeOver } from './take-over.ts';

const device = { tenantId: 't', deviceId: 'd' };
const pack = (messages: readonly TelemetryMessage[]): NamedBatch =>
  new BatchNames().take(createBatchPacker().pack(messages));
const dayFile = (): string => join(directory, '1970-01-01.day');

let directory: string;
let notes: string[];
let failure: NodeJS.ErrnoException | undefined;
const files: Files = {
  ...nodeFiles,
  write(...args) {
    if (failure !== undefined) throw failure;
    nodeFiles.write(...args);
  },
};

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gapura-faults-'));
  notes = [];
  failure = undefined;
  // Retries and looks again are paced by this clock.
  vi.useFakeTimers({ toFake: ['performance'] });
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(directory, { recursive: true });
});

async function open(headPoints = 200): Promise<Engine> {
  const engine = new Engine({
    directory,
    headPoints,
    files,
    times: { closedAfterMs: 0, restMs: 0, reclaimAfterMs: 0 },
    note: (level, text) => notes.push(`${level} ${text}`),
    wake: () => {},
  });
  await engine.open();
  return engine;
}

function append(engine: Engine, from: number, to: number, day = 0): void {
  const points = Array.from({ length: to - from }, (_, i) => ({
    key: 'k',
    ts: day * dayMs + from + i,
    value: from + i,
  }));
  engine.append([pack([{ ...device, points }])]);
}

function read(engine: Engine): TelemetryValue[] {
  const span = { fromMs: 0, toMs: 10 * dayMs, order: 'asc', limit: Infinity } as const;
  const [found] = runThrough(engine.questions.range({ ...device, keys: ['k'], ...span }));
  return found === undefined ? [] : fromColumns('k', found.columns).map(({ value }) => value);
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Background work, with its waits for the disk, until so many things are wrong. */
async function workUntil(engine: Engine, faults: number): Promise<void> {
  await expect
    .poll(
      () => {
        engine.tick(Date.now());
        engine.work(0);
        return engine.status.faults.length;
      },
      { interval: 0, timeout: 10_000 },
    )
    .toBe(faults);
}

test('on a full disk the head fills, then appends are refused, reads go on, and it heals by itself', async () => {
  const engine = await open();
  append(engine, 0, 80);
  failure = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
  expect(engine.obstacle(80)).toBeUndefined();
  append(engine, 80, 160);
  await workUntil(engine, 1);
  expect(engine.status.faults).toEqual(['ENOSPC: no space left on device, write']);
  // No more than its memory allows: the second half is full and the first cannot leave.
  expect(engine.obstacle(80)).toMatch(/ENOSPC/);
  expect(read(engine)).toEqual(numbers(0, 160));
  failure = undefined;
  vi.advanceTimersByTime(5000);
  await workUntil(engine, 0);
  expect(engine.status.faults).toEqual([]);
  expect(engine.obstacle(80)).toBeUndefined();
  append(engine, 160, 240);
  expect(read(engine)).toEqual(numbers(0, 240));
  expect(notes).toEqual([
    'error telemetry cannot be brought into its files: ENOSPC: no space left on device, write',
    'info telemetry is brought into its files again',
  ]);
  engine.close();
});

test('a damaged page is left out, told, and whole again once the file is put right', async () => {
  let engine = await open();
  append(engine, 0, 50);
  await engine.drain();
  append(engine, 50, 100);
  await engine.drain();
  engine.close();
  const good = readFileSync(dayFile());
  const bad = Buffer.from(good);
  bad[40] = (bad[40] ?? 0) ^ 0xff;
  writeFileSync(dayFile(), bad);
  engine = await open();
  expect(read(engine)).toEqual(numbers(50, 100));
  expect(engine.status.faults).toEqual([expect.stringMatching(/1 parts? of day files/)]);
  expect(notes).toEqual([expect.stringMatching(/^error .*1970-01-01\.day is damaged: the page at 32/)]);
  // It takes points all the same, and nothing merges the damage away.
  append(engine, 100, 150);
  await engine.drain();
  await engine.settle(Date.now());
  expect(read(engine)).toEqual(numbers(50, 150));
  const grown = readFileSync(dayFile());
  good.copy(grown);
  writeFileSync(dayFile(), grown);
  vi.advanceTimersByTime(60_000);
  await workUntil(engine, 0);
  expect(engine.status.faults).toEqual([]);
  expect(read(engine)).toEqual(numbers(0, 150));
  engine.close();
});

test('a foreign file in the place of a day holds its points back in memory; others are only mentioned', async () => {
  writeFileSync(join(directory, 'notes.txt'), 'mine');
  writeFileSync(dayFile(), 'this is no file of a day, but it is long enough to be looked at');
  const engine = await open();
  expect(notes.length).toBe(2);
  append(engine, 0, 80);
  append(engine, 0, 10, 1);
  expect(engine.obstacle(80)).toBeUndefined();
  append(engine, 80, 160);
  await workUntil(engine, 2);
  expect(engine.status.faults.join()).toMatch(/1970-01-01\.day: it is no file of Gapura/);
  expect(engine.obstacle(80)).toMatch(/no file of Gapura/);
  expect(read(engine)).toHaveLength(170);
  rmSync(dayFile());
  vi.advanceTimersByTime(5000);
  await workUntil(engine, 0);
  expect(engine.status.faults).toEqual([]);
  expect(read(engine)).toHaveLength(170);
  expect(readFileSync(join(directory, 'notes.txt'), 'utf8')).toBe('mine');
  engine.close();
});

test('a copy of a day file is whole wherever the copying caught it', async () => {
  const engine = await open();
  append(engine, 0, 60);
  await engine.drain();
  const first = statSync(dayFile()).size;
  append(engine, 60, 120);
  await engine.drain();
  engine.close();
  const whole = readFileSync(dayFile());
  for (const size of [first, first + 1, first + 200, whole.length - 1, whole.length]) {
    const copy = mkdtempSync(join(tmpdir(), 'gapura-copy-'));
    for (const name of readdirSync(directory)) copyFileSync(join(directory, name), join(copy, name));
    truncateSync(join(copy, '1970-01-01.day'), size);
    const copied = new Engine({
      directory: copy,
      headPoints: 200,
      note: (_, text) => notes.push(text),
      wake: () => {},
    });
    await copied.open();
    expect(read(copied).slice(0, 60)).toEqual(numbers(0, 60));
    if (size === whole.length) expect(read(copied)).toEqual(numbers(0, 120));
    copied.close();
    rmSync(copy, { recursive: true });
  }
  expect(notes).toEqual([]);
});

test('an older copy of the database gives no number again that the files of days know', async () => {
  let engine = await open();
  append(engine, 0, 10);
  await engine.drain();
  engine.close();
  const old = readFileSync(join(directory, 'hot.sqlite'));
  engine = await open();
  for (let i = 1; i < 20; i++) append(engine, i * 10, i * 10 + 10);
  engine.append([pack([{ tenantId: 't', deviceId: 'newer', points: [{ key: 'k', ts: 5, value: 'secret' }] }])]);
  await engine.drain();
  engine.close();
  writeFileSync(join(directory, 'hot.sqlite'), old);
  engine = await open();
  expect(read(engine)).toEqual(numbers(0, 200));
  engine.append([pack([{ tenantId: 'other', deviceId: 'x', points: [{ key: 'k', ts: 6, value: 'mine' }] }])]);
  append(engine, 200, 210);
  engine.close();
  // The segments of before the copy are not taken for those that the files hold already.
  engine = await open();
  expect(read(engine)).toEqual(numbers(0, 210));
  const [found] = runThrough(
    engine.questions.range({
      tenantId: 'other',
      deviceId: 'x',
      keys: ['k'],
      fromMs: 0,
      toMs: 100,
      order: 'asc',
      limit: 9,
    }),
  );
  expect(found && fromColumns('k', found.columns)).toEqual([{ key: 'k', ts: 6, value: 'mine' }]);
  engine.close();
});

test('the table of an earlier version is taken over whole, and taken away only then', async () => {
  const path = join(directory, 'old', 'telemetry.sqlite');
  mkdirSync(join(directory, 'old'));
  const old = new DatabaseSync(path);
  old.exec(`
    create table series (id integer primary key, tenant_id text not null, device_id text not null, key text not null);
    create table point (series integer, ts integer, kind integer, number real, text text, primary key (series, ts)) without rowid;
    insert into series values (1, 't', 'd', 'k'), (2, '', '', '2');
    insert into point values (1, 1, 0, 1.5, null), (1, 2, 1, null, 'text'), (1, 3, 2, 1, null), (1, 4, 3, null, '{"a":1}');
    insert into point values (1, 200000000, 0, 7, null), (2, 9, 0, 9, null);
    pragma user_version = 1;
  `);
  old.close();
  rmSync(join(directory, 'old-was-here'), { force: true });
  const engine = await open();
  notes = [];
  await takeOver(path, engine, (level, text) => notes.push(`${level} ${text}`));
  expect(read(engine)).toEqual([1.5, 'text', true, { json: '{"a":1}' }, 7]);
  expect(readdirSync(join(directory, 'old'))).toEqual([]);
  expect(notes.at(-1)).toMatch(/took over 5 telemetry points/);
  await takeOver(path, engine, (level, text) => notes.push(`${level} ${text}`));
  engine.close();
});

test.each([true, false])(
  'the log of the database is copied into its file between commits (idle: %s)',
  async (isIdle) => {
    const engine = await open(10_000_000);
    const log = (): number => statSync(join(directory, 'hot.sqlite-wal')).size;
    let largest = 0;
    for (let i = 0; i < 80; i++) {
      append(engine, i * 20_000, (i + 1) * 20_000);
      largest = Math.max(largest, log());
      engine.work(0, isIdle);
    }
    const mostBytes = (isIdle ? 6 : 20) * 2 ** 20;
    expect(largest).toBeGreaterThan(mostBytes / 2);
    expect(largest).toBeLessThan(mostBytes);
    // 80 segments of 320 KB and more.
    expect(statSync(join(directory, 'hot.sqlite')).size).toBeGreaterThan(2 ** 20);
    engine.close();
  },
);
