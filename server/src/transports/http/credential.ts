/** What a request shows in its headers to say whose it is. */
import type { IncomingMessage } from 'node:http';

export type ShownCredential =
  | { readonly kind: 'none' }
  | { readonly kind: 'several' }
  | { readonly kind: 'bearer' | 'signed'; readonly token: string };

const none: ShownCredential = Object.freeze({ kind: 'none' });
const several: ShownCredential = Object.freeze({ kind: 'several' });
const form = /^(bearer|devicejwt) +([^ ,]+)$/i;
const mentions = /(?:^|,)\s*(?:bearer|devicejwt)(?: |$)/i;

/** The scheme is compared in any case (RFC 9110 §11.1). Other schemes are for proxies in between, and no credential here. */
export function credentialOf(request: IncomingMessage): ShownCredential {
  const value = request.headers.authorization;
  if (value === undefined) return none;
  // Node keeps the first of repeated headers: which of them a proxy in front looked at, nobody knows.
  if (countAuthorizations(request.rawHeaders) > 1) return several;
  const [, scheme, token] = form.exec(value) ?? [];
  if (scheme === undefined || token === undefined) {
    if (!mentions.test(value)) return none;
    return value.includes(',') ? several : { kind: 'bearer', token: '' };
  }
  return { kind: scheme.length === 6 ? 'bearer' : 'signed', token };
}

const headerName = 'authorization';

function countAuthorizations(rawHeaders: readonly string[]): number {
  let count = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i];
    if (name?.length === headerName.length && name.toLowerCase() === headerName) count++;
  }
  return count;
}
