/** The store on a disk that is really full, and in a directory that is really read-only. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { createMetrics } from '../../metrics.ts';
import type { TelemetryStore } from '../store.ts';
import { createTelemetryEngine } from './store.ts';

const device = { tenantId: 't', deviceId: 'd' };
const pointsPerAppend = 1000;

let root: string;
let store: TelemetryStore | undefined;
/** Undone in the end, the last first. */
let undo: (() => void)[];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gapura-real-faults-'));
  undo = [() => rmSync(root, { recursive: true })];
});
afterEach(async () => {
  await store?.stop();
  store = undefined;
  for (const one of undo.reverse()) one();
});

const run = (command: string, ...args: string[]): boolean => spawnSync(command, args).status === 0;

/** @returns false where this user may not mount */
function mountSmallDisk(path: string, size: string): boolean {
  mkdirSync(path);
  if (!run('mount', '-t', 'tmpfs', '-o', `size=${size}`, 'gapura-test', path)) return false;
  undo.push(() => {
    run('umount', path);
    rmdirSync(path);
  });
  return true;
}

/** Modes do not hold for root; the other does, where the file system knows it. */
function setReadOnly(path: string, isReadOnly: boolean): void {
  if (process.getuid?.() === 0) run('chattr', isReadOnly ? '+i' : '-i', path);
  else chmodSync(path, isReadOnly ? 0o500 : 0o700);
}

function isWritable(path: string): boolean {
  try {
    writeFileSync(join(path, 'probe'), '');
    rmSync(join(path, 'probe'));
    return true;
  } catch {
    return false;
  }
}

async function open(directory: string, headPoints: number): Promise<TelemetryStore> {
  const log = pino({ level: 'silent' });
  store = createTelemetryEngine({ directory, headPoints, metrics: createMetrics(), log, clock: systemClock });
  await store.start();
  return store;
}

/** Writes until it is refused, or so often. @returns points that were acknowledged in all */
async function fill(to: TelemetryStore, from: number, appends: number): Promise<{ stored: number; refused: unknown }> {
  for (let i = 0; i < appends; i++) {
    const first = from + i * pointsPerAppend;
    // Noise, which does not get smaller when it is packed.
    const points = Array.from({ length: pointsPerAppend }, (_, n) => ({
      key: 'k',
      ts: first + n,
      value: Math.random(),
    }));
    try {
      await to.append([{ ...device, points }]);
    } catch (refused) {
      return { stored: first, refused };
    }
  }
  return { stored: from + appends * pointsPerAppend, refused: undefined };
}

const count = async (of: TelemetryStore): Promise<number> => (await of.stats(device))[0]?.points ?? 0;

/** The cause has gone: without a restart it takes points again, and has lost none. */
async function expectHealed(of: TelemetryStore, stored: number): Promise<void> {
  const append = async (): Promise<boolean> => (await fill(of, stored, 1)).refused === undefined;
  await expect.poll(append, { timeout: 20_000 }).toBe(true);
  await expect.poll(() => of.health().faults, { timeout: 20_000 }).toEqual([]);
  expect(await count(of)).toBe(stored + pointsPerAppend);
}

test('a disk that is full is told, nothing acknowledged is lost, and with more room it goes on', async (context) => {
  const disk = join(root, 'disk');
  if (!mountSmallDisk(disk, '3m')) return context.skip('This user may not mount a file system.');
  const of = await open(disk, 1_000_000);
  const { stored, refused } = await fill(of, 0, 1000);
  expect(refused).toMatchObject({ code: 'storage_unavailable', extra: { retryAfterMs: 1000 } });
  expect(statfsSync(disk).bavail * statfsSync(disk).bsize).toBeLessThan(400_000);
  expect(stored).toBeGreaterThan(20 * pointsPerAppend);
  expect(of.health().faults).not.toEqual([]);
  expect(await count(of)).toBe(stored);
  const [latest] = (await of.latest([device])).get('d') ?? [];
  expect(latest?.ts).toBe(stored - 1);
  expect(run('mount', '-o', 'remount,size=64m', disk)).toBe(true);
  await expectHealed(of, stored);
  await of.stop();
  expect(await count(await open(disk, 1_000_000))).toBe(stored + pointsPerAppend);
});

test('in a directory that became read-only it takes what its memory holds, says why not more, and goes on after', async (context) => {
  const directory = join(root, 'telemetry');
  const of = await open(directory, 20_000);
  await fill(of, 0, 1);
  undo.push(() => setReadOnly(directory, false));
  setReadOnly(directory, true);
  if (isWritable(directory)) return context.skip('Nothing here is read-only for this user.');
  const { stored, refused } = await fill(of, pointsPerAppend, 100);
  expect(refused).toMatchObject({ code: 'storage_unavailable' });
  expect(stored).toBeGreaterThan(10 * pointsPerAppend);
  expect(stored).toBeLessThan(30 * pointsPerAppend);
  expect(of.health().faults.join()).toMatch(/EPERM|EACCES/);
  expect(await count(of)).toBe(stored);
  setReadOnly(directory, false);
  await expectHealed(of, stored);
});

test('a directory that is read-only from the start is refused with a sentence', async (context) => {
  setReadOnly(root, true);
  undo.push(() => setReadOnly(root, false));
  if (isWritable(root)) return context.skip('Nothing here is read-only for this user.');
  await expect(open(join(root, 'telemetry'), 1000)).rejects.toThrow(/cannot be opened: .*(EPERM|EACCES)/);
});
