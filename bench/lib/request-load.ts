/** A load of requests that were made before, so that making their tokens costs nothing while the server is measured. */
import { once } from 'node:events';
import net from 'node:net';

export interface RequestLoad {
  readonly requests: number;
  /** How many answers had which status. */
  readonly statuses: ReadonlyMap<number, number>;
  readonly seconds: number;
  readonly latenciesMs: readonly number[];
}

/**
 * Sends each list over a kept connection of its own, one request under way at a time. Resolves when all are answered.
 * @throws when a connection breaks
 */
export async function sendRequests(url: string, lists: readonly (readonly Buffer[])[]): Promise<RequestLoad> {
  const { hostname, port } = new URL(url);
  const latenciesMs: number[] = [];
  const statuses = new Map<number, number>();
  const sockets = await Promise.all(
    lists.map(async () => {
      const socket = net.connect({ host: hostname, port: Number(port), noDelay: true });
      await once(socket, 'connect');
      return socket;
    }),
  );

  async function drive(socket: net.Socket, requests: readonly Buffer[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let sent = 0;
    let sentMs = 0;
    const send = (): void => {
      const request = requests[sent++];
      if (request === undefined) {
        resolve();
        return;
      }
      sentMs = performance.now();
      socket.write(request);
    };
    // Answers are a few hundred bytes, written at once: one chunk is one answer.
    socket.on('data', (answer: Buffer) => {
      latenciesMs.push(performance.now() - sentMs);
      const status = Number(answer.toString('latin1', 9, 12));
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      send();
    });
    socket.once('error', reject).once('close', () => reject(new Error('The server closed a connection.')));
    send();
    await promise;
  }

  const startedMs = performance.now();
  try {
    await Promise.all(sockets.map((socket, i) => drive(socket, lists[i] ?? [])));
    return { requests: latenciesMs.length, statuses, seconds: (performance.now() - startedMs) / 1000, latenciesMs };
  } finally {
    for (const socket of sockets) socket.destroy();
  }
}

/** @param authorization '' for none */
export function requestBytes(path: string, authorization: string, body: string): Buffer {
  const header = authorization === '' ? '' : `Authorization: ${authorization}\r\n`;
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: bench\r\n${header}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
  );
}
