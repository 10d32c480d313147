import { isIPv6 } from 'node:net';

/**
 * The unit in which an address is limited: an IPv4 address itself (also when written as IPv6), the /64 of an IPv6
 * address: a customer gets at least that many (RFC 6177), so single addresses would limit nobody.
 */
export function addressBlock(address: string): string {
  if (!address.includes(':')) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const bare = address.split('%', 1)[0] ?? address;
  if (!isIPv6(bare)) return address;
  const [head = '', tail] = bare.split('::', 2);
  const left = groups(head);
  const right = tail === undefined ? [] : groups(tail);
  const zeros: string[] = tail === undefined ? [] : new Array(8 - left.length - right.length).fill('0');
  return `${[...left, ...zeros, ...right].slice(0, 4).join(':')}::/64`;
}

function groups(text: string): string[] {
  if (text === '') return [];
  // An IPv4 tail fills two groups; it stands in the lower half, so its value does not matter.
  return text
    .split(':')
    .flatMap((group) => (group.includes('.') ? ['0', '0'] : Number.parseInt(group, 16).toString(16)));
}
