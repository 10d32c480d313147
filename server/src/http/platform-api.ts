/** The Fastify instance of the platform API `/v1/…`: validation, authentication, errors, OpenAPI. */
import fastifyCookie from '@fastify/cookie';
import fastifySwagger from '@fastify/swagger';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  LogController,
  type RawReplyDefaultExpression,
  type RawRequestDefaultExpression,
  type RawServerDefault,
} from 'fastify';
import { type ErrorCode, Problem } from '#contract/errors.ts';
import { AppError } from '../errors.ts';
import { isDeeperThan } from '../lib/json-depth.ts';
import { toUuid } from '../lib/short-id.ts';
import { type Access, type Principal, requireRole } from './principal.ts';
import { replyWithProblem } from './problem.ts';
import { createValidatorCompiler } from './validation.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
  interface FastifyRequest {
    /** Null on public routes. */
    principal: Principal | null;
  }
}

/** What route files register on: Fastify that infers handler types from TypeBox schemas. */
export type PlatformApi = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

export interface PlatformApiDeps {
  readonly log: FastifyBaseLogger;
  /** Finds who makes the request. @throws AppError `missing_credentials`, `invalid_credentials`, … */
  authenticate(request: FastifyRequest): Promise<Principal>;
  /** Largest JSON body, bytes. */
  readonly bodyLimitBytes: number;
  /** Believe the last entries of X-Forwarded-For and X-Forwarded-Proto, which the proxy in front has written. */
  readonly trustProxy?: boolean;
  /** Told of each request that was answered with a problem, to count it. */
  onRejection?(code: ErrorCode): void;
}

/** Objects and arrays within each other: more than twice what any body needs, and far from where recursion ends. */
const maxBodyLevels = 64;

export interface RouteSummary {
  readonly method: string;
  readonly url: string;
  readonly access: Access;
}

/**
 * @param register adds every noun's routes
 * @returns the instance, ready to route, and the list of its routes
 */
export async function createPlatformApi(
  deps: PlatformApiDeps,
  register: (api: PlatformApi) => void | Promise<void>,
): Promise<{ api: PlatformApi; routes: readonly RouteSummary[] }> {
  const routes: RouteSummary[] = [];
  const api = Fastify({
    loggerInstance: deps.log,
    logController: new LogController({ disableRequestLogging: true }),
    // One hop: `true` would believe the first entry, which is whatever the client says.
    trustProxy: deps.trustProxy === true && ((_address, hop) => hop === 0),
    // A path that cannot be decoded.
    frameworkErrors: (error, request, reply) =>
      void replyWithProblem(error, request as FastifyRequest, reply as FastifyReply, deps.onRejection),
    bodyLimit: deps.bodyLimitBytes,
    genReqId: () => crypto.randomUUID(),
    routerOptions: { maxParamLength: 512 },
  }).withTypeProvider<TypeBoxTypeProvider>();

  api.setValidatorCompiler(createValidatorCompiler());
  api.setErrorHandler((error, request, reply) => replyWithProblem(error, request, reply, deps.onRejection));
  api.setNotFoundHandler((request, reply) => {
    const error = new AppError('not_found', `There is no ${request.method} ${request.url}.`);
    return replyWithProblem(error, request, reply, deps.onRejection);
  });
  api.decorateRequest('principal', null);
  api.addSchema(Problem);

  api.addHook('onRoute', (route) => {
    if (!route.url.startsWith('/v1')) return;
    const access = route.config?.access;
    if (access === undefined) throw new Error(`${route.method} ${route.url} does not say who may call it.`);
    for (const method of [route.method].flat()) {
      if (method !== 'HEAD') routes.push({ method, url: route.url, access });
    }
  });
  // A route reads top-down: authenticate → authorise → validate → handle.
  api.addHook('onRequest', async (request, reply) => {
    // Names and keys come from devices: no browser may take an answer for anything but what it says it is.
    reply.header('x-content-type-options', 'nosniff');
    // What the API tells is for its caller alone, and some of it is secret.
    if ((request.routeOptions.url ?? request.url).startsWith('/v1')) reply.header('cache-control', 'no-store');
    const access = request.routeOptions.config.access ?? 'public';
    if (access === 'public') return;
    request.principal = await deps.authenticate(request);
    requireRole(request.principal, access);
  });

  api.addHook('preValidation', async ({ params, routeOptions }) => {
    if (routeOptions.url?.startsWith('/v1/devices/:id') === true) acceptShortId(params);
  });
  api.addHook('preValidation', async (request) => {
    if (!isDeeperThan(request.body, maxBodyLevels)) return;
    throw new AppError('invalid_request', `The body has more than ${maxBodyLevels} objects and arrays in each other.`);
  });

  await api.register(fastifyCookie);
  await api.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Gapura platform API',
        version: '1',
        description: 'For people, the console and scripts. Devices speak the device API (MQTT, /api/v1).',
      },
      components: {
        securitySchemes: {
          session: { type: 'apiKey', in: 'cookie', name: 'gapura_session' },
          apiKey: { type: 'http', scheme: 'bearer', bearerFormat: 'gpr_…' },
        },
      },
    },
  });
  await register(api);
  api.get('/v1/openapi.json', { config: { access: 'public' }, schema: { hide: true } }, async () => api.swagger());
  await api.ready();
  return { api, routes };
}

/** An id as devices and their tokens have it stands for the id that people see. */
function acceptShortId(params: unknown): void {
  if (typeof params !== 'object' || params === null || !('id' in params) || typeof params.id !== 'string') return;
  params.id = toUuid(params.id) ?? params.id;
}

/** The caller of a route that is not public. */
export function principalOf(request: FastifyRequest): Principal {
  if (request.principal === null) throw new AppError('missing_credentials');
  return request.principal;
}
