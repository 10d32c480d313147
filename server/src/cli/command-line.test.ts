import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runGapura } from '../../test/run-gapura.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'gapura-cli-'));
});
afterAll(() => rmSync(directory, { recursive: true }));

const commands = ['start', 'setup', 'config', 'backup', 'restore', 'import', 'simulate', 'demo'];

test('without a command, and with help, it says what there is', async () => {
  for (const args of [[], ['help'], ['--help'], ['-h']]) {
    const { code, stdout, stderr } = await runGapura(args);
    expect([code, stderr]).toEqual([0, '']);
    for (const command of commands) expect(stdout).toMatch(new RegExp(`^ {2}${command} `, 'm'));
  }
});

test('a command has its own help, without colours where no terminal is', async () => {
  for (const command of ['start', 'restore']) {
    const { code, stdout } = await runGapura(['help', command]);
    expect([code, stdout.includes(`gapura ${command}`)]).toEqual([0, true]);
    expect(stdout).not.toContain('\u001b');
  }
  expect((await runGapura(['backup', '--help'])).stdout).toContain('<FILE>');
});

test('version prints the version', async () => {
  for (const args of [['version'], ['--version']]) expect((await runGapura(args)).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

test.each([
  [['strat'], 'There is no command "strat". Did you mean start?'],
  [['constructor'], 'There is no command "constructor".'],
  [['--verbose'], 'There is no flag "--verbose".'],
  [['help', 'nothing'], 'There is no command "nothing".'],
  [['config', '--jsn'], 'There is no flag --jsn. Did you mean --json?'],
  [['config', 'more'], '"more" is one argument too many.'],
  [['start', '--config'], 'The flag --config needs a value.'],
  [['backup'], 'Missing required positional argument: FILE'],
  [['backup', 'a', 'b'], '"b" is one argument too many.'],
])('a command line that makes no sense ends with 2 and says why: %j', async (args, message) => {
  const { code, stdout, stderr } = await runGapura(args);
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain(message);
});

test('config shows every setting with its source, and no secret', async () => {
  const file = join(directory, 'gapura.json');
  writeFileSync(file, '{"mqttPort": 2883}');
  const env = {
    GAPURA_CONFIG: file,
    GAPURA_HTTP_PORT: '9999',
    GAPURA_OWNER_EMAIL: 'a@b.example',
    GAPURA_OWNER_PASSWORD: 'a very secret password',
  };
  const { code, stdout } = await runGapura(['config'], env);
  expect(code).toBe(0);
  expect(stdout).toContain(`Settings file: ${file}`);
  expect(stdout).toMatch(/^GAPURA_HTTP_PORT +9999 +environment/m);
  expect(stdout).toMatch(/^GAPURA_MQTT_PORT +2883 +file/m);
  expect(stdout).toMatch(/^GAPURA_MQTTS_PORT +8883 +default/m);
  expect(stdout).toMatch(/^GAPURA_OWNER_PASSWORD +\(hidden\) +environment/m);
  const json = await runGapura(['config', '--json'], env);
  expect(JSON.parse(json.stdout).settings).toContainEqual(
    expect.objectContaining({ setting: 'GAPURA_OWNER_PASSWORD', value: '(hidden)' }),
  );
  expect(stdout + json.stdout).not.toContain('a very secret password');
});

test('settings that are not right are all told on stderr, and it ends with 1', async () => {
  const { code, stdout, stderr } = await runGapura(['start'], { GAPURA_HTTP_PORT: 'x', GAPURA_MQTT_PROT: '1' });
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toContain('GAPURA_HTTP_PORT is "x"; it must be a port');
  expect(stderr).toContain('GAPURA_MQTT_PROT is not a setting. Did you mean GAPURA_MQTT_PORT?');
  expect(stderr).not.toMatch(/^ +at /m);
});
