import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type GapuraProcess, startGapuraProcess } from '../../test/gapura-process.ts';
import { runGapura } from '../../test/run-gapura.ts';

let directory: string;
let gapura: GapuraProcess | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gapura-setup-'));
});
afterEach(async () => {
  await gapura?.kill();
  gapura = undefined;
  rmSync(directory, { recursive: true });
});

const email = 'owner@example.com';
const password = 'correct-lantern-77-gate';
const setup = (args: string[], stdin = `${password}\n`) =>
  runGapura(['setup', ...args], { GAPURA_DATA_DIR: directory }, stdin);
const signIn = (url: string) =>
  fetch(`${url}/v1/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });

test('the owner is made before the first start', async () => {
  const { code, stdout, stderr } = await setup(['--email', email, '--password-stdin']);
  expect([code, stderr, stdout]).toEqual([0, '', `${email} is the owner now. Start Gapura and sign in.\n`]);
  gapura = await startGapuraProcess(directory);
  expect(gapura.output()).not.toContain('#token=');
  expect((await signIn(gapura.url)).ok).toBe(true);
});

test('the owner is made while Gapura runs, and only once', async () => {
  gapura = await startGapuraProcess(directory);
  expect(await setup(['--email', email, '--password-stdin'])).toMatchObject({ code: 0, stderr: '' });
  expect((await signIn(gapura.url)).ok).toBe(true);
  const again = await setup(['--email', 'other@example.com', '--password-stdin']);
  expect([again.code, again.stderr]).toEqual([
    1,
    'Gapura is set up already. Sign in instead; an owner can add more users.\n',
  ]);
});

test('a weak password is refused in one line, running or not', async () => {
  const stopped = await setup(['--email', email, '--password-stdin'], 'password1234\n');
  gapura = await startGapuraProcess(directory);
  const running = await setup(['--email', email, '--password-stdin'], 'password1234\n');
  for (const { code, stderr } of [stopped, running]) {
    expect([code, stderr.trimEnd().split('\n')]).toEqual([1, [expect.stringMatching(/password/i)]]);
  }
  expect((await signIn(gapura.url)).ok).toBe(false);
});

test('a lost link is replaced by a new one, which alone works', async () => {
  gapura = await startGapuraProcess(directory);
  const printed = /#token=(\S+)/.exec(gapura.output())?.[1];
  const { stdout } = await setup(['--link']);
  const renewed = /^http:\/\/\S+\/setup#token=(\S+)\n$/.exec(stdout)?.[1];
  const { url } = gapura;
  const complete = (token: string | undefined) =>
    fetch(`${url}/v1/setup`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ token, email, password }),
    });
  expect((await complete(printed)).status).toBe(403);
  expect((await complete(renewed)).status).toBe(201);
});

test('without a terminal and without all answers it says which to give', async () => {
  const { code, stderr } = await setup(['--email', email]);
  expect([code, stderr]).toEqual([2, expect.stringContaining('give --email and --password-stdin')]);
});
