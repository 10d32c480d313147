/**
 * The device API over HTTP (reference §1.9): bytes ⇄ uplinks and downlinks, nothing else. It sits on node:http itself:
 * a telemetry request costs 15 µs there, and a framework would add a fifth.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Attributes } from '../../attributes/attributes.ts';
import type { Gate } from '../../credentials/gate.ts';
import type { DeviceTokens } from '../../device-tokens/device-tokens.ts';
import type { TokenRequests } from '../../device-tokens/token-requests.ts';
import { AppError } from '../../errors.ts';
import type { Log } from '../../ingest/fault-log.ts';
import type { Ingest } from '../../ingest/ingest.ts';
import type { Clock } from '../../lib/clock.ts';
import { createTally } from '../../lib/tally.ts';
import type { Metrics } from '../../metrics.ts';
import type { Provisioner } from '../../provisioning/provisioning.ts';
import type { SecurityEvents } from '../../security-events/security-events.ts';
import type { Sessions } from '../../sessions/sessions.ts';
import { createAdmission } from './admission.ts';
import { arrivalOf } from './arrival.ts';
import { readBody } from './body.ts';
import { credentialOf } from './credential.ts';
import { createFailedTokens } from './failed-tokens.ts';
import { type DeviceHttpLimits, defaultDeviceHttpLimits, defaultRetryAfterMs } from './limits.ts';
import { createLongPolls } from './long-poll.ts';
import { createProvisionHandler } from './provision.ts';
import { readAttributes } from './read-attributes.ts';
import { createReplies, replyDone } from './replies.ts';
import {
  createDeviceRoutes,
  type DeviceHandler,
  devicePrefix,
  type Exchange,
  isNotServedYet,
  type Methods,
  scopeOf,
} from './routes.ts';
import { createTokenAdmission, type Needs } from './token-admission.ts';
import { createTokenEndpoint } from './token-endpoint.ts';

export interface DeviceHttpApiDeps {
  readonly gate: Pick<Gate, 'byAccessToken'>;
  readonly ingest: Pick<Ingest, 'telemetry' | 'attributes' | 'saturated'>;
  readonly attributes: Pick<Attributes, 'read'>;
  readonly sessions: Pick<Sessions, 'wait' | 'touch' | 'requested'>;
  readonly provisioner: Provisioner;
  readonly tokens: DeviceTokens;
  readonly tokenRequests: TokenRequests;
  readonly securityEvents: SecurityEvents;
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
  const admit = createAdmission({
    ...{ gate: deps.gate, failedTokens, replies, securityEvents: deps.securityEvents, fail },
  });
  const tokenAdmission = createTokenAdmission({
    tokens: deps.tokens,
    securityEvents: deps.securityEvents,
    replies,
    maxBodyBytes: limits.maxBodyBytes,
    fail,
  });
  const tokenEndpoint = createTokenEndpoint({
    tokens: deps.tokens,
    requests: deps.tokenRequests,
    securityEvents: deps.securityEvents,
    replies,
  });
  const polls = createLongPolls({ sessions, replies, clock, limits });
  const provision = createProvisionHandler({ provisioner: deps.provisioner, replies, clock });
  const countTelemetry = createTally((n) => metrics.messages.inc({ transport: 'http', kind: 'telemetry' }, n));
  const countAttributes = createTally((n) => metrics.messages.inc({ transport: 'http', kind: 'attributes' }, n));
  let isStopping = false;
  /** Requests that have been read and wait for the disk. */
  let underWay = 0;
  let onIdle: (() => void) | undefined;

  const routes = createDeviceRoutes({
    postTelemetry: noting(receive(ingest.telemetry, countTelemetry)),
    postAttributes: noting(receive(ingest.attributes, countAttributes)),
    getAttributes: noting((exchange, device) => {
      sessions.touch(device);
      metrics.messages.inc({ transport: 'http', kind: 'attributes_request' });
      settle(exchange, async () =>
        replies.json(exchange, 200, await readAttributes(attributes, device, exchange.query)),
      );
    }),
    pollUpdates: noting(polls.poll),
  });
  /** Paths that no device has to prove itself for: they are how it comes to a proof. */
  const openRoutes = new Map<string, Methods<(exchange: Exchange) => void>>([
    ['provision', new Map([['POST', postProvision]])],
    ['auth/token', new Map([['POST', postToken]])],
    ['time', new Map([['GET', getTime]])],
  ]);
  const keyMethods = new Map<string, DeviceHandler>([
    ['POST', (exchange) => settle(exchange, () => tokenEndpoint.nextKey(exchange))],
  ]);

  /** Tells from where the device came. */
  function noting(handler: DeviceHandler): DeviceHandler {
    return (exchange, device) => {
      sessions.requested(device, exchange.arrival);
      handler(exchange, device);
    };
  }

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
    if (exchange.signed !== undefined) {
      take(exchange.signed.body);
      return;
    }
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
            replyDone(exchange);
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

  function postToken(exchange: Exchange): void {
    withBody(exchange, limits.maxTokenRequestBytes, (body) => {
      settle(exchange, () => tokenEndpoint.issue(exchange, body));
    });
  }

  function getTime(exchange: Exchange) {
    const kid = new URLSearchParams(exchange.query).get('kid') ?? '';
    const now = clock.now();
    if (kid === '' || kid.length > maxNonceName) return replies.json(exchange, 200, { now });
    const nonce = deps.tokens.nonces.make(kid);
    replies.text(exchange, 200, JSON.stringify({ now, nonce }), {
      'content-type': 'application/json',
      'device-nonce': nonce,
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

  /** @param methods undefined: a path that this version does not serve, which a stranger need not know */
  function admitByHeader(exchange: Exchange, needs: Needs, methods: Methods<DeviceHandler> | undefined) {
    const handler = methods === undefined ? refuseNotServed : select(exchange, methods);
    if (handler !== undefined) tokenAdmission.admit(exchange, credentialOf(exchange.request), needs, handler);
  }

  function refuseNotServed(exchange: Exchange): void {
    replies.refuse(exchange, 'not_found', 'This version of Gapura does not serve this path yet.');
  }

  /** @param path after `/api/v1/`, without the query */
  function route(exchange: Exchange, path: string) {
    const open = openRoutes.get(path);
    if (open !== undefined) return select(exchange, open)?.(exchange);
    // Without a token in the path: the device proves itself by a header.
    if (path === 'auth/key') return admitByHeader(exchange, 'signed', keyMethods);
    const direct = routes.get(path);
    if (direct !== undefined) return admitByHeader(exchange, scopeOf(path), direct);
    if (isNotServedYet(path)) return admitByHeader(exchange, scopeOf(path), undefined);
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
    if (handler === undefined) return;
    if (credentialOf(exchange.request).kind !== 'none') {
      const detail = 'A request shows one credential: a token in the path, or one in the header Authorization.';
      return replies.refuse(exchange, 'invalid_request', detail);
    }
    admit(exchange, decodeToken(path.slice(0, slash)), handler);
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

/** The longest name that a nonce is made for: a provisioning key. */
const maxNonceName = 255;

/** The token of a path; '' when it is not decodable, which is no device's token. */
function decodeToken(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
