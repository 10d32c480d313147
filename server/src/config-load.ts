/** Reads the settings: environment over file over defaults. Every fault is reported at once. */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { Ajv, type ErrorObject } from 'ajv';
import { type Config, ConfigSchema, configOf, type SettingName } from './config.ts';
import { StartupError } from './errors.ts';
import { closestName } from './lib/closest-name.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a value came from, as `gapura config` shows it. */
export type SettingSource = 'environment' | 'file' | 'default';

export interface LoadedConfig {
  readonly config: Config;
  readonly sources: ReadonlyMap<SettingName, SettingSource>;
  /** The file that was read, if there was one. */
  readonly file: string | undefined;
}

export const settingNames = Object.keys(ConfigSchema.properties) as SettingName[];

/** Names under GAPURA_ that are not settings of the server: where its file is, and how the command line reaches it. */
const otherNames = ['GAPURA_CONFIG', 'GAPURA_URL', 'GAPURA_API_KEY'];

/** `httpPort` → `GAPURA_HTTP_PORT` */
export function environmentName(setting: string): string {
  return `GAPURA_${setting.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

const settingOf = new Map(settingNames.map((name) => [environmentName(name), name]));

/** A configuration file is written by hand; this is more than any needs. */
const fileLimitBytes = 256 * 1024;

/**
 * @param env usually `process.env`; an empty value counts as not set
 * @returns the frozen settings, with `dataDir`, `tlsCert` and `tlsKey` as absolute paths
 * @throws StartupError that names every fault and what would be right
 */
export function loadConfig(env: Environment, options: { readonly file?: string } = {}): LoadedConfig {
  const faults: string[] = [];
  const fromEnvironment = readEnvironment(env, faults);
  const dataDir = resolve(String(fromEnvironment['dataDir'] ?? configOf().dataDir));
  const named = options.file ?? (env['GAPURA_CONFIG'] || undefined);
  const file = readSettingsFile(named, dataDir, faults);

  const values: Record<string, unknown> = { ...file.values, ...fromEnvironment };
  const sources = new Map<SettingName, SettingSource>();
  for (const name of settingNames) {
    sources.set(name, name in fromEnvironment ? 'environment' : name in file.values ? 'file' : 'default');
  }
  const sourceName = (name: string): string =>
    sources.get(name as SettingName) === 'environment' ? environmentName(name) : `"${name}" in ${file.path}`;

  faults.push(...checkValues(values, sourceName));
  faults.push(...checkTogether(values, sourceName));
  if (faults.length > 0) throw new StartupError(faultText(faults));

  const config = configOf(values as Partial<Config>);
  // A relative path in the file starts at the file, one in the environment at the working directory.
  const whole = (name: SettingName, path: string): string =>
    sources.get(name) === 'file' && file.path !== undefined ? resolve(dirname(file.path), path) : resolve(path);
  const absolute: Partial<Config> = {
    dataDir: whole('dataDir', config.dataDir),
    ...(config.tlsCert !== undefined && { tlsCert: whole('tlsCert', config.tlsCert) }),
    ...(config.tlsKey !== undefined && { tlsKey: whole('tlsKey', config.tlsKey) }),
  };
  return { config: configOf({ ...config, ...absolute }), sources, file: file.path };
}

function faultText(faults: readonly string[]): string {
  if (faults.length === 1) return faults[0] ?? '';
  return `${faults.length} settings are not right:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`;
}

function readEnvironment(env: Environment, faults: string[]): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('GAPURA_') || text === undefined || text === '') continue;
    const setting = settingOf.get(name);
    if (setting !== undefined) {
      values[setting] = fromText(setting, text);
    } else if (!otherNames.includes(name)) {
      const meant = closestName(name, [...settingOf.keys(), ...otherNames]);
      faults.push(`${name} is not a setting.${meant ? ` Did you mean ${meant}?` : ' `gapura config` lists them.'}`);
    }
  }
  return values;
}

/** The environment has only texts; what does not fit its type stays a text, which the schema then refuses. */
function fromText(setting: SettingName, text: string): unknown {
  const schema = ConfigSchema.properties[setting];
  const type = 'type' in schema ? schema.type : undefined;
  const trimmed = text.trim();
  if (type === 'integer' && /^-?\d{1,15}$/.test(trimmed)) return Number(trimmed);
  if (type === 'boolean' && /^(true|1|yes|on)$/i.test(trimmed)) return true;
  if (type === 'boolean' && /^(false|0|no|off)$/i.test(trimmed)) return false;
  if (type === 'array') {
    return trimmed
      .split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '');
  }
  // A password may begin or end with a space.
  return setting === 'ownerPassword' ? text : trimmed;
}

interface SettingsFile {
  readonly path: string | undefined;
  readonly values: Record<string, unknown>;
}

function readSettingsFile(named: string | undefined, dataDir: string, faults: string[]): SettingsFile {
  const path = named === undefined ? join(dataDir, 'gapura.json') : resolve(named);
  const nothing: SettingsFile = { path: undefined, values: {} };
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (named === undefined && (code === 'ENOENT' || code === 'ENOTDIR')) return nothing;
    faults.push(`The configuration file ${path} cannot be read (${code}). Check GAPURA_CONFIG and the file's rights.`);
    return nothing;
  }
  if (text.length > fileLimitBytes) {
    faults.push(
      `The configuration file ${path} has more than ${fileLimitBytes} bytes; it must be a small JSON object.`,
    );
    return nothing;
  }
  let values: unknown;
  try {
    values = JSON.parse(text);
  } catch (error) {
    faults.push(`The configuration file ${path} is not JSON: ${error instanceof Error ? error.message : error}.`);
    return nothing;
  }
  if (typeof values !== 'object' || values === null || Array.isArray(values)) {
    faults.push(`The configuration file ${path} must be a JSON object, such as {"httpPort": 8080}.`);
    return nothing;
  }
  const known: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    if (name === '$schema') continue;
    if (settingNames.includes(name as SettingName)) {
      known[name] = value;
    } else {
      const meant = closestName(name, settingNames);
      faults.push(`"${name}" in ${path} is not a setting.${meant ? ` Did you mean "${meant}"?` : ''}`);
    }
  }
  if (named === undefined && 'dataDir' in known) {
    faults.push(`"dataDir" in ${path} cannot say where its own folder is; set GAPURA_DATA_DIR or GAPURA_CONFIG.`);
  }
  return { path, values: known };
}

const validate = new Ajv({ allErrors: true, strict: false, verbose: true }).compile(ConfigSchema);

function checkValues(values: Record<string, unknown>, sourceName: (name: string) => string): string[] {
  if (validate({ ...configOf(), ...values })) return [];
  const faults = new Map<string, string>();
  for (const error of validate.errors ?? []) {
    const setting = error.instancePath.split('/')[1] ?? '';
    if (!faults.has(setting)) faults.set(setting, faultOf(setting, values[setting], sourceName(setting), error));
  }
  return [...faults.values()];
}

function faultOf(setting: string, value: unknown, name: string, error: ErrorObject): string {
  const schema = ConfigSchema.properties[setting as SettingName] as { expects?: string; secret?: boolean } | undefined;
  const shown = schema?.secret ? 'not right' : JSON.stringify(value)?.slice(0, 200);
  return `${name} is ${shown}; it must be ${schema?.expects ?? error.message}.`;
}

/** Rules between settings, and settings that only later versions know. */
function checkTogether(values: Record<string, unknown>, sourceName: (name: string) => string): string[] {
  const faults: string[] = [];
  const bothOrNone = (a: SettingName, b: SettingName): void => {
    const [given, missing] = a in values ? [a, b] : [b, a];
    if (a in values !== b in values) {
      faults.push(`${sourceName(given)} is set without ${environmentName(missing)}; set both or none.`);
    }
  };
  bothOrNone('ownerEmail', 'ownerPassword');
  bothOrNone('tlsCert', 'tlsKey');

  for (const [name, kept] of [
    ['databaseUrl', 'everything is kept in the data directory'],
    ['natsUrl', 'one process serves all devices'],
  ] as const) {
    if (name in values) faults.push(`${sourceName(name)} is not supported yet (${kept}); leave it out.`);
  }

  const ports = new Map<number, string>();
  for (const name of ['httpPort', 'httpsPort', 'mqttPort', 'mqttsPort'] as const) {
    const port = values[name] ?? configOf()[name];
    if (typeof port !== 'number' || port === 0) continue;
    const other = ports.get(port);
    if (other !== undefined) {
      faults.push(`${environmentName(name)} and ${environmentName(other)} are both ${port}; give each its own port.`);
    }
    ports.set(port, name);
  }
  return faults;
}
