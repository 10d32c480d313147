/** The HTTP and HTTPS sockets. Device requests go to their own lean handler, all others to the platform API. */
import http, { type IncomingMessage, type RequestListener, type Server } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { StartupError } from '../errors.ts';

export interface HttpListenersDeps {
  readonly host: string;
  readonly httpPort: number;
  readonly httpsPort: number;
  /** PEM texts. */
  readonly certificate: { readonly cert: string; readonly key: string };
  readonly device: {
    owns(url: string): boolean;
    handle(request: IncomingMessage, response: http.ServerResponse, secure: boolean): void;
  };
  readonly platform: RequestListener;
  readonly live: {
    handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  };
  /** Shorter in tests. */
  readonly tlsHandshakeTimeoutMs?: number;
  readonly stalledTimeoutMs?: number;
}

export interface HttpAddresses {
  readonly httpPort: number;
  readonly httpsPort: number;
}

/** Time for the head of a request, and for all of it: a sender that drips bytes gives its socket back. */
const headersTimeoutMs = 15_000;
const requestTimeoutMs = 120_000;
/** Devices post every few seconds to every few minutes: a kept connection saves them the handshake. */
const keepAliveTimeoutMs = 75_000;
const maxHeaderBytes = 16 * 1024;
/**
 * Silence in the middle of a request or its answer, in both directions: a reader that stopped reading lets go of what it
 * holds up (an export, an import). The longest poll of a device is silent for 300 s.
 */
const defaultStalledTimeoutMs = 330_000;
/** How often those times are looked at. */
const connectionsCheckMs = 5000;
const defaultHandshakeTimeoutMs = 10_000;
/** Of each listener: about as many sockets as a process commonly may open, some 10 KB each. */
const maxConnections = 20_000;

export function createHttpListeners(deps: HttpListenersDeps) {
  const options = {
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    maxHeaderSize: maxHeaderBytes,
    connectionsCheckingInterval: connectionsCheckMs,
    noDelay: true,
    // Any other protocol is declined by going on in HTTP/1.1 (RFC 9110 §7.8): Java's client offers h2c each time.
    shouldUpgradeCallback: ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'websocket',
  };
  const listen = (secure: boolean): RequestListener => {
    return (request, response) => {
      request.url = originForm(request.url ?? '/');
      if (deps.device.owns(request.url)) deps.device.handle(request, response, secure);
      else deps.platform(request, response);
    };
  };
  const plain = http.createServer(options, listen(false));
  const secure = https.createServer(
    {
      ...options,
      ...deps.certificate,
      minVersion: 'TLSv1.2',
      handshakeTimeout: deps.tlsHandshakeTimeoutMs ?? defaultHandshakeTimeoutMs,
    },
    listen(true),
  );

  /** Also those in the middle of a TLS handshake, of which an HTTP server knows nothing. */
  const sockets = new Set<Socket>();
  for (const server of [plain, secure]) {
    server.on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
    server.maxConnections = maxConnections;
    server.timeout = deps.stalledTimeoutMs ?? defaultStalledTimeoutMs;
    server.on('upgrade', deps.live.handleUpgrade);
    server.on('clientError', refuseBytes);
  }

  return {
    /** @throws StartupError when a port is in use or may not be opened */
    async start(): Promise<HttpAddresses> {
      const httpPort = await bind(plain, deps.host, deps.httpPort, 'GAPURA_HTTP_PORT');
      try {
        return { httpPort, httpsPort: await bind(secure, deps.host, deps.httpsPort, 'GAPURA_HTTPS_PORT') };
      } catch (error) {
        plain.close();
        throw error;
      }
    },

    /** Stops accepting, lets requests under way finish for `graceMs`, then closes what is left. */
    async stop(graceMs: number): Promise<void> {
      const force = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, graceMs);
      await Promise.all(
        [plain, secure].map(
          (server) =>
            new Promise<void>((resolve) => {
              server.close(() => resolve());
              server.closeIdleConnections();
            }),
        ),
      );
      clearTimeout(force);
    },
  };
}

const badRequest = 'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n';

/**
 * Ends a connection whose bytes are no HTTP, or took too long. The socket goes whatever the other side does: one that is
 * only ended stays as long as the peer likes, and in the middle of a TLS handshake not even the end can be written.
 */
function refuseBytes(error: NodeJS.ErrnoException, socket: Duplex): void {
  const isHttp = error.code?.startsWith('HPE_') === true || error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
  if (isHttp && socket.writable) socket.end(badRequest, () => socket.destroy());
  else socket.destroy();
}

/** A target in absolute form (`GET http://host/path`), which a server must take (RFC 9112 §3.2.2), as its path. */
function originForm(target: string): string {
  const [, rest] = /^https?:\/\/[^/?#]*(.*)$/i.exec(target) ?? [];
  if (rest === undefined) return target;
  return rest.startsWith('/') ? rest : `/${rest}`;
}

/**
 * Binds a server to a port.
 * @param setting the name of the setting that holds the port, for the message
 * @returns the port, also when 0 asked for any free one
 */
export function bind(
  server: Pick<Server, 'listen' | 'once' | 'off' | 'address'>,
  host: string,
  port: number,
  setting: string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const failed = (error: NodeJS.ErrnoException): void => reject(toStartupError(error, host, port, setting));
    server.once('error', failed);
    server.listen({ host, port }, () => {
      server.off('error', failed);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** What a socket that could not be opened means for the one who starts Gapura. @param setting that holds the port */
export function toStartupError(error: NodeJS.ErrnoException, host: string, port: number, setting: string): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new StartupError(`Port ${port} is in use. Stop the program that holds it, or set ${setting} to another.`);
    case 'EACCES':
      return new StartupError(`Port ${port} may not be opened by this user. Set ${setting} to a port above 1023.`);
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new StartupError(`${host} is no address of this machine. Set GAPURA_HOST to one, or to 0.0.0.0 for all.`);
    default:
      return error;
  }
}
