/**
 * The device API over HTTP (reference §1.9): bytes ⇄ uplinks and downlinks, nothing else. It sits on node:http itself:
 * a telemetry request costs 15 µs there, and a framework would add a fifth.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Attributes } from '../../attributes/attributes.ts';
import type { Gate } from '../../credentials/gate.ts';
import { AppError } from '../../errors.ts';
import type { Log } from '../../ingest/fault-log.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import type { Clock } from '../../lib/clock.ts';
import { createTally } from '../../lib/tally.ts';
import type { Metrics } from '../../metrics.ts';
import type { Provisioner } from '../../provisioning/provisioning.ts';
import type { Sessions } from '../../sessions/sessions.ts';
import { createAdmission } from './admission.ts';
import { arrivalOf } from './arrival.ts';
import { readBody } from './body.ts';
import { createFailedTokens } from './failed-tokens.ts';
import { type DeviceHttpLimits, defaultDeviceHttpLimits, defaultRetryAfterMs } from './limits.ts';
import { createLongPolls } from './long-poll.ts';
import { createProvisionHandler } from './provision.ts';
import { readAttributes } from './read-attributes.ts';
import { createReplies, replyDone } from './replies.ts';
import { createDeviceRoutes, type DeviceHandler, devicePrefix, type Exchange, isNotServedYet } from './routes.ts';

export interface DeviceHttpApiDeps {
  readonly gate: Pick<Gate, 'byAccessToken'>;
  readonly ingest: Pick<Ingest, 'telemetry' | 'attributes' | 'saturated'>;
  readonly attributes: Pick<Attributes, 'read'>;
  readonly sessions: Pick<Sessions, 'wait' | 'touch'>;
  readonly provisioner: Provisioner;
  readonly metrics: Pick<Metrics, 'messages' | 'rejections'>;
  readonly log: Pick<Log, 'error'>;
  readonly clock: Clock;
  readonly limits?: Partial<DeviceHttpLimits>;
  /** Whether the proxy in front tells from where and how requests come. */
  readonly trustProxy?: boolean;
}

export interface DeviceHttpApi {
  /** Whether a request with this target belongs to the device API. */
  owns(url: string): boolean;
  /**
   * Answers a request.
   * @param secure whether it came over TLS
   */
  handle(request: IncomingMessage, response: ServerResponse, secure: boolean): void;
  /** Ends the polls that wait and refuses what comes; resolves when everything under way has been answered. */
  stop(): Promise<void>;
}

export function createDeviceHttpApi(deps: DeviceHttpApiDeps): DeviceHttpApi {
  const { ingest, attributes, sessions, metrics, log, clock } = deps;
  const limits: DeviceHttpLimits = { ...defaultDeviceHttpLimits, ...deps.limits };
  const replies = createReplies({ clock, metrics });
  const failedTokens = createFailedTokens(clock, limits.failedTokens);
  const admit = createAdmission({ gate: deps.gate, failedTokens, replies, fail });
  const polls = createLongPolls({ sessions, replies, clock, limits });
  const provision = createProvisionHandler({ provisioner: deps.provisioner, replies, clock });
  const countTelemetry = createTally((n) => metrics.messages.inc({ transport: 'http', kind: 'telemetry' }, n));
  const countAttributes = createTally((n) => metrics.messages.inc({ transport: 'http', kind: 'attributes' }, n));
  let isStopping = false;
  /** Requests that have been read and wait for the disk. */
  let underWay = 0;
  let onIdle: (() => void) | undefined;

  const routes = createDeviceRoutes({
    postTelemetry: receive(ingest.telemetry, countTelemetry),
    postAttributes: receive(ingest.attributes, countAttributes),
    getAttributes(exchange, device) {
      sessions.touch(device);
      metrics.messages.inc({ transport: 'http', kind: 'attributes_request' });
      settle(exchange, async () =>
        replies.json(exchange, 200, await readAttributes(attributes, device, exchange.query)),
      );
    },
    pollUpdates: polls.poll,
  });
  const provisionMethods = new Map([['POST', postProvision]]);

  function fail(exchange: Exchange, error: unknown) {
    if (error instanceof AppError) return replies.refuse(exchange, error.code, error.message, error.extra);
    log.error({ err: error }, 'a device request failed');
    replies.refuse(exchange, 'internal_error', 'Something went wrong inside of Gapura; it is in the log.');
  }

  function finished(): void {
    if (--underWay === 0) onIdle?.();
  }

  function settle(exchange: Exchange, work: () => Promise<void>): void {
    underWay++;
    void work()
      .catch((error: unknown) => fail(exchange, error))
      .finally(finished);
  }

  /** @param limitBytes of the body; a larger one is answered with 413 */
  function withBody(exchange: Exchange, limitBytes: number, take: (body: Uint8Array) => void): void {
    readBody(exchange.request, limitBytes, (body) => {
      if (body === undefined) {
        replies.refuse(exchange, 'payload_too_large', `The payload exceeds the limit of ${limitBytes} bytes.`);
        return;
      }
      try {
        take(body);
      } catch (error) {
        fail(exchange, error);
      }
    });
  }

  function receive(take: Ingest['telemetry'], count: () => void): DeviceHandler {
    return (exchange, device) => {
      if (ingest.saturated) {
        const extra = { retryAfterMs: defaultRetryAfterMs };
        return replies.refuse(exchange, 'overloaded', 'Gapura is busy; send again later.', extra);
      }
      withBody(exchange, limits.maxBodyBytes, (body) => {
        underWay++;
        take(device, body, (refusal) => {
          finished();
          if (refusal === undefined) {
            count();
            replyDone(exchange.response);
          } else {
            replies.problem(exchange, refusal.code, refusal.detail, { retryAfterMs: refusal.retryAfterMs });
          }
        });
      });
    };
  }

  function postProvision(exchange: Exchange): void {
    withBody(exchange, limits.maxProvisionBytes, (body) => {
      metrics.messages.inc({ transport: 'http', kind: 'provision' });
      settle(exchange, () => provision(exchange, body));
    });
  }

  /** @returns the handler of the request's method; undefined when it has been answered because there is none */
  function select<T>(exchange: Exchange, methods: ReadonlyMap<string, T>): T | undefined {
    const { method = '' } = exchange.request;
    const handler = methods.get(method);
    if (handler !== undefined) return handler;
    const allow = [...methods.keys(), 'OPTIONS'].join(', ');
    if (method === 'OPTIONS') replies.text(exchange, 204, '', { allow });
    else replies.refuse(exchange, 'method_not_allowed', `Allowed here: ${allow}.`, { headers: { allow } });
    return undefined;
  }

  /** @param path after `/api/v1/`, without the query */
  function route(exchange: Exchange, path: string) {
    if (path === 'provision') return select(exchange, provisionMethods)?.(exchange);
    // Without a token: for devices that will prove themselves by a header or a certificate.
    if (routes.has(path) || isNotServedYet(path)) {
      const detail = `The path holds no access token: ${devicePrefix}{token}/${path}.`;
      const headers = { 'www-authenticate': 'Bearer realm="gapura"' };
      return replies.refuse(exchange, 'missing_credentials', detail, { headers });
    }
    const slash = path.indexOf('/');
    const rest = slash === -1 ? '' : path.slice(slash + 1);
    const methods = routes.get(rest);
    if (methods === undefined) {
      const detail = isNotServedYet(rest)
        ? `This version of Gapura does not serve ${devicePrefix}{token}/${rest} yet.`
        : 'The device API has no such path.';
      return replies.refuse(exchange, 'not_found', detail);
    }
    const handler = select(exchange, methods);
    if (handler !== undefined) admit(exchange, decodeToken(path.slice(0, slash)), handler);
  }

  return {
    owns: (url) => url.startsWith('/api/v1') && (url.length === 7 || url[7] === '/' || url[7] === '?'),

    handle(request, response, secure) {
      const url = request.url ?? '/';
      const mark = url.indexOf('?');
      const exchange: Exchange = {
        request,
        response,
        query: mark === -1 ? '' : url.slice(mark + 1),
        arrival: arrivalOf(request, secure, deps.trustProxy ?? false),
      };
      try {
        if (isStopping) {
          const extra = { retryAfterMs: defaultRetryAfterMs, headers: { connection: 'close' } };
          return replies.refuse(exchange, 'shutting_down', 'Gapura is shutting down; send again later.', extra);
        }
        route(exchange, url.slice(devicePrefix.length, mark === -1 ? undefined : mark));
      } catch (error) {
        fail(exchange, error);
      }
    },

    stop() {
      isStopping = true;
      polls.stop();
      if (underWay === 0) return Promise.resolve();
      return new Promise((resolve) => {
        onIdle = resolve;
      });
    },
  };
}

/** The token of a path; '' when it is not decodable, which is no device's token. */
function decodeToken(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
