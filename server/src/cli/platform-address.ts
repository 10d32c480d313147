/** Where the platform API is and who calls it: flags over GAPURA_URL and GAPURA_API_KEY. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { createClient, type GapuraClient } from '#sdk/client.ts';
import { StartupError } from '../errors.ts';
import { oneLine } from './one-line.ts';
import { UsageError } from './usage-error.ts';

export const platformArgs = {
  url: { type: 'string', description: 'Address of Gapura (GAPURA_URL; http://localhost:8080)' },
  'api-key': { type: 'string', description: 'An API key, gpr_… (GAPURA_API_KEY)' },
  ca: { type: 'string', valueHint: 'FILE', description: 'The authority behind https and mqtts, as /ca.pem gives it' },
} as const;

export interface PlatformFlags {
  readonly url?: string | undefined;
  readonly 'api-key'?: string | undefined;
}

/** @throws UsageError when it is no http(s) address */
export function platformUrl(command: string, flags: PlatformFlags): string {
  const url = flags.url ?? (process.env['GAPURA_URL'] || 'http://localhost:8080');
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url.replace(/\/$/, '');
  throw new UsageError(command, `The address of Gapura is ${url}; something like http://localhost:8080 is needed.`);
}

/** @returns undefined when no API key is given */
export function platformClient(command: string, flags: PlatformFlags): GapuraClient | undefined {
  const apiKey = flags['api-key'] ?? (process.env['GAPURA_API_KEY'] || undefined);
  return apiKey === undefined ? undefined : createClient({ baseUrl: platformUrl(command, flags), apiKey });
}

/** Lets this process trust the authority in the file besides the well-known ones, on every connection from now on. */
export async function trustAuthority(file: string | undefined): Promise<void> {
  if (file === undefined) return;
  const pem = await readFile(file, 'utf8').catch(oneLine('--ca'));
  try {
    // Node takes a file without any certificate in silence.
    new X509Certificate(pem);
  } catch {
    throw new StartupError(`--ca: ${file} holds no certificate (PEM); take it from /ca.pem of the server.`);
  }
  setDefaultCACertificates([...getCACertificates('default'), pem]);
}
