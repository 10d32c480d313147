/**
 * The log: JSON lines, or readable lines on a terminal. What comes from outside can neither break a line nor bring a
 * secret into it.
 */
import { type DestinationStream, type Logger, pino, stdTimeFunctions } from 'pino';
import type { Config } from './config.ts';

export interface LoggerOptions {
  readonly level: Config['logLevel'];
  readonly format: Config['logFormat'];
  /** Standard output when left out. */
  readonly destination?: DestinationStream;
  /** Whether the destination is a terminal, for the format `auto`. */
  readonly isTerminal?: boolean;
}

/** Makes the log of the process; pino-pretty is loaded only when it is asked for. */
export async function createLogger(options: LoggerOptions): Promise<Logger> {
  const destination = options.destination ?? pino.destination({ fd: 1, sync: true });
  const isTerminal = options.isTerminal ?? process.stdout.isTTY === true;
  const isPretty = options.format === 'pretty' || (options.format === 'auto' && isTerminal);
  const format = isPretty ? await createPrettyFormat(isTerminal) : formatJson;
  return pino(
    {
      level: options.level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    // One place sees every line, whichever child logger or serializer it came through.
    { write: (line: string) => destination.write(format(withoutSecrets(line))) },
  );
}

/** Members with such names are hidden, wherever they are in what is logged. */
const secretName =
  /pass(word|phrase|wd)|secret|token|authorization|cookie|credential|api_?key|private_?key|master_?key|key_?pem/i;
const hidden = '[hidden]';

/** Secrets in the middle of texts: API keys, bearer tokens, and the token in a path of the device API. */
const secretTexts: readonly [pattern: RegExp, replacement: string][] = [
  [/gpr_[A-Za-z0-9_-]+/g, `gpr_${hidden}`],
  [/(bearer\s+)[A-Za-z0-9._~+/=-]+/gi, `$1${hidden}`],
  // Paths of the device API without a token have one of its own words here (reference §1.9).
  [
    /(\/api\/v1\/)(?!(?:telemetry|attributes|rpc|claim|provision|firmware|software)(?:[/?"\s]|$))[^/?"\s]+/g,
    `$1${hidden}`,
  ],
];

/** @param line one JSON object as pino writes it */
function withoutSecrets(line: string): unknown {
  return JSON.parse(line, (name, value: unknown) => {
    if (secretName.test(name) && value !== null) return hidden;
    if (typeof value !== 'string') return value;
    let text = value;
    for (const [pattern, replacement] of secretTexts) text = text.replace(pattern, replacement);
    return text;
  });
}

/**
 * Control characters (C0, DEL, C1), line and paragraph separator, and changes of direction: what can break a line, drive
 * a terminal, or show a text as another than it is.
 */
const controls = '\\u0000-\\u001f\\u007f-\\u009f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069';
const control = new RegExp(`[${controls}]`, 'g');
const escaped = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;

function formatJson(entry: unknown): string {
  // JSON itself escapes C0 alone; what is left stands inside of strings, where an escape means the same.
  return `${JSON.stringify(entry).replace(control, escaped)}\n`;
}

async function createPrettyFormat(colorize: boolean): Promise<(entry: unknown) => string> {
  const { prettyFactory } = await import('pino-pretty');
  const pretty = prettyFactory({ colorize, translateTime: 'SYS:HH:MM:ss.l', singleLine: true });
  return (entry) => pretty(withVisibleControls(entry));
}

/** A copy in which control characters are readable escapes; of an error's stack the line breaks stay. */
function withVisibleControls(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(control, escaped);
  if (Array.isArray(value)) return value.map(withVisibleControls);
  if (typeof value !== 'object' || value === null) return value;
  const { message, stack } = value as { message?: unknown; stack?: unknown };
  const copy = Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name.replace(control, escaped), withVisibleControls(member)]),
  );
  if (typeof message === 'string' && typeof stack === 'string') {
    const lines = stack.replace(message, () => message.replace(control, escaped)).split('\n');
    copy['stack'] = lines.map((line) => line.replace(control, escaped)).join('\n');
  }
  return copy;
}
