import { hostname, type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

/** A machine with hundreds of container bridges must not make a certificate that small devices cannot hold. */
const nameLimit = 64;
const dnsName =
  /^(\*\.)?[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?(\.[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*$/;

/**
 * The names and addresses under which devices and people reach this machine.
 * @param more names from the settings; they come first, so the limit never drops them
 */
export function certificateNames(
  more: readonly string[],
  machine: { readonly hostname: string; readonly interfaces: NodeJS.Dict<NetworkInterfaceInfo[]> } = {
    hostname: hostname(),
    interfaces: networkInterfaces(),
  },
): string[] {
  const names = new Set([...more, 'localhost', '127.0.0.1', '::1'].map((name) => name.toLowerCase()));
  const own = machine.hostname.toLowerCase();
  if (dnsName.test(own)) {
    names.add(own);
    // Multicast DNS (RFC 6762) finds a machine without a DNS server under this name.
    if (!own.includes('.')) names.add(`${own}.local`);
  }
  for (const { address, internal } of Object.values(machine.interfaces).flatMap((addresses) => addresses ?? [])) {
    // Link-local IPv6 addresses need a zone, which a certificate cannot name (RFC 4007 §11).
    if (!internal && !/^fe[89ab]/i.test(address)) names.add(address.toLowerCase());
  }
  return [...names].slice(0, nameLimit);
}
