/** The addresses that are printed at a start: ones that people can click and devices can be given. */
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import type { AppAddresses } from '../app.ts';
import type { Config } from '../config.ts';

/** Machines with container bridges have many; the first ones are those of its network cards. */
const hostLimit = 3;

/** Names under which the listeners can be reached, the nearest first. */
export function reachableHosts(
  host: string,
  interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> = networkInterfaces(),
): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host.includes(':') ? `[${host}]` : host];
  const lan = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal, address }) => family === 'IPv4' && !internal && !address.startsWith('169.254.'))
    .map(({ address }) => address);
  return ['localhost', ...new Set(lan)].slice(0, hostLimit);
}

/** Addresses of the console and the platform API; the public one, when there is one, comes first. */
export function consoleUrls(config: Config, addresses: AppAddresses): string[] {
  const own = reachableHosts(config.host).map((host) => `http://${host}:${addresses.httpPort}`);
  return config.publicUrl === undefined ? own : [config.publicUrl.replace(/\/$/, ''), ...own];
}

/** The one-time link with which the owner is made. A fragment (#) is sent to no server and stands in no proxy's log. */
export function setupUrl(consoleUrl: string, token: string): string {
  return `${consoleUrl}/setup#token=${token}`;
}
