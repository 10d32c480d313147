/** Finds the command, checks its flags, runs it, and turns faults into one line and an exit code. */
import { stripVTControlCharacters } from 'node:util';
import { type ArgsDef, type CommandDef, renderUsage, runCommand } from 'citty';
import { AppError, StartupError } from '../errors.ts';
import { closestName } from '../lib/closest-name.ts';
import { version } from '../version.ts';
import { UsageError } from './usage-error.ts';

interface CommandEntry {
  readonly description: string;
  // Commands differ in their arguments; what matters here is that they can be run.
  load(): Promise<{ readonly command: unknown }>;
}

const commands: Readonly<Record<string, CommandEntry>> = {
  start: { description: 'Start Gapura', load: () => import('./start.ts') },
  setup: { description: 'Make the owner, or print a new set-up link', load: () => import('./setup.ts') },
  config: { description: 'Show the settings and where each comes from', load: () => import('./config.ts') },
  backup: { description: 'Write a backup into one file, also while Gapura runs', load: () => import('./backup.ts') },
  restore: { description: 'Put a backup in place, also while Gapura runs', load: () => import('./restore.ts') },
  store: { description: 'Verify or export the telemetry, also while Gapura runs', load: () => import('./store.ts') },
  import: { description: 'Create devices from a CSV file', load: () => import('./import.ts') },
  simulate: { description: 'Run simulated devices', load: () => import('./simulate.ts') },
  demo: { description: 'Start with temporary data and a simulated fleet', load: () => import('./demo.ts') },
};

/** Exit codes: 1 is a fault, 2 a command line that makes no sense (as in POSIX shells). */
const faultCode = 1;
const usageCode = 2;

/** @param args what follows the program's name */
export async function runCommandLine(args: readonly string[]): Promise<void> {
  try {
    await dispatch(args);
  } catch (error) {
    const isUsage = error instanceof UsageError;
    if (isUsage || error instanceof StartupError || error instanceof AppError) console.error(error.message);
    else console.error(error);
    // Whatever a command has begun must not keep the process alive.
    process.exit(isUsage ? usageCode : faultCode);
  }
}

async function dispatch(args: readonly string[]): Promise<void> {
  const [first, ...rest] = args;
  if (first === undefined || first === '--help' || first === '-h') {
    console.log(overview());
  } else if (first === 'help') {
    const [name] = rest;
    console.log(name === undefined ? overview() : await usageOf(name, await loadCommand(name)));
  } else if (first === 'version' || first === '--version' || first === '-v') {
    console.log(version);
  } else {
    const command = await loadCommand(first);
    const flagsEnd = rest.indexOf('--');
    const flags = flagsEnd === -1 ? rest : rest.slice(0, flagsEnd);
    if (flags.includes('--help') || flags.includes('-h')) {
      console.log(await usageOf(first, command));
      return;
    }
    checkArguments(first, rest, await argumentsOf(command));
    await runCommand(command, { rawArgs: rest }).catch((error: unknown) => {
      // citty tells a missing or impossible argument this way.
      if (error instanceof Error && error.name === 'CLIError') throw new UsageError(first, error.message);
      throw error;
    });
  }
}

async function loadCommand(name: string): Promise<CommandDef> {
  // Object.hasOwn: "constructor" is no command.
  const entry = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (entry !== undefined) return (await entry.load()).command as CommandDef;
  const isFlag = name.startsWith('-');
  const meant = isFlag ? undefined : closestName(name, [...Object.keys(commands), 'help', 'version']);
  throw new UsageError(
    undefined,
    `There is no ${isFlag ? 'flag' : 'command'} ${JSON.stringify(name)}.${meant === undefined ? '' : ` Did you mean ${meant}?`}\n\n${overview()}`,
  );
}

async function argumentsOf(command: CommandDef): Promise<ArgsDef> {
  return (await (typeof command.args === 'function' ? command.args() : command.args)) ?? {};
}

async function usageOf(name: string, command: CommandDef): Promise<string> {
  const usage = await renderUsage({ ...command, meta: { ...(await command.meta), name: `gapura ${name}` } });
  return process.stdout.isTTY ? usage : stripVTControlCharacters(usage);
}

/** citty ignores flags that it does not know; a typing error must not. @throws UsageError */
function checkArguments(name: string, args: readonly string[], definition: ArgsDef): void {
  const flags = new Map<string, boolean>();
  let positionals = 0;
  for (const [argument, { type, ...rest }] of Object.entries(definition)) {
    if (type === 'positional') {
      positionals++;
      continue;
    }
    const takesValue = type === 'string' || type === 'enum';
    flags.set(`--${argument}`, takesValue);
    if (type === 'boolean') flags.set(`--no-${argument}`, false);
    for (const alias of [('alias' in rest && rest.alias) || []].flat()) {
      flags.set(alias.length === 1 ? `-${alias}` : `--${alias}`, takesValue);
    }
  }
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? '';
    if (arg === '--') return;
    if (!arg.startsWith('-') || arg === '-') {
      if (--positionals < 0) throw new UsageError(name, `${JSON.stringify(arg)} is one argument too many.`);
      continue;
    }
    const [flag = '', value] = arg.split('=', 2);
    const takesValue = flags.get(flag);
    if (takesValue === undefined) {
      const meant = closestName(flag, flags.keys());
      throw new UsageError(name, `There is no flag ${flag}.${meant === undefined ? '' : ` Did you mean ${meant}?`}`);
    }
    if (!takesValue || value !== undefined) continue;
    const next = args[i + 1];
    if (next === undefined || (next.startsWith('--') && flags.has(next))) {
      throw new UsageError(name, `The flag ${flag} needs a value.`);
    }
    i++;
  }
}

function overview(): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(([name, { description }]) => `  ${name.padEnd(width)}  ${description}`);
  return [
    `Gapura ${version}: a self-hosted IoT platform.`,
    '',
    'Usage: gapura <command> [options]',
    '',
    ...lines,
    `  ${'help'.padEnd(width)}  Say more about a command: gapura help start`,
    `  ${'version'.padEnd(width)}  Print the version`,
  ].join('\n');
}
