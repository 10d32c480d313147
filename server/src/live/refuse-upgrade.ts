import { STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { AppError } from '../errors.ts';
import { toProblem } from '../http/problem.ts';

/** Answers an upgrade with problem details and closes the connection. */
export function refuseUpgrade(socket: Duplex, fault: AppError): void {
  const body = JSON.stringify(toProblem(fault.code, fault.message, fault.extra));
  const { retryAfterMs } = fault.extra;
  const lines = [
    `HTTP/1.1 ${fault.status} ${STATUS_CODES[fault.status]}`,
    'Connection: close',
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(retryAfterMs === undefined ? [] : [`Retry-After: ${Math.max(1, Math.ceil(retryAfterMs / 1000))}`]),
  ];
  socket.once('finish', () => socket.destroy());
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`);
}
