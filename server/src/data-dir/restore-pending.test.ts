import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type DataDirLayout, layoutOf } from './layout.ts';
import { finishRestore } from './restore-pending.ts';

let root: string;
let layout: DataDirLayout;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'gapura-pending-'));
  layout = layoutOf(root);
});
afterEach(() => rmSync(root, { recursive: true }));

const put = (path: string, text: string) => {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), text);
};
const get = (path: string) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined);

function stage(): void {
  for (const name of ['gapura.sqlite', 'gapura.sqlite-wal', 'telemetry.sqlite', 'gapura.json', 'tls/ca.pem']) {
    put(name, 'old');
  }
  put('notes.txt', 'mine');
  const entries = ['gapura.sqlite', 'telemetry.sqlite', 'master.key', 'tls'];
  for (const name of ['gapura.sqlite', 'telemetry.sqlite', 'master.key', 'tls/ca.pem']) {
    put(`restore-pending/files/${name}`, 'new');
  }
  put('restore-pending/plan.json', JSON.stringify({ entries, keepOldIn: 'before-restore-1' }));
}

function expectRestored(): void {
  expect(['gapura.sqlite', 'telemetry.sqlite', 'master.key', 'tls/ca.pem'].map(get)).toEqual(Array(4).fill('new'));
  // What the backup does not have is not mixed with what it has.
  expect(['gapura.json', 'gapura.sqlite-wal'].map(get)).toEqual([undefined, undefined]);
  const kept = ['gapura.sqlite', 'gapura.sqlite-wal', 'telemetry.sqlite', 'gapura.json', 'tls/ca.pem'];
  expect(kept.map((name) => get(`before-restore-1/${name}`))).toEqual(Array(5).fill('old'));
  expect(get('notes.txt')).toBe('mine');
  expect(existsSync(layout.restorePending)).toBe(false);
}

test('a staged restore is put in place and the old state kept aside', () => {
  stage();
  expect(finishRestore(layout)).toBe(join(root, 'before-restore-1'));
  expectRestored();
});

test('a swap that was cut off at any rename is finished by the next start', () => {
  const moves: [from: string, to: string][] = [
    ['telemetry.sqlite', 'before-restore-1/telemetry.sqlite'],
    ['gapura.sqlite', 'before-restore-1/gapura.sqlite'],
    ['gapura.sqlite-wal', 'before-restore-1/gapura.sqlite-wal'],
    ['tls', 'before-restore-1/tls'],
    ['gapura.json', 'before-restore-1/gapura.json'],
    ['restore-pending/files/gapura.sqlite', 'gapura.sqlite'],
    ['restore-pending/files/telemetry.sqlite', 'telemetry.sqlite'],
    ['restore-pending/files/master.key', 'master.key'],
    ['restore-pending/files/tls', 'tls'],
  ];
  for (let done = 0; done <= moves.length; done++) {
    stage();
    mkdirSync(join(root, 'before-restore-1'), { recursive: true });
    for (const [from, to] of moves.slice(0, done)) renameSync(join(root, from), join(root, to));
    finishRestore(layout);
    expectRestored();
    rmSync(root, { recursive: true });
    mkdirSync(root);
  }
});

test('nothing staged is nothing done', () => {
  put('gapura.sqlite', 'old');
  expect(finishRestore(layout)).toBeUndefined();
  expect(get('gapura.sqlite')).toBe('old');
});

test('a plan that names other files than the state is refused', () => {
  put('restore-pending/plan.json', JSON.stringify({ entries: ['../x'], keepOldIn: 'before-restore-1' }));
  expect(() => finishRestore(layout)).toThrow(/is no plan of a restore/);
  put('restore-pending/plan.json', JSON.stringify({ entries: ['tls'], keepOldIn: '../elsewhere' }));
  expect(() => finishRestore(layout)).toThrow(/is no plan of a restore/);
});
