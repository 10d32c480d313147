import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { environmentName, loadConfig } from './config-load.ts';
import { StartupError } from './errors.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gapura-config-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const env = (values: Record<string, string> = {}) => ({ GAPURA_DATA_DIR: directory, HOME: '/home/x', ...values });

function faultsOf(values: Record<string, string>, file?: string): string {
  try {
    loadConfig(env(values), file === undefined ? {} : { file });
  } catch (error) {
    if (error instanceof StartupError) return error.message;
    throw error;
  }
  throw new Error('The settings were accepted.');
}

function settingsFile(content: unknown, name = 'gapura.json'): string {
  const path = join(directory, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

test('without any setting the defaults hold', () => {
  const { config, file } = loadConfig({});
  expect(config).toMatchObject({ host: '0.0.0.0', httpPort: 8080, mqttPort: 1883, mqttsPort: 8883, logLevel: 'info' });
  expect(config.dataDir).toBe(join(process.cwd(), 'data'));
  expect(file).toBeUndefined();
});

test('the settings cannot be changed once they are loaded', () => {
  expect(Object.isFrozen(loadConfig(env()).config)).toBe(true);
});

test('names in the environment follow from the names of the settings', () => {
  expect(['dataDir', 'httpPort', 'mqttsPort', 'ownerEmail', 'natsUrl'].map(environmentName)).toEqual([
    'GAPURA_DATA_DIR',
    'GAPURA_HTTP_PORT',
    'GAPURA_MQTTS_PORT',
    'GAPURA_OWNER_EMAIL',
    'GAPURA_NATS_URL',
  ]);
});

test('the environment wins over the file in the data directory, which wins over the defaults', () => {
  settingsFile({ httpPort: 9000, mqttPort: 9001, tlsHostnames: ['gate.example'] });
  const { config, sources } = loadConfig(env({ GAPURA_HTTP_PORT: '0' }));
  expect(config).toMatchObject({ httpPort: 0, mqttPort: 9001, mqttsPort: 8883, tlsHostnames: ['gate.example'] });
  expect([sources.get('httpPort'), sources.get('mqttPort'), sources.get('mqttsPort')]).toEqual([
    'environment',
    'file',
    'default',
  ]);
});

test('GAPURA_CONFIG names another file, whose paths are relative to itself', () => {
  const path = settingsFile({ dataDir: 'kept' }, 'other.json');
  expect(loadConfig({ GAPURA_CONFIG: path }).config.dataDir).toBe(join(directory, 'kept'));
});

test('texts of the environment become numbers, flags and lists; an empty text is not set', () => {
  const { config } = loadConfig(
    env({ GAPURA_TRUST_PROXY: 'yes', GAPURA_TLS_HOSTNAMES: 'a.example, 10.0.0.7', GAPURA_HTTP_PORT: '' }),
  );
  expect(config).toMatchObject({ trustProxy: true, tlsHostnames: ['a.example', '10.0.0.7'], httpPort: 8080 });
});

test('every fault is reported at once, each with the name of its setting and what would be right', () => {
  const text = faultsOf({
    GAPURA_HTTP_PORT: 'http',
    GAPURA_MQTT_PORT: '70000',
    GAPURA_LOG_LEVEL: 'loud',
    GAPURA_OWNER_EMAIL: 'nobody',
    GAPURA_HTP_PORT: '1',
    GAPURA_NATS_URL: 'nats://x',
  });
  expect(text.split('\n')).toHaveLength(8);
  expect(text).toContain('GAPURA_HTTP_PORT is "http"; it must be a port from 0 to 65535');
  expect(text).toContain('GAPURA_MQTT_PORT is 70000; it must be a port');
  expect(text).toContain('GAPURA_LOG_LEVEL is "loud"; it must be one of fatal, error, warn, info');
  expect(text).toContain('GAPURA_OWNER_EMAIL is "nobody"; it must be an e-mail address');
  expect(text).toContain('GAPURA_OWNER_EMAIL is set without GAPURA_OWNER_PASSWORD');
  expect(text).toContain('GAPURA_HTP_PORT is not a setting. Did you mean GAPURA_HTTP_PORT?');
  expect(text).toContain('GAPURA_NATS_URL is not supported yet');
});

test('faults of the file name the file', () => {
  const path = settingsFile({ httpPort: '8080', htpsPort: 1 });
  const text = faultsOf({});
  expect(text).toContain(`"httpPort" in ${path} is "8080"; it must be a port`);
  expect(text).toContain(`"htpsPort" in ${path} is not a setting. Did you mean "httpsPort"?`);
});

test('a secret is not repeated in its own fault', () => {
  const text = faultsOf({ GAPURA_OWNER_EMAIL: 'a@b.example', GAPURA_OWNER_PASSWORD: 'hunter2' });
  expect(text).toContain('GAPURA_OWNER_PASSWORD is not right; it must be a password of at least 12 characters');
  expect(text).not.toContain('hunter2');
});

test('a file that is missing, no JSON, or no object is a fault', () => {
  expect(faultsOf({}, join(directory, 'none.json'))).toContain('none.json cannot be read (ENOENT)');
  expect(faultsOf({}, settingsFile('{', 'a.json'))).toContain('a.json is not JSON');
  expect(faultsOf({}, settingsFile([1], 'b.json'))).toContain('b.json must be a JSON object');
});

test('the file in the data directory cannot move the data directory', () => {
  settingsFile({ dataDir: '/elsewhere' });
  expect(faultsOf({})).toContain('cannot say where its own folder is');
});

test('two listeners on one port are a fault; any number may ask for a free one', () => {
  expect(faultsOf({ GAPURA_MQTT_PORT: '8080' })).toContain('GAPURA_MQTT_PORT and GAPURA_HTTP_PORT are both 8080');
  expect(loadConfig(env({ GAPURA_MQTT_PORT: '0', GAPURA_HTTP_PORT: '0' })).config.mqttPort).toBe(0);
});
