/** Where the platform API is and who calls it: flags over GAPURA_URL and GAPURA_API_KEY. */
import { createClient, type GapuraClient } from '#sdk/client.ts';
import { UsageError } from './usage-error.ts';

export const platformArgs = {
  url: { type: 'string', description: 'Address of Gapura (GAPURA_URL; http://localhost:8080)' },
  'api-key': { type: 'string', description: 'An API key, gpr_… (GAPURA_API_KEY)' },
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
