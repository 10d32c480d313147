/** Questions on the terminal. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';

/** @returns the line that was typed, without spaces around it */
export async function ask(question: string): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return (await terminal.question(question)).trim();
  } finally {
    terminal.close();
  }
}

/** Does not show what is typed. */
export async function askSecretly(question: string): Promise<string> {
  process.stdout.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await terminal.question('');
  } finally {
    terminal.close();
    process.stdout.write('\n');
  }
}

/** More than any password; what comes after is not read. */
const stdinLimitBytes = 4096;

/** The first line of what is piped in. */
export async function readStdinLine(): Promise<string> {
  let text = '';
  for await (const part of process.stdin) {
    text += part;
    if (text.includes('\n') || text.length > stdinLimitBytes) break;
  }
  return text.split(/\r?\n/, 1)[0] ?? '';
}
