import { execFileSync, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type GapuraProcess, startGapuraProcess } from './gapura-process.ts';

/**
 * The commands of the README, as a newcomer copies them: every `sh` block that follows `npm start`, in order, in one
 * shell, against a Gapura that was started fresh. Only the ports are other ones.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;
let gapura: GapuraProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gapura-readme-'));
  gapura = await startGapuraProcess(join(folder, 'data'));
});

afterAll(async () => {
  await gapura.stop();
  await rm(folder, { recursive: true });
});

function hasMosquitto(): boolean {
  try {
    execFileSync('mosquitto_pub', ['--version'], { stdio: 'ignore' });
    return true;
  } catch (error) {
    // --version exits with 1 in older releases; what matters is that the program is there.
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

async function readmeBlocks(): Promise<string[]> {
  const text = await readFile(join(root, 'README.md'), 'utf8');
  const blocks = [...text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '');
  return blocks.filter((block) => !block.startsWith('npm '));
}

/** Points a command of the README at the Gapura of this test. */
function localise(block: string): string {
  const portOf = (scheme: string): string =>
    new RegExp(`${scheme}://[^\\s:/]+:(\\d+)`).exec(gapura.output())?.[1] ?? '';
  return block
    .replaceAll('localhost:8080', `127.0.0.1:${portOf('http')}`)
    .replaceAll('-h localhost -p 8883', `-h localhost -p ${portOf('mqtts')}`)
    .replaceAll(/-h localhost(?! -p)/g, `-h 127.0.0.1 -p ${portOf('mqtt')}`)
    .replaceAll('./gapura import devices.csv', `${root}gapura import devices.csv --url ${gapura.url}`)
    .replaceAll('./gapura', `GAPURA_DATA_DIR=${join(folder, 'data')} ${root}gapura`);
}

/** Runs the blocks in one shell. @returns what each of them printed */
async function run(blocks: readonly string[]): Promise<string[]> {
  const marker = '--- end of block ---';
  const script = blocks.map((block) => `${localise(block)}\necho; echo '${marker}'\n`).join('');
  const shell = spawn('sh', ['-e', '-c', script], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  shell.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  shell.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString();
  });
  const code = await new Promise<number | null>((resolve) => shell.once('close', resolve));
  expect([code, errors]).toEqual([0, expect.anything()]);
  return output.split(marker).slice(0, blocks.length);
}

describe('the README', () => {
  test('its commands work in the order in which they stand', async ({ skip }) => {
    const blocks = await readmeBlocks();
    expect(blocks.length).toBeGreaterThan(10);
    const withMosquitto = hasMosquitto();
    const runnable = blocks.filter((block) => withMosquitto || !/mosquitto_|MQTT_TOKEN|bed-2/.test(block));
    const outputs = await run(runnable);
    const outputOf = (part: string): string => {
      const index = runnable.findIndex((block) => block.includes(part));
      return index === -1 ? 'no such block' : (outputs[index] ?? '');
    };
    expect(outputOf('search=bed-1')).toMatch(/"temperature":\{"ts":\d+,"value":24\.5\}/);
    expect(outputOf('search=bed-1')).toMatch(/\d+,temperature,24\.5/);
    expect(outputOf('gapura import')).toMatch(/2/);
    if (!withMosquitto) skip('mosquitto_pub is not installed: install the package mosquitto-clients to run its blocks');
    expect(outputOf('mosquitto_sub')).toContain('{"targetTemperature":21}');
    expect(outputs.at(-2)).toMatch(/"temperature":\{"ts":\d+,"value":23\.9\}/);
  });
});
