/** What those who run Gapura ask it: is it alive, is it ready, how is it doing, whom to trust, how to speak to it. */
import type { FastifyRequest } from 'fastify';
import { collectDefaultMetrics } from 'prom-client';
import { Type } from 'typebox';
import type { PlatformApi } from '../http/platform-api.ts';
import type { Principal } from '../http/principal.ts';
import type { Clock } from '../lib/clock.ts';
import type { Metrics } from '../metrics.ts';
import { isFromThisMachine } from './loopback.ts';
import { createReadiness, type ReadinessCheck } from './readiness.ts';
import { registerReferencePage } from './reference-page.ts';

export interface OperationsDeps {
  readonly metrics: Metrics;
  /** What clients of the TLS listeners have to trust, PEM. */
  readonly caPem: string;
  /** By name: database, telemetry, listeners, … */
  readonly checks: Readonly<Record<string, ReadinessCheck>>;
  readonly clock: Clock;
  /** The same as the platform API's. @throws AppError when nobody known makes the request */
  authenticate(request: FastifyRequest): Promise<Principal>;
}

const tags = ['operations'];

/**
 * Registers `/healthz`, `/readyz`, `/metrics`, `/ca.pem` and `/docs`. All are public but `/metrics`, which answers to
 * this machine itself and, elsewhere, to every session or API key (Prometheus: `authorization.credentials: gpr_…`).
 */
export function registerOperations(api: PlatformApi, deps: OperationsDeps): void {
  const readiness = createReadiness({
    checks: deps.checks,
    clock: deps.clock,
    failed: (check, error) => api.log.error({ err: error, check }, 'readiness check failed'),
  });

  api.get(
    '/healthz',
    {
      schema: {
        tags,
        summary: 'Is the process alive?',
        response: { 200: Type.Object({ status: Type.Literal('ok') }) },
      },
    },
    async (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' as const }),
  );

  const Readiness = Type.Object({
    status: Type.Enum(['ready', 'not_ready']),
    checks: Type.Record(Type.String(), Type.String(), { description: '`ok`, or what is wrong' }),
  });
  api.get(
    '/readyz',
    {
      schema: {
        tags,
        summary: 'Can it do its work? 503 says what keeps it from it',
        response: { 200: Readiness, 503: Readiness },
      },
    },
    async (_request, reply) => {
      const { ready, checks } = await readiness.report();
      return reply
        .code(ready ? 200 : 503)
        .header('cache-control', 'no-store')
        .send({ status: ready ? 'ready' : 'not_ready', checks });
    },
  );

  // CPU, memory and event loop of the process; their observers begin with the first scrape, not with the start.
  let observesProcess = false;
  api.get(
    '/metrics',
    { schema: { tags, summary: 'Metrics for Prometheus', response: { 200: Type.String() } } },
    async (request, reply) => {
      if (!isFromThisMachine(request.raw)) await deps.authenticate(request);
      if (!observesProcess) {
        observesProcess = true;
        collectDefaultMetrics({ register: deps.metrics.registry });
      }
      const text = await deps.metrics.registry.metrics();
      return reply.header('cache-control', 'no-store').type(deps.metrics.registry.contentType).send(text);
    },
  );

  api.get(
    '/ca.pem',
    {
      schema: {
        tags,
        summary: 'The certificate authority that clients of the TLS listeners trust',
        response: { 200: Type.String() },
      },
    },
    async (_request, reply) =>
      reply
        .header('content-disposition', 'attachment; filename="gapura-ca.pem"')
        .type('application/x-pem-file')
        .send(deps.caPem),
  );

  registerReferencePage(api);
}
