import type { IncomingMessage } from 'node:http';

/**
 * Reads a request's body, keeping no more than `limitBytes` of it.
 * @param done called once with the body, or with undefined as soon as it is known to be larger; not at all when the
 *   client goes away before the end
 */
export function readBody(
  request: IncomingMessage,
  limitBytes: number,
  done: (body: Uint8Array | undefined) => void,
): void {
  if (announcedBytes(request) > limitBytes) {
    done(undefined);
    return;
  }
  let first: Buffer | undefined;
  let more: Buffer[] | undefined;
  let sizeBytes = 0;

  const take = (chunk: Buffer): void => {
    sizeBytes += chunk.length;
    if (sizeBytes > limitBytes) {
      request.off('data', take).off('end', finish);
      done(undefined);
      return;
    }
    // Nearly every body is one chunk, which then is the body itself.
    if (first === undefined) first = chunk;
    else if (more === undefined) more = [first, chunk];
    else more.push(chunk);
  };
  const finish = (): void => done(more === undefined ? (first ?? noBytes) : Buffer.concat(more, sizeBytes));
  request.on('data', take).on('end', finish);
}

const noBytes = new Uint8Array(0);

/** The Content-Length; 0 when there is none, be it that there is no body or that it comes in chunks. */
function announcedBytes({ headers }: IncomingMessage): number {
  const length = headers['content-length'];
  return length === undefined ? 0 : Number(length);
}

/** Rest of a body that is read over so that the connection can be kept. */
const maxKeptBytes = 64 * 1024;

/** Whether what is left of the body is worth reading for the sake of keeping the connection. */
export function isWorthKeeping(request: IncomingMessage): boolean {
  return (
    request.complete || (request.headers['transfer-encoding'] === undefined && announcedBytes(request) <= maxKeptBytes)
  );
}
