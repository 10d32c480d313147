import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ImportEvent } from '#contract/import.ts';
import { createTestApp, type TestApp } from '../../test/create-test-app.ts';
import { runGapura } from '../../test/run-gapura.ts';

let testApp: TestApp;
let folder: string;
beforeAll(async () => {
  testApp = await createTestApp();
  folder = await mkdtemp(join(tmpdir(), 'gapura-import-'));
});
afterAll(async () => {
  await testApp.stop();
  await rm(folder, { recursive: true });
});

function importWith(args: readonly string[], stdin = '') {
  return runGapura(['import', ...args], { GAPURA_URL: testApp.url, GAPURA_API_KEY: testApp.apiKey }, stdin);
}

async function csvFile(name: string, lines: readonly string[]): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, `${lines.join('\n')}\n`);
  return path;
}

async function countOf(search: string): Promise<number> {
  let count = 0;
  for await (const _device of testApp.client.devices.all({ search })) count++;
  return count;
}

test('a list of names is enough, a dry run changes nothing, and importing again does no harm', async () => {
  const path = await csvFile('names.csv', ['mac-01', 'mac-02', 'mac-03']);
  const dry = await importWith([path, '--dry-run']);
  expect(dry).toMatchObject({ code: 0 });
  expect(dry.stdout).toBe('3 rows: 3 would be created, 0 would be updated, 0 there already, 0 left out\n');
  expect(await countOf('mac-')).toBe(0);
  expect((await importWith([path])).stdout).toBe('3 rows: 3 created, 0 updated, 0 there already, 0 left out\n');
  expect((await importWith([path])).stdout).toBe('3 rows: 0 created, 0 updated, 3 there already, 0 left out\n');
  expect(await countOf('mac-')).toBe(3);
});

test('bad rows are listed with their line and written to a file that no spreadsheet takes for formulas', async () => {
  const lines = ['name,profile', 'row-1,', '=1+1,No such profile', 'row-3,No such profile', 'row-4,'];
  const errorsPath = join(folder, 'errors.csv');
  const { code, stdout } = await importWith([await csvFile('bad.csv', lines), '--errors', errorsPath]);
  expect(code).toBe(1);
  expect(stdout).toContain('line 3');
  expect(stdout).toContain('line 4');
  expect(stdout).toContain('4 rows: 2 created, 0 updated, 0 there already, 2 left out');
  const errors = (await readFile(errorsPath, 'utf8')).trim().split('\r\n');
  expect(errors[0]).toBe('line,column,code,name,reason');
  expect(errors).toHaveLength(3);
  expect(errors.join('\n')).not.toMatch(/(^|,)"?=/m);
});

test('credentials of new devices are written to a file for its owner alone, and they work', async () => {
  const path = join(folder, 'credentials.csv');
  const { code } = await importWith([await csvFile('new.csv', ['cred-1', 'cred-2']), '--credentials', path]);
  expect(code).toBe(0);
  expect((await stat(path)).mode & 0o777).toBe(0o600);
  const [header, first] = (await readFile(path, 'utf8')).trim().split('\r\n');
  expect(header).toBe('name,deviceId,credentialsType,token,clientId,userName,password');
  const [name, , , token] = first?.split(',') ?? [];
  expect(name).toBe('cred-1');
  expect((await fetch(`${testApp.url}/api/v1/${token}/attributes`)).status).toBe(200);
});

test('columns are mapped, and what is piped in is read', async () => {
  const { code, stdout } = await importWith(['-', '--no-header', '--map', 'name:2,label:3'], 'x,piped-1,North\n');
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('1 rows: 1 created') });
  expect((await testApp.client.devices.list({ search: 'piped-1' })).items[0]).toMatchObject({ label: 'North' });
});

test('a file that is not there, a server that is away and a wrong key are each one line', async () => {
  const missing = await importWith([join(folder, 'missing.csv')]);
  expect(missing).toMatchObject({ code: 1, stderr: expect.stringMatching(/^The file: ENOENT.*\n$/) });
  const path = await csvFile('one.csv', ['one']);
  const away = await importWith([path, '--url', 'http://127.0.0.1:1']);
  expect(away).toMatchObject({ code: 1, stderr: expect.stringMatching(/^The import: .*\(connection_failed\)\n$/) });
  const wrong = await importWith([path, '--api-key', 'gpr_wrong']);
  expect(wrong).toMatchObject({ code: 1, stderr: expect.stringMatching(/^The import: .*\(invalid_credentials\)\n$/) });
});

test('the client streams a large file and hears of its progress while it is sent', async () => {
  const rows = 10_000;
  // Wide enough that the file does not fit into the buffers of the sockets between.
  const filler = 'x'.repeat(2000);
  let sent = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (sent === rows) return controller.close();
      const lines = Array.from({ length: 100 }, () => `large-${sent++},${filler}\n`);
      controller.enqueue(new TextEncoder().encode(lines.join('')));
    },
  });
  const events: ImportEvent[] = [];
  let sentAtFirstProgress = 0;
  for await (const event of testApp.client.imports.devices(source, { header: false, map: { name: 1 } })) {
    if (event.type === 'progress' && sentAtFirstProgress === 0) sentAtFirstProgress = sent;
    events.push(event);
  }
  expect(events.at(-1)).toMatchObject({ type: 'summary', rows, created: rows, failed: 0, stopped: null });
  expect(sentAtFirstProgress).toBeLessThan(rows);
});
