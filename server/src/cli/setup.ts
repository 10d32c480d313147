/** Makes the owner from the command line: whoever may write the data directory needs no link. */
import { defineCommand } from 'citty';
import { Kysely } from 'kysely';
import { pino } from 'pino';
import { createClient } from '#sdk/client.ts';
import { createApp } from '../app.ts';
import { type Config, configOf } from '../config.ts';
import { loadConfig } from '../config-load.ts';
import { makeDirectory } from '../data-dir/data-dir.ts';
import { type DataDirLayout, layoutOf } from '../data-dir/layout.ts';
import { tryLockDataDir } from '../data-dir/lock.ts';
import { readProcessFile } from '../data-dir/process-file.ts';
import type { Tables } from '../db/schema.ts';
import { createSqliteDialect } from '../db/sqlite/dialect.ts';
import { StartupError } from '../errors.ts';
import { renewSetupToken } from '../setup/setup.ts';
import { setupUrl } from './addresses.ts';
import { ask, askSecretly, readStdinLine } from './ask.ts';
import { oneLine } from './one-line.ts';
import { UsageError } from './usage-error.ts';

interface Owner {
  readonly email: string;
  readonly password: string;
}

export const command = defineCommand({
  meta: { name: 'setup', description: 'Make the owner, whether Gapura runs or not; asks for what is not given' },
  args: {
    email: { type: 'string', description: 'E-mail address of the owner' },
    'password-stdin': { type: 'boolean', description: 'Read the password from standard input' },
    link: { type: 'boolean', description: 'Only print a new set-up link of the running Gapura' },
  },
  async run({ args }) {
    const { config } = loadConfig(process.env);
    const layout = layoutOf(config.dataDir);
    process.umask(0o077);
    makeDirectory(config.dataDir, console.error);
    const isRunning = !isFree(layout);
    if (args.link) {
      if (!isRunning) throw new StartupError('Gapura does not run; gapura start prints the set-up link.');
      const { url, token } = await renewLink(layout);
      console.log(setupUrl(config.publicUrl?.replace(/\/$/, '') ?? url, token));
      return;
    }
    // First whether it is needed at all, then the questions.
    if (isRunning) await renewLink(layout);
    else await requireNotSetUp(config);
    const owner = await readOwner(args.email, args['password-stdin'] === true);
    if (isRunning) await setUpRunning(layout, owner);
    else await setUpStopped(config, owner);
    console.log(`${owner.email} is the owner now.${isRunning ? '' : ' Start Gapura and sign in.'}`);
  },
});

function isFree(layout: DataDirLayout): boolean {
  const lock = tryLockDataDir(layout);
  lock?.release();
  return lock !== undefined;
}

async function readOwner(email: string | undefined, fromStdin: boolean): Promise<Owner> {
  const isTerminal = process.stdin.isTTY === true;
  if (!isTerminal && (email === undefined || !fromStdin)) {
    throw new UsageError('setup', 'There is no terminal to ask on: give --email and --password-stdin.');
  }
  return {
    email: email ?? (await ask('E-mail address of the owner: ')),
    password: fromStdin ? await readStdinLine() : await askTwice(),
  };
}

async function askTwice(): Promise<string> {
  const password = await askSecretly('Password (12 characters or more): ');
  if ((await askSecretly('Once more: ')) !== password) throw new StartupError('These were two different passwords.');
  return password;
}

function alreadySetUp(): StartupError {
  return new StartupError('Gapura is set up already. Sign in instead; an owner can add more users.');
}

/** A fresh token, written beside the running process, which reads it anew for each attempt. */
async function renewLink(layout: DataDirLayout): Promise<{ url: string; token: string }> {
  const url = readProcessFile(layout)?.url;
  if (url === undefined) throw new StartupError('Gapura is still starting. Try again in a moment.');
  // Not `openDatabase`: a newer command line must not migrate the database of an older process.
  const db = new Kysely<Tables>({ dialect: createSqliteDialect(layout.entityDatabase) });
  try {
    const token = await renewSetupToken(db);
    if (token === null) throw alreadySetUp();
    return { url, token };
  } finally {
    await db.destroy();
  }
}

async function setUpRunning(layout: DataDirLayout, owner: Owner): Promise<void> {
  const { url, token } = await renewLink(layout);
  await createClient({ baseUrl: url })
    .setup.complete({ token, ...owner })
    .catch(oneLine('Not set up'));
}

/** Everything but the listeners, which nobody opens here. */
function withoutOwner(config: Config): Config {
  const { ownerEmail: _email, ownerPassword: _password, ...others } = config;
  return configOf(others);
}

async function requireNotSetUp(config: Config): Promise<void> {
  const app = await createApp({ config: withoutOwner(config), log: pino({ level: 'silent' }) });
  await app.stop();
  if (app.setupToken === null) throw alreadySetUp();
}

async function setUpStopped(config: Config, { email, password }: Owner): Promise<void> {
  const withOwner = configOf({ ...config, ownerEmail: email, ownerPassword: password });
  const app = await createApp({ config: withOwner, log: pino({ level: 'silent' }) });
  await app.stop();
}
