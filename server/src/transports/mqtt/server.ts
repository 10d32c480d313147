import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, DEFAULT_CIPHERS } from 'node:tls';
import { type Member, Roster } from '../../lib/roster.ts';
import { Connection } from './connection.ts';
import { createMqttContext, type MqttDeps } from './context.ts';
import { dispatch } from './handlers/dispatch.ts';

export interface MqttListenOptions {
  readonly host: string;
  /** 0 is any free port. */
  readonly port: number;
  /** MQTT over TLS on a port of its own; certificate chain and key in PEM. */
  readonly tls?: { readonly port: number; readonly cert: string | Buffer; readonly key: string | Buffer };
}

export interface MqttServer {
  /** Listens. @throws the error of `listen`, with its `code` such as EADDRINUSE; then nothing listens */
  start(options: MqttListenOptions): Promise<{ readonly port: number; readonly tlsPort: number | undefined }>;
  /** Stops accepting and reading, lets commits under way be acknowledged, says goodbye and closes; in bounded time. */
  stop(): Promise<void>;
  /** Open connections, also those that have not proved who they are. */
  readonly connections: number;
}

/** How often keep-alives and other deadlines are looked at: one timer, whatever the number of connections. */
const sweepPeriodMs = 1000;

const preferredCipher = 'TLS_AES_128_GCM_SHA256';
/**
 * Node's choice in another order: AES-128 and SHA-256 are what small devices have in hardware, every TLS 1.3 has them
 * (RFC 8446 §9.1), and they are as strong as the P-256 and X25519 of the handshake, which SHA-384 makes 3 % slower.
 */
const ciphers = [preferredCipher, ...DEFAULT_CIPHERS.split(':').filter((cipher) => cipher !== preferredCipher)].join(
  ':',
);

/** MQTT 3.1, 3.1.1 and 5 for devices (reference §1.1 and §1.2), over TCP and TLS. Not a broker. */
export function createMqttServer(deps: MqttDeps): MqttServer {
  const context = createMqttContext(deps);
  const { limits, clock, log, metrics } = context;
  const connections = new Roster<Connection>();
  const servers: Server[] = [];
  /** TCP connections of the TLS listener, also those that have not finished their handshake. */
  const secureSockets = new Roster<Member & { readonly socket: Socket }>();
  let cancelSweep: (() => void) | undefined;
  let onEmpty: (() => void) | undefined;

  const accept = (socket: Socket, secure: boolean) => {
    // A peer that hung up while its socket waited to be accepted has no address any more.
    const address = plainAddress(socket.remoteAddress);
    // Resets and TLS faults end as `close`; there is nobody to tell.
    socket.on('error', (error) => log.debug({ err: error, address }, 'MQTT socket failed'));
    if (address === undefined || connections.size >= limits.maxConnections) {
      if (address !== undefined) metrics.rejections.inc({ where: 'mqtt', code: 'too_many_connections' });
      socket.destroy();
      return;
    }
    // Undefined after its end: Node's handle of a closed socket lives on until it is collected, and would hold all of it.
    let connection: Connection | undefined = new Connection(
      socket,
      { transport: 'mqtt', secure, address },
      context,
      dispatch,
    );
    connections.add(connection);
    socket.on('data', (chunk: Buffer) => connection?.received(chunk));
    socket.on('close', () => {
      if (connection === undefined) return;
      connections.delete(connection);
      connection.closed();
      connection = undefined;
      if (connections.size === 0) onEmpty?.();
    });
  };

  const sweep = () => {
    const nowMs = clock.now();
    for (const connection of connections.list()) connection.check(nowMs);
  };

  const createSecured = ({ cert, key }: NonNullable<MqttListenOptions['tls']>): Server => {
    const secured = createTlsServer(
      { cert, key, ciphers, noDelay: true, handshakeTimeout: limits.connectTimeoutMs },
      (socket) => accept(socket, true),
    );
    secured.maxConnections = limits.maxConnections;
    secured.on('connection', (socket: Socket) => {
      const member = { socket, place: -1 };
      secureSockets.add(member);
      socket.once('close', () => secureSockets.delete(member));
    });
    secured.on('tlsClientError', (error, socket) => {
      // Node leaves the socket of a handshake that took too long open.
      socket.destroy();
      metrics.rejections.inc({ where: 'mqtt', code: 'tls_handshake_failed' });
      log.debug({ err: error }, 'A TLS handshake on the MQTT port failed');
    });
    return secured;
  };

  const listen = async (server: Server, host: string, port: number): Promise<number> => {
    const bound = await listenOn(server, host, port);
    server.on('error', (error) => log.warn({ err: error }, 'The MQTT listener failed to accept'));
    servers.push(server);
    return bound;
  };

  const close = (server: Server) => new Promise<void>((resolve) => server.close(() => resolve()));

  return {
    async start({ host, port, tls }) {
      // Nagle and delayed acknowledgements together cost 40 ms per answer, so noDelay.
      const plain = createServer({ noDelay: true }, (socket) => accept(socket, false));
      const bound = await listen(plain, host, port);
      try {
        const tlsPort = tls === undefined ? undefined : await listen(createSecured(tls), host, tls.port);
        cancelSweep = clock.every(sweepPeriodMs, sweep);
        return { port: bound, tlsPort };
      } catch (error) {
        await Promise.all(servers.splice(0).map(close));
        throw error;
      }
    },

    async stop() {
      const closed = servers.splice(0).map(close);
      if (connections.size > 0) {
        await new Promise<void>((resolve) => {
          onEmpty = resolve;
          clock.after(limits.stopMs, () => {
            for (const connection of connections.list()) connection.end('shutting_down');
          });
          clock.after(limits.stopMs + limits.lingerMs, () => {
            for (const connection of connections.list()) connection.destroy();
          });
          for (const connection of connections.list()) connection.stop();
        });
      }
      cancelSweep?.();
      // Only handshakes are left, and nobody waits for those.
      for (const { socket } of secureSockets.list()) socket.destroy();
      await Promise.all(closed);
    },

    get connections() {
      return connections.size;
    },
  };
}

function listenOn(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port, backlog: 4096 }, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** An IPv4 address that came over an IPv6 socket in its own form, so that limits count it once. */
function plainAddress(address: string | undefined): string | undefined {
  return address?.startsWith('::ffff:') ? address.slice(7) : address;
}
