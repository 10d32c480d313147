import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { FakeClock } from '../../test/fake-clock.ts';
import { AppError } from '../errors.ts';
import { createPlatformApi, type PlatformApi } from '../http/platform-api.ts';
import { createMetrics } from '../metrics.ts';
import type { ReadinessCheck } from './readiness.ts';
import { registerOperations } from './routes.ts';

const caPem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';
let close: (() => Promise<void>) | undefined;
afterEach(async () => {
  await close?.();
  close = undefined;
});

async function createApi(checks: Record<string, ReadinessCheck> = {}) {
  const clock = new FakeClock();
  const metrics = createMetrics();
  const authenticate: Parameters<typeof createPlatformApi>[0]['authenticate'] = async (request) => {
    if (request.headers.authorization !== 'Bearer gpr_good') throw new AppError('missing_credentials');
    return { kind: 'api_key', id: 'k', tenantId: 't', name: 'prometheus', role: 'viewer' };
  };
  const { api } = await createPlatformApi(
    { log: pino({ level: 'silent' }), authenticate, bodyLimitBytes: 1024 },
    (instance) => registerOperations(instance, { metrics, caPem, checks, clock, authenticate }),
  );
  close = () => api.close();
  return { api, clock, metrics };
}

const get = (api: PlatformApi, url: string, from = '127.0.0.1', headers: Record<string, string> = {}) =>
  api.inject({ url, remoteAddress: from, headers });

test('/healthz says that the process is alive, whatever else is wrong', async () => {
  const { api } = await createApi({ database: () => 'is full' });
  const answer = await get(api, '/healthz', '203.0.113.9');
  expect([answer.statusCode, answer.json()]).toEqual([200, { status: 'ok' }]);
});

test('/readyz is 200 when every check is well', async () => {
  const { api } = await createApi({ database: async () => undefined, listeners: () => undefined });
  const answer = await get(api, '/readyz', '203.0.113.9');
  expect([answer.statusCode, answer.json()]).toEqual([
    200,
    { status: 'ready', checks: { database: 'ok', listeners: 'ok' } },
  ]);
});

test('/readyz is 503 with the reason of each check that is not, and tells nothing of what was thrown', async () => {
  const { api } = await createApi({
    database: async () => {
      throw new Error('disk I/O error at /secret/path');
    },
    listeners: () => 'shutting down',
    telemetry: () => undefined,
  });
  const answer = await get(api, '/readyz');
  expect([answer.statusCode, answer.json()]).toEqual([
    503,
    {
      status: 'not_ready',
      checks: { database: 'failed; the log says more', listeners: 'shutting down', telemetry: 'ok' },
    },
  ]);
});

test('a check that hangs fails after its time instead of holding the answer', async () => {
  const { api, clock } = await createApi({
    telemetry: () => {
      queueMicrotask(() => clock.advance(2000));
      return new Promise(() => {});
    },
  });
  const answer = await get(api, '/readyz');
  expect([answer.statusCode, answer.json().checks]).toEqual([503, { telemetry: 'no answer within 2000 ms' }]);
});

test('askers within a second share one check, later ones see a new state', async () => {
  let runs = 0;
  const { api, clock } = await createApi({ database: () => (++runs === 1 ? 'is full' : undefined) });
  expect([(await get(api, '/readyz')).statusCode, (await get(api, '/readyz')).statusCode, runs]).toEqual([503, 503, 1]);
  clock.advance(1000);
  expect((await get(api, '/readyz')).statusCode).toBe(200);
});

test('/metrics speaks the Prometheus text format to this machine', async () => {
  const { api, metrics } = await createApi();
  metrics.rejections.inc({ where: 'mqtt', code: 'invalid_credentials' });
  const answer = await get(api, '/metrics');
  expect(answer.headers['content-type']).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(answer.body).toContain('gapura_rejections_total{where="mqtt",code="invalid_credentials"} 1');
  expect(answer.body).toMatch(/^process_resident_memory_bytes \d/m);
});

test('/metrics answers others only when they show who they are', async () => {
  const { api } = await createApi();
  expect((await get(api, '/metrics', '203.0.113.9')).statusCode).toBe(401);
  const answer = await get(api, '/metrics', '203.0.113.9', { authorization: 'Bearer gpr_good' });
  expect(answer.statusCode).toBe(200);
});

test('a request that a proxy on this machine passed on is not of this machine', async () => {
  const { api } = await createApi();
  for (const name of ['x-forwarded-for', 'forwarded', 'x-real-ip']) {
    expect((await get(api, '/metrics', '127.0.0.1', { [name]: '127.0.0.1' })).statusCode).toBe(401);
  }
});

test('/ca.pem is there for everybody', async () => {
  const { api } = await createApi();
  const answer = await get(api, '/ca.pem', '203.0.113.9');
  expect([answer.statusCode, answer.headers['content-type'], answer.body]).toEqual([
    200,
    'application/x-pem-file',
    caPem,
  ]);
});

test('/docs and everything that it loads comes from here, under a strict content security policy', async () => {
  const { api } = await createApi();
  const page = await get(api, '/docs', '203.0.113.9');
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
  expect(page.headers['content-security-policy']).toContain("script-src 'self';");
  expect(page.headers['content-security-policy']).not.toContain('unsafe');
  const urls = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url]) => url ?? '');
  expect(urls).toHaveLength(5);
  for (const url of urls) {
    expect(url).toMatch(/^\//);
    expect([url, (await get(api, url)).statusCode]).toEqual([url, 200]);
  }
});

test('/docs gives out no other file', async () => {
  const { api } = await createApi();
  for (const name of ['index.html', '..%2fpackage.json', '../package.json', '%2e%2e%2fpackage.json', 'logo.svg']) {
    expect((await get(api, `/docs/assets/${name}`)).statusCode).toBe(404);
  }
});
