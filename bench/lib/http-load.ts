/** A lean HTTP load: kept connections with one request under way each, written and read as bytes. */
import { once } from 'node:events';
import net from 'node:net';

export interface HttpLoad {
  readonly requests: number;
  /** Answers with another status than 200. */
  readonly refused: number;
  readonly seconds: number;
  readonly latenciesMs: readonly number[];
}

export interface HttpLoadOptions {
  readonly url: string;
  readonly connections: number;
  readonly durationMs: number;
  /** The request's path and body; `connection` counts from 0, `count` from 0 within the connection. */
  next(connection: number, count: number): { readonly path: string; readonly body: string };
  /** Told of each answer with 200. */
  accepted(connection: number): void;
}

/** Resolves when every request that was sent has been answered. @throws when a connection breaks */
export async function runHttpLoad(options: HttpLoadOptions): Promise<HttpLoad> {
  const { hostname, port } = new URL(options.url);
  const latenciesMs: number[] = [];
  let refused = 0;
  const startedMs = performance.now();
  const endMs = startedMs + options.durationMs;

  async function drive(connection: number): Promise<void> {
    const socket = net.connect({ host: hostname, port: Number(port), noDelay: true });
    await once(socket, 'connect');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let count = 0;
    let sentMs = 0;
    const send = (): void => {
      const { path, body } = options.next(connection, count++);
      sentMs = performance.now();
      socket.write(`POST ${path} HTTP/1.1\r\nHost: bench\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    };
    // Answers are a few hundred bytes, written at once by either server: one chunk is one answer.
    socket.on('data', (answer: Buffer) => {
      latenciesMs.push(performance.now() - sentMs);
      if (answer.toString('latin1', 9, 12) === '200') options.accepted(connection);
      else refused++;
      if (performance.now() < endMs) send();
      else resolve();
    });
    socket.once('error', reject).once('close', () => reject(new Error('The server closed a connection.')));
    send();
    await promise;
    socket.destroy();
  }

  await Promise.all(Array.from({ length: options.connections }, (_, connection) => drive(connection)));
  return { requests: latenciesMs.length, refused, seconds: (performance.now() - startedMs) / 1000, latenciesMs };
}
