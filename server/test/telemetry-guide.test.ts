import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createTestApp, type TestApp } from './create-test-app.ts';

/** The commands of `docs/guides/read-telemetry.md`, as a reader copies them. */
let gapura: TestApp;
beforeAll(async () => {
  gapura = await createTestApp();
});
afterAll(() => gapura.stop());

test('the commands of the guide answer what it says, in the order in which they stand', async () => {
  const { id } = await gapura.client.devices.create({ name: 'guide' });
  const values = [1, 3, 8];
  await gapura.client.telemetry.write(
    id,
    values.map((temperature, i) => ({ ts: i * 1_800_000, values: { temperature } })),
  );
  const guide = await readFile(new URL('../../docs/guides/read-telemetry.md', import.meta.url), 'utf8');
  const blocks = [...guide.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '');
  const commands = blocks.flatMap((block) => block.split(/\n(?=curl )/));
  const env = { ...process.env, GAPURA_API_KEY: gapura.apiKey, DEVICE_ID: id };
  const answers: unknown[] = [];
  for (const command of commands) {
    const local = command.replaceAll('http://localhost:8080', gapura.url);
    const { stdout } = await promisify(execFile)('sh', ['-ec', local], { env });
    answers.push(JSON.parse(stdout));
  }
  const hour = 3_600_000;
  const latest = { temperature: { ts: hour, value: 8 } };
  expect(answers).toEqual([
    latest,
    { keys: [{ key: 'temperature', points: 3, bytes: 0, firstTs: 0, lastTs: hour }] },
    { temperature: [latest.temperature, { ts: hour / 2, value: 3 }] },
    {
      temperature: [
        { ts: 0, min: 1, max: 3, avg: 2, sum: 4, count: 2, first: 1, last: 3 },
        { ts: hour, min: 8, max: 8, avg: 8, sum: 8, count: 1, first: 8, last: 8 },
      ],
    },
    { temperature: [{ ts: -7 * hour, sum: 12 }] },
    { temperature: values.map((max, i) => ({ ts: i * 1_800_000, max })) },
    { temperature: values.map((value, i) => ({ ts: i * 1_800_000, value })) },
    {
      series: [
        {
          deviceId: id,
          key: 'temperature',
          points: [
            { ts: 0, avg: 2 },
            { ts: hour, avg: 8 },
          ],
        },
      ],
      nextCursor: null,
    },
    { [id]: latest },
    { deleted: 2 },
  ]);
});
