/** The code that the wizard shows for JSON Web Tokens, run as it stands against a real server. */
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Profile } from '#contract/profiles.ts';
import { createTestApp, type TestApp } from '../../server/test/create-test-app.ts';
import { type SnippetContext, type SnippetLanguage, snippetOf } from '../src/features/devices/add/snippets.ts';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');

/** Which of the programs is here; the others cannot be tried. */
const exists = (program: string): Promise<boolean> =>
  run('sh', ['-c', `command -v ${program}`]).then(
    () => true,
    () => false,
  );
const programs: Partial<Record<SnippetLanguage, string>> = {
  curl: 'curl',
  mosquitto: 'mosquitto_pub',
  python: 'python3',
  node: 'node',
};
const here = new Map<SnippetLanguage, boolean>();
for (const language of ['curl', 'mosquitto', 'python', 'node'] as const) {
  here.set(language, await exists(programs[language] ?? ''));
}
const runnable = [...here].filter(([, isHere]) => isHere).map(([language]) => language);

let app: TestApp;
let directory: string;
let profile: Profile;

beforeAll(async () => {
  app = await createTestApp();
  directory = await mkdtemp(join(tmpdir(), 'gapura-snippets-'));
  profile = await app.client.profiles.create({
    name: `fleet 'of' "many"`,
    provisioning: { strategy: 'ALLOW_CREATE_NEW_DEVICES', secret: `a'b"c\\d$(touch x)` },
  });
});
afterAll(async () => {
  await app.stop();
  await rm(directory, { recursive: true });
});

const contextOf = (way: SnippetContext['way']): SnippetContext => ({
  host: '127.0.0.1',
  httpUrl: app.url,
  mqttPort: app.addresses.mqttPort,
  way,
});

/** As somebody who pastes it does. */
async function paste(language: SnippetLanguage, code: string): Promise<void> {
  const cwd = await mkdtemp(join(directory, 'device-'));
  if (language === 'python') await run('python3', ['-c', code], { cwd });
  else if (language === 'node') {
    await writeFile(join(cwd, 'device.ts'), code.replaceAll("'./sdk/", `'${root}/sdk/`));
    await run(process.execPath, ['device.ts'], { cwd });
  } else await run('sh', ['-c', code], { cwd });
}

describe('a device with a key of its own', () => {
  test.each(runnable)('sends by the %s code', async (language) => {
    const device = await app.client.devices.create({ name: `one ${language}`, credentials: { type: 'JWT' } });
    if (device.credentials.type !== 'JWT') throw new Error('The device has other credentials.');
    const { kid, key = '', deviceId = '', instance = '' } = device.credentials;
    await paste(language, snippetOf(language, contextOf({ kind: 'jwt', kid, key, deviceId, instance })));
    expect(await app.client.telemetry.latest(device.id)).toMatchObject({ temperature: { value: 25.4 } });
  });
});

describe('a device of a fleet', () => {
  // The answer of mosquitto_rr and of curl are read alike: there is one way to ask in a shell.
  test.each(runnable)('brings itself in and sends by the %s code', async (language) => {
    const { key, secret } = profile.provisioning;
    const before = new Set((await app.client.devices.list({ profileId: profile.id })).items.map(({ id }) => id));
    const code = snippetOf(language, contextOf({ kind: 'jwtProvision', key, secret: secret ?? '' }));
    await paste(language, code.replaceAll('sensor-1', `sensor-${language}`).replace('hostname()', "'sensor-node'"));
    const [made] = (await app.client.devices.list({ profileId: profile.id })).items.filter(({ id }) => !before.has(id));
    expect(await app.client.telemetry.latest(made?.id ?? '')).toMatchObject({ temperature: { value: 25.4 } });
  });
});

test('the ESP32 code holds the bytes of the key, the address and the names that the server gave', () => {
  const way = { kind: 'jwt', kid: 'kid12', key: 'AAECAwQF', deviceId: 'dev', instance: 'inst' } as const;
  const code = snippetOf('arduino', { ...contextOf(way), httpUrl: 'https://gate.example' });
  for (const part of ['0x00, 0x01, 0x02, 0x03, 0x04, 0x05', '"gate.example", 443', '"kid12"', 'WiFiClientSecure']) {
    expect(code).toContain(part);
  }
});
