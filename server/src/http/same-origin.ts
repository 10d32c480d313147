import type { IncomingHttpHeaders } from 'node:http';
import { AppError } from '../errors.ts';

/**
 * Refuses a request that a page of another site made the browser send. Browsers say where a request comes from:
 * `Sec-Fetch-Site` to https and localhost, `Origin` everywhere on unsafe methods and WebSockets. Who sends neither is
 * no browser (or has no cookie of ours to lend: SameSite=Strict).
 * @throws AppError `cross_site_request`
 */
export function requireSameOrigin(headers: IncomingHttpHeaders): void {
  const site = headers['sec-fetch-site'];
  if (site !== undefined) {
    // `none`: the person typed the address.
    if (site === 'same-origin' || site === 'none') return;
    throw new AppError('cross_site_request', 'The browser says that another site made this request.');
  }
  const { origin, host } = headers;
  if (origin === undefined) return;
  const parsed = URL.canParse(origin) ? new URL(origin) : undefined;
  if (parsed === undefined || parsed.host !== hostOf(host, parsed.protocol)) {
    throw new AppError('cross_site_request', `The request came from ${origin}, not from a page of this server.`);
  }
}

/** As a URL writes it: lower case, without the port that the scheme implies. */
function hostOf(host: string | undefined, protocol: string): string | undefined {
  const url = `${protocol}//${host}`;
  return host !== undefined && URL.canParse(url) ? new URL(url).host : undefined;
}
