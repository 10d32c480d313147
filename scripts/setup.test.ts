import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

/** A checkout with the set-up script and a stand-in for npm that notes how it was called. */
let checkout: string;

beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'gapura-checkout-'));
  mkdirSync(join(checkout, 'scripts'));
  copyFileSync(fileURLToPath(new URL('setup.mjs', import.meta.url)), join(checkout, 'scripts', 'setup.mjs'));
  writeFileSync(join(checkout, 'package-lock.json'), '{"lockfileVersion": 3}');
  writeFileSync(
    join(checkout, 'npm-cli.cjs'),
    `const fs = require('node:fs');
    fs.appendFileSync('calls.txt', process.argv.slice(2).join(' ') + '\\n');
    if (process.env.NPM_FAILS) process.exit(7);
    fs.mkdirSync('node_modules/.bin', { recursive: true });
    if (!process.env.NO_RUNTIME) fs.writeFileSync('node_modules/.bin/' + (process.platform === 'win32' ? 'node.cmd' : 'node'), '');`,
  );
});
afterEach(() => rmSync(checkout, { recursive: true }));

function setUp(env: Record<string, string> = {}) {
  const run = spawnSync(process.execPath, [join(checkout, 'scripts', 'setup.mjs')], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], npm_execpath: join(checkout, 'npm-cli.cjs'), ...env },
  });
  const calls = join(checkout, 'calls.txt');
  return { ...run, installs: existsSync(calls) ? readFileSync(calls, 'utf8').trim().split('\n').length : 0 };
}

test('the first time it installs what the lock names, with the packages for tests and for this platform', () => {
  const { status, stdout, installs } = setUp();
  expect([status, installs]).toEqual([0, 1]);
  expect(stdout).toContain('Installing the dependencies');
  const [call] = readFileSync(join(checkout, 'calls.txt'), 'utf8').split('\n');
  expect(call).toMatch(/^ci .*--include=dev --include=optional/);
});

test('while the lock is the same it does nothing and says nothing', () => {
  setUp();
  const again = setUp();
  expect([again.status, again.stdout, again.stderr, again.installs]).toEqual([0, '', '', 1]);
});

test('a changed lock, or a runtime that is gone, installs again', () => {
  setUp();
  writeFileSync(join(checkout, 'package-lock.json'), '{"lockfileVersion": 3, "packages": {}}');
  expect(setUp().installs).toBe(2);
  rmSync(join(checkout, 'node_modules', '.bin'), { recursive: true });
  expect(setUp().installs).toBe(3);
  expect(setUp().installs).toBe(3);
});

test('an installation that fails is told, and tried again the next time', () => {
  const failed = setUp({ NPM_FAILS: '1' });
  expect([failed.status, failed.stderr]).toEqual([7, expect.stringContaining('The installation failed')]);
  expect([setUp().status, setUp().installs]).toEqual([0, 2]);
});

test('a machine for which there is no runtime is told what to do', () => {
  const { status, stderr } = setUp({ NO_RUNTIME: '1' });
  expect([status, stderr]).toEqual([1, expect.stringContaining('Install Node 24 yourself')]);
});
