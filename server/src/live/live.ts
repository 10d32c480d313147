/** The WebSocket hub `/v1/live`: from the bus to the browsers that look. */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { FastifyBaseLogger } from 'fastify';
import { WebSocketServer } from 'ws';
import { liveCloseCodes } from '#contract/live.ts';
import type { Attributes } from '../attributes/attributes.ts';
import type { Bus } from '../bus/bus.ts';
import type { AuditRecorded } from '../bus/subjects.ts';
import { AppError } from '../errors.ts';
import { type Principal, requireRole } from '../http/principal.ts';
import type { Clock } from '../lib/clock.ts';
import type { Metrics } from '../metrics.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { TelemetryStore } from '../telemetry/store.ts';
import { LiveConnection } from './connection.ts';
import { createFanOut } from './fan-out.ts';
import { livePolicy } from './policy.ts';
import { refuseUpgrade } from './refuse-upgrade.ts';

export interface LiveDeps {
  readonly bus: Bus;
  readonly store: Pick<TelemetryStore, 'latest'>;
  readonly attributes: Pick<Attributes, 'read'>;
  readonly sessions: Pick<Sessions, 'activity'>;
  /** Finds who makes the request, now and whenever it is asked again. @throws AppError when nobody may */
  authenticateUpgrade(request: IncomingMessage): Promise<Principal>;
  /** Those of the ids that are devices of the tenant. */
  existing(tenantId: string, deviceIds: readonly string[]): Promise<readonly string[]>;
  readonly metrics: Pick<Metrics, 'rejections' | 'liveClients'>;
  readonly log: FastifyBaseLogger;
  readonly clock: Clock;
  /** Fewer in tests. */
  readonly clientsPerTenant?: number;
}

export interface Live {
  /** Takes over the upgrade of a request for `/v1/live`; refuses others with an HTTP answer. Never throws. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Closes all connections (1001) and takes no new ones. */
  stop(): Promise<void>;
}

export const livePath = '/v1/live';

/** A client is some 20 kB plus what it subscribes to. */
const defaultClientsPerTenant = 500;
/** A subscription of 1000 devices is 39 kB. */
const maxMessageBytes = 256 * 1024;
/** How long after its session or key has run out a connection may stand. What people end, ends at once. */
const reauthenticatePeriodMs = 60_000;
const closeGraceMs = 1000;

export function createLive(deps: LiveDeps): Live {
  const { metrics, log, clock, clientsPerTenant = defaultClientsPerTenant } = deps;
  const connectionDeps = { ...deps, fanOut: createFanOut(deps.bus) };
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    // Compression costs some 300 kB per connection; updates are small.
    perMessageDeflate: false,
    clientTracking: false,
  });
  /** Each with the question whether it may go on. */
  const connections = new Map<LiveConnection, { readonly tenantId: string; check(): Promise<void> }>();
  /** Grows when somebody's rights may have changed. */
  let changes = 0;
  /** Tenants whose connections are being looked at; true when there is reason to do so once more. */
  const checking = new Map<string, boolean>();
  const clients = new Map<string, number>();
  let isStopped = false;

  const admit = async (request: IncomingMessage): Promise<Principal> => {
    if (isStopped) throw new AppError('shutting_down');
    if (request.url?.split('?')[0] !== livePath)
      throw new AppError('not_found', `There is no WebSocket ${request.url}.`);
    const principal = await deps.authenticateUpgrade(request);
    requireRole(principal, livePolicy.read);
    if (isStopped) throw new AppError('shutting_down');
    if ((clients.get(principal.tenantId) ?? 0) >= clientsPerTenant) {
      throw new AppError('rate_limited', `There are ${clientsPerTenant} live connections open; close one.`, {
        retryAfterMs: 10_000,
      });
    }
    return principal;
  };

  const open = (
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    { tenantId }: Principal,
    changesBefore: number,
  ): void => {
    // It went while it was authenticated: its end has been told already.
    if (socket.destroyed) return;
    count(tenantId, 1);
    // The end of the socket is the end of a handshake that fails, too.
    socket.once('close', () => count(tenantId, -1));
    server.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new LiveConnection(connectionDeps, webSocket, tenantId);
      const check = () => reauthenticate(connection, request, tenantId);
      connections.set(connection, { tenantId, check });
      const cancel = clock.every(reauthenticatePeriodMs, () => void check());
      // What ended while it was let in.
      if (changes !== changesBefore) void check();
      void connection.ended.then(() => {
        cancel();
        connections.delete(connection);
      });
    });
  };

  const count = (tenantId: string, by: number): void => {
    const left = (clients.get(tenantId) ?? 0) + by;
    if (left > 0) clients.set(tenantId, left);
    else clients.delete(tenantId);
    metrics.liveClients.inc(by);
  };

  const reauthenticate = async (
    connection: LiveConnection,
    request: IncomingMessage,
    tenantId: string,
  ): Promise<void> => {
    try {
      const principal = await deps.authenticateUpgrade(request);
      requireRole(principal, livePolicy.read);
      if (principal.tenantId === tenantId) return;
    } catch (error) {
      // A database that does not answer says nothing about the session.
      if (!(error instanceof AppError) || error.status >= 500) {
        log.warn({ err: error }, 'a live connection could not be authenticated again');
        return;
      }
    }
    connection.close(liveCloseCodes.sessionEnded, 'the session has ended');
  };

  /** One after the other, and for many changes in a row once more at the end: importing users costs no flood of reads. */
  const checkAll = async (tenantId: string): Promise<void> => {
    if (checking.has(tenantId)) {
      checking.set(tenantId, true);
      return;
    }
    do {
      checking.set(tenantId, false);
      for (const connection of connections.values()) if (connection.tenantId === tenantId) await connection.check();
    } while (checking.get(tenantId) === true);
    checking.delete(tenantId);
  };

  const unsubscribe = deps.bus.subscribe('audit.*', (message) => {
    if (message.kind !== 'audit.recorded' || message.outcome !== 'success' || !changesRights(message)) return;
    changes++;
    void checkAll(message.tenantId);
  });

  return {
    handleUpgrade(request, socket, head) {
      // A peer that goes away during the handshake disturbs nobody.
      socket.on('error', () => socket.destroy());
      const changesBefore = changes;
      admit(request).then(
        (principal) => open(request, socket, head, principal, changesBefore),
        (error: unknown) => {
          const fault = error instanceof AppError ? error : new AppError('internal_error');
          if (fault.status >= 500) log.error({ err: error }, 'a live connection failed');
          metrics.rejections.inc({ where: 'live', code: fault.code });
          refuseUpgrade(socket, fault);
        },
      );
    },
    async stop() {
      isStopped = true;
      unsubscribe();
      for (const connection of connections.keys()) connection.close(1001, 'Gapura is shutting down');
      const cancel = clock.after(closeGraceMs, () => {
        for (const connection of connections.keys()) connection.terminate();
      });
      await Promise.all([...connections.keys()].map((connection) => connection.ended));
      cancel();
      server.close();
    },
  };
}

/** A key revoked, a user changed or gone, a session ended: of those who are here somebody may not stay. */
function changesRights({ action, target }: AuditRecorded): boolean {
  if (action === 'api_key.created' || action === 'user.created' || action === 'session.signed_in') return false;
  return target.kind === 'api_key' || target.kind === 'user';
}
