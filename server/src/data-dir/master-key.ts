import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, statSync } from 'node:fs';
import { StartupError } from '../errors.ts';
import { writeFileAtomically } from '../lib/write-file-atomically.ts';
import type { DataDirLayout } from './layout.ts';

const keyBytes = 32;

/**
 * Reads the master key, or makes one where nothing is kept yet.
 * @param warn called with a sentence when others could read the key; the file is closed to them then
 * @returns 32 bytes
 * @throws StartupError when the key is missing beside a database, cannot be read, or is no key
 */
export function openMasterKey(layout: DataDirLayout, warn: (message: string) => void): Buffer {
  let text: string;
  try {
    text = readFileSync(layout.masterKey, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') {
      throw new StartupError(
        `The master key ${layout.masterKey} cannot be read (${code}). Make it readable for the user that runs Gapura.`,
      );
    }
    return createMasterKey(layout);
  }
  const key = parseMasterKey(text);
  if (key === undefined) {
    throw new StartupError(
      `${layout.masterKey} holds no master key (32 bytes in base64). Put the right file back from a backup.`,
    );
  }
  closeToOthers(layout.masterKey, warn);
  return key;
}

/** @returns undefined when the text is not 32 bytes in base64 */
export function parseMasterKey(text: string): Buffer | undefined {
  const trimmed = text.trim();
  const key = Buffer.from(trimmed, 'base64');
  return key.length === keyBytes && key.toString('base64') === trimmed ? key : undefined;
}

function createMasterKey(layout: DataDirLayout): Buffer {
  // With a new key the old secrets would be lost without a word, so a key is made only where there is no database.
  if (existsSync(layout.entityDatabase)) {
    throw new StartupError(
      `${layout.masterKey} is missing although a database is there, and no other key opens its secrets. Put the file back, or restore a backup (gapura restore FILE).`,
    );
  }
  const key = randomBytes(keyBytes);
  writeFileAtomically(layout.masterKey, `${key.toString('base64')}\n`, 0o600);
  return key;
}

function closeToOthers(path: string, warn: (message: string) => void): void {
  if (process.platform === 'win32') return;
  const mode = statSync(path).mode & 0o777;
  if ((mode & 0o077) === 0) return;
  try {
    chmodSync(path, 0o600);
  } catch {
    throw new StartupError(`${path} is open to other users (mode ${mode.toString(8)}). Run: chmod 600 ${path}`);
  }
  warn(`${path} was open to other users of this machine (mode ${mode.toString(8)}); it is closed to them now (600).`);
}
