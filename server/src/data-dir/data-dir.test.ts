import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { StartupError } from '../errors.ts';
import { openDataDir } from './data-dir.ts';
import { layoutOf } from './layout.ts';
import { readProcessFile } from './process-file.ts';

let parent: string;
let root: string;
let warnings: string[];
const children: ChildProcess[] = [];

beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'gapura-data-dir-'));
  root = join(parent, 'data');
  warnings = [];
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  rmSync(parent, { recursive: true });
});

const open = () => openDataDir(root, (message) => warnings.push(message));
const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
const isRoot = process.getuid?.() === 0;

/** Another process that holds the data directory until it is killed. */
async function holdElsewhere(): Promise<ChildProcess> {
  const module = fileURLToPath(new URL('./data-dir.ts', import.meta.url));
  const script = `const { openDataDir } = await import(${JSON.stringify(module)});
    globalThis.held = openDataDir(${JSON.stringify(root)}, () => {});
    console.log('held'); setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  await once(child.stdout, 'data');
  return child;
}

test('the first start makes the folder and the master key for this user alone', () => {
  const dataDir = open();
  expect(modeOf(root)).toBe('700');
  expect(modeOf(dataDir.layout.masterKey)).toBe('600');
  expect(dataDir.masterKey).toHaveLength(32);
  expect(warnings).toEqual([]);
  dataDir.release();
});

test('the second start finds the same master key', () => {
  const first = open();
  first.release();
  const second = open();
  expect(second.masterKey.equals(first.masterKey)).toBe(true);
  second.release();
});

test('a second process on the directory is refused with the number of the first', async () => {
  const child = await holdElsewhere();
  expect(open).toThrow(StartupError);
  expect(open).toThrow(
    new RegExp(`Another Gapura \\(process ${child.pid}\\) uses the data directory .*GAPURA_DATA_DIR`),
  );
});

test('a second opening in the same process is refused too', () => {
  const dataDir = open();
  expect(open).toThrow(/Another Gapura/);
  dataDir.release();
  open().release();
});

test('after kill -9 the next process starts without any clean-up', async () => {
  const child = await holdElsewhere();
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(existsSync(layoutOf(root).processFile)).toBe(true);
  open().release();
});

test('other processes can see who holds the directory and whether it is ready', () => {
  const dataDir = open();
  expect(readProcessFile(dataDir.layout)).toMatchObject({ pid: process.pid, state: 'starting' });
  dataDir.ready('http://127.0.0.1:8080');
  expect(readProcessFile(dataDir.layout)).toMatchObject({ state: 'ready', url: 'http://127.0.0.1:8080' });
  dataDir.release();
  expect(readProcessFile(dataDir.layout)).toBeUndefined();
});

test('a process file that makes no sense is as none', () => {
  mkdirSync(root);
  for (const text of ['', '{', '[]', '{"pid":-1,"state":"ready","since":1}', '{"pid":"1","state":"ready","since":1}']) {
    writeFileSync(layoutOf(root).processFile, text);
    expect(readProcessFile(layoutOf(root))).toBeUndefined();
  }
});

test('a missing master key beside a database is never replaced', () => {
  mkdirSync(root);
  writeFileSync(layoutOf(root).entityDatabase, '');
  expect(open).toThrow(/master\.key is missing although a database is there/);
  expect(existsSync(layoutOf(root).masterKey)).toBe(false);
  // The refusal gave the lock back.
  rmSync(layoutOf(root).entityDatabase);
  open().release();
});

test('a file that is no master key is refused and left as it is', () => {
  mkdirSync(root);
  writeFileSync(layoutOf(root).masterKey, 'c2hvcnQ=\n', { mode: 0o600 });
  expect(open).toThrow(/holds no master key/);
  expect(readFileSync(layoutOf(root).masterKey, 'utf8')).toBe('c2hvcnQ=\n');
});

test('a master key that others could read is closed to them, with a warning', () => {
  open().release();
  chmodSync(layoutOf(root).masterKey, 0o644);
  open().release();
  expect(modeOf(layoutOf(root).masterKey)).toBe('600');
  expect(warnings.join()).toMatch(/master\.key was open to other users .*mode 644/);
});

test('a folder that others may write is warned of and left alone', () => {
  mkdirSync(root);
  chmodSync(root, 0o777);
  open().release();
  expect(warnings.join()).toMatch(/Other users may write to the data directory .*chmod 700/);
  expect(modeOf(root)).toBe('777');
});

test('a file in the place of the folder is refused with what to do', () => {
  writeFileSync(root, '');
  expect(open).toThrow(/is a file, not a folder\. .*GAPURA_DATA_DIR/);
});

test.skipIf(isRoot)('a folder without the right to write is refused with what to do', () => {
  mkdirSync(root, { mode: 0o500 });
  expect(open).toThrow(/cannot be written \(EACCES\)\. .*GAPURA_DATA_DIR/);
});

test('a folder that cannot be made is refused with what to do', () => {
  writeFileSync(join(parent, 'file'), '');
  root = join(parent, 'file', 'data');
  expect(open).toThrow(/cannot be written \((ENOTDIR|EEXIST)\)\. .*GAPURA_DATA_DIR/);
});
