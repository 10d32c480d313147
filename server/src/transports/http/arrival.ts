import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import type { Arrival } from '../../credentials/gate.ts';

/**
 * How a request came.
 * @param secure whether the socket is one of TLS
 * @param trustProxy believe what the proxy in front has written: the last entries, for all before are the client's words
 */
export function arrivalOf(request: IncomingMessage, secure: boolean, trustProxy: boolean): Arrival {
  const arrival: Arrival = { transport: 'http', secure, address: request.socket.remoteAddress ?? '' };
  if (!trustProxy) return arrival;
  const forwardedFor = lastOf(request.headers['x-forwarded-for']);
  const protocol = lastOf(request.headers['x-forwarded-proto']);
  return {
    transport: 'http',
    secure: protocol === undefined ? secure : protocol === 'https',
    address: forwardedFor !== undefined && isIP(forwardedFor) !== 0 ? forwardedFor : arrival.address,
  };
}

/** Of a list with commas; Node joins repeated headers to one such list. */
function lastOf(header: string | string[] | undefined): string | undefined {
  return header === undefined ? undefined : String(header).split(',').at(-1)?.trim();
}
