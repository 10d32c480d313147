/**
 * `Idempotency-Key` on creates: a script that did not hear the answer asks again and gets the same answer, not a
 * second device. Routes take part by `config: { idempotent: true }`.
 */
import type { FastifyBaseLogger, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import { AppError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { createHousekeeping } from '../lib/housekeeping.ts';
import type { IdempotencyScope, IdempotencyStore } from './idempotency-store.ts';
import { type PlatformApi, principalOf } from './platform-api.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether an `Idempotency-Key` makes this route safe to repeat. */
    idempotent?: boolean;
  }
}

const IdempotencyHeaders = Type.Object({
  'idempotency-key': Type.Optional(
    Type.String({ description: 'A repeated request with the same key, within a day, gets the first answer again' }),
  ),
});

const keyForm = /^[\x20-\x7e]{1,255}$/;
/** Requests that wait for the first one with their key; a script that has more of them is broken. */
const waitingLimit = 16;
/** Answers of creates are small; one that is not is given, but not kept. */
const bodyLimit = 256 * 1024;
const prunePeriodMs = 3600 * 1000;

/** A request that is being executed. One process answers all requests of a caller, so memory is enough to know. */
interface Claim {
  readonly scope: IdempotencyScope;
  readonly requestHash: string;
  readonly ended: Promise<void>;
  readonly end: () => void;
  waiting: number;
}

export interface IdempotencyDeps {
  readonly store: IdempotencyStore;
  readonly clock: Clock;
  readonly log: Pick<FastifyBaseLogger, 'error'>;
}

export interface Idempotency {
  /** Adds its hooks; before the routes are registered, so that their descriptions name the header. */
  register(api: PlatformApi): void;
  /** Begins to delete old answers, hourly. */
  start(): void;
  stop(): Promise<void>;
}

export function createIdempotency({ store, clock, log }: IdempotencyDeps): Idempotency {
  const claims = new Map<string, Claim>();
  const claimOf = new WeakMap<FastifyRequest, Claim>();
  const housekeeping = createHousekeeping(clock, prunePeriodMs, store.prune, (error) =>
    log.error({ err: error }, 'idempotency keys could not be pruned'),
  );

  const release = (claim: Claim): void => {
    claims.delete(idOf(claim.scope));
    claim.end();
  };

  /** @returns the answer to replay, or the claim of who executes the request */
  const begin = async (scope: IdempotencyScope, requestHash: string) => {
    for (;;) {
      const running = claims.get(idOf(scope));
      if (running !== undefined) {
        requireSame(running.requestHash, requestHash);
        if (running.waiting >= waitingLimit) {
          throw new AppError('rate_limited', 'Too many requests wait for this Idempotency-Key.', {
            retryAfterMs: 1000,
          });
        }
        running.waiting++;
        await running.ended;
        continue;
      }
      const { promise: ended, resolve: end } = Promise.withResolvers<void>();
      const claim: Claim = { scope, requestHash, ended, end, waiting: 0 };
      claims.set(idOf(scope), claim);
      try {
        const answer = await store.find(scope);
        if (answer === undefined) return { claim };
        requireSame(answer.requestHash, requestHash);
        release(claim);
        return { answer };
      } catch (error) {
        release(claim);
        throw error;
      }
    }
  };

  return {
    register(api) {
      api.addHook('onRoute', (route) => {
        if (route.config?.idempotent === true) route.schema = { ...route.schema, headers: IdempotencyHeaders };
      });

      // After authentication and validation: only a request that may be executed takes its key.
      api.addHook('preHandler', async (request, reply) => {
        const key = request.headers['idempotency-key'];
        if (request.routeOptions.config.idempotent !== true || key === undefined) return;
        if (typeof key !== 'string' || !keyForm.test(key)) {
          throw new AppError('invalid_request', 'Idempotency-Key is 1 to 255 printable ASCII characters.');
        }
        const principal = principalOf(request);
        const scope = { tenantId: principal.tenantId, principalId: principal.id, key };
        const { claim, answer } = await begin(scope, store.hashOf(textOf(request)));
        if (claim !== undefined) {
          claimOf.set(request, claim);
          return;
        }
        return reply
          .code(answer.status)
          .header('idempotency-replayed', 'true')
          .header('content-type', 'application/json; charset=utf-8')
          .send(answer.body);
      });

      // Before the answer leaves: who hears it may rely on its being kept. A request that failed has changed nothing
      // and may be tried again under its key.
      api.addHook('onSend', async (request, reply, payload) => {
        const claim = claimOf.get(request);
        if (claim === undefined) return;
        claimOf.delete(request);
        try {
          const isSuccess = reply.statusCode >= 200 && reply.statusCode < 300;
          if (isSuccess && typeof payload === 'string' && payload.length <= bodyLimit) {
            const { scope, requestHash } = claim;
            await store.save(scope, { requestHash, status: reply.statusCode, body: payload });
          }
        } catch (error) {
          log.error({ err: error }, 'the answer of an idempotent request could not be kept');
        } finally {
          release(claim);
        }
      });
    },
    start: housekeeping.start,
    stop: housekeeping.stop,
  };
}

function requireSame(before: string, now: string): void {
  if (before !== now) throw new AppError('idempotency_key_reused', 'Use a new Idempotency-Key for a new request.');
}

function textOf({ method, url, body }: FastifyRequest): string {
  return `${method} ${url}\n${JSON.stringify(body)}`;
}

function idOf({ tenantId, principalId, key }: IdempotencyScope): string {
  return `${tenantId}:${principalId}:${key}`;
}
