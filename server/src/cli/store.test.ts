import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Ran, runGapura } from '../../test/run-gapura.ts';
import { createBatchPacker } from '../telemetry/batch-packer.ts';
import { BatchNames } from '../telemetry/engine/batch-names.ts';
import { Engine } from '../telemetry/engine/engine.ts';

const day = Date.UTC(2026, 0, 30);
const hourMs = 3_600_000;
let dataDir: string;
/** Open all the time, as that of a Gapura that runs. */
let engine: Engine;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'gapura-store-'));
  mkdirSync(join(dataDir, 'telemetry'));
  const note = (_level: string, text: string): never => {
    throw new Error(text);
  };
  engine = new Engine({ directory: join(dataDir, 'telemetry'), headPoints: 10_000, note, wake: () => {} });
  await engine.open();
  const packer = createBatchPacker();
  const names = new BatchNames();
  const append = (deviceId: string, hours: readonly number[]): void => {
    const points = hours.flatMap((hour) => [
      { key: 't', ts: day + hour * hourMs, value: hour / 4 },
      { key: 'a, "b"', ts: day + hour * hourMs, value: { json: '{"x":[1]}' } },
    ]);
    engine.append([names.take(packer.pack([{ tenantId: 'home', deviceId, points }]))]);
  };
  append('one', [1, 2, 3]);
  append('two', [1, 30]);
  await engine.drain();
  // Still in memory, and in the segments of the database.
  append('one', [50]);
});
afterEach(() => {
  engine.close();
  rmSync(dataDir, { recursive: true });
});

const store = (...args: string[]): Promise<Ran> => runGapura(['store', ...args], { GAPURA_DATA_DIR: dataDir });

test('beside a running Gapura, check reads everything and export writes it, in both formats', async () => {
  const before = readdirSync(join(dataDir, 'telemetry'));
  expect(await store('check')).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(
      /^2 day files with 6 chunks, 10 points, .*; 2 points wait[\s\S]*Every checksum is right/,
    ),
  });
  const lines = [1, 2, 3].map((hour) => `home,one,t,${day + hour * hourMs},${hour / 4}`);
  const texts = [1, 2, 3].map((hour) => `home,one,"a, ""b""",${day + hour * hourMs},"{""x"":[1]}"`);
  const csv = await store('export', '--device', 'one', '--to', '2026-01-31');
  expect(csv).toMatchObject({ code: 0, stderr: '6 points of 2 series.\n' });
  expect(csv.stdout.split('\r\n')).toEqual(['tenant,device,key,ts,value', ...texts, ...lines, '']);
  const output = join(dataDir, 'all.ndjson');
  expect(await store('export', '--format', 'ndjson', '--from', '2026-01-31T00:00Z', '--output', output)).toMatchObject({
    code: 0,
    stdout: '',
  });
  const rows = readFileSync(output, 'utf8')
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  expect(rows).toContainEqual({ tenantId: 'home', deviceId: 'one', key: 't', ts: day + 50 * hourMs, value: 12.5 });
  expect(rows).toHaveLength(4);
  expect(await store('export', '--output', output)).toMatchObject({ code: 1, stderr: expect.stringMatching(/exists/) });
  expect(readdirSync(join(dataDir, 'telemetry'))).toEqual(before);
});

test('what is damaged, cut off or foreign is named, and an export that lacks it does not end with 0', async () => {
  const telemetry = join(dataDir, 'telemetry');
  const file = join(telemetry, '2026-01-30.day');
  const bytes = readFileSync(file);
  bytes[40] = (bytes[40] ?? 0) ^ 0xff;
  writeFileSync(file, bytes);
  writeFileSync(join(telemetry, 'notes.txt'), 'mine');
  const next = join(telemetry, '2026-01-31.day');
  writeFileSync(next, readFileSync(next).subarray(0, -1));
  const checked = await store('check');
  expect(checked.code).toBe(1);
  for (const said of [
    /2026-01-30\.day is damaged: the page at 32/,
    /notes\.txt: it is nothing that Gapura made\./,
    /2026-01-31\.day: the last \d+ bytes are no whole block/,
    /^2 faults\.$/m,
  ]) {
    expect(checked.stdout).toMatch(said);
  }
  const exported = await store('export');
  expect(exported.code).toBe(1);
  expect(exported.stderr).toMatch(/2026-01-30\.day is damaged[\s\S]*2 points of 4 series\.[\s\S]*missing in it/);
});

test.each<[args: string[], said: RegExp]>([
  [['chekc'], /check or export/],
  [['check', '--device', 'one'], /--device is for export/],
  [['export', '--from', 'yesterday'], /--from must be milliseconds or an ISO 8601 time/],
  [['export', '--from', '2', '--to', '1'], /--from must be before --to/],
  [['export', '--format', 'xml'], /csv or ndjson/],
])('%j is no command, and it is said why in a line', async (args, said) => {
  const { code, stdout, stderr } = await store(...args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toMatch(said);
  expect(stderr.trim().split('\n')).toHaveLength(2);
});

test('a directory without telemetry, and a database that is none, are told in a line', async () => {
  expect(await runGapura(['store', 'check'], { GAPURA_DATA_DIR: join(dataDir, 'none') })).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^There is no telemetry in .*\n$/),
  });
  const other = join(dataDir, 'other');
  mkdirSync(join(other, 'telemetry'), { recursive: true });
  writeFileSync(join(other, 'telemetry', 'hot.sqlite'), 'x'.repeat(5000));
  expect(await runGapura(['store', 'check'], { GAPURA_DATA_DIR: other })).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/^The telemetry in .* cannot be read: file is not a database\.\n$/),
  });
});
