import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createPlatformApi, type PlatformApi } from '../platform-api.ts';
import { registerConsole } from './console.ts';

const page = '<!doctype html><title>console</title>';
let directory: string;
let api: PlatformApi;

async function serve(from: string): Promise<PlatformApi> {
  const made = await createPlatformApi(
    { log: pino({ level: 'silent' }), authenticate: () => Promise.reject(new Error('nobody')), bodyLimitBytes: 1024 },
    (instance) => registerConsole(instance, { directory: from }),
  );
  return made.api;
}
const get = (url: string, headers: Record<string, string> = {}) =>
  api.inject({ method: 'GET', url, headers: { accept: 'text/html', ...headers } });

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gapura-console-'));
  await mkdir(join(directory, 'assets'));
  await mkdir(join(directory, '.vite'));
  const script = 'console.log(1)';
  await writeFile(join(directory, 'index.html'), page);
  await writeFile(join(directory, 'gapura.svg'), '<svg/>');
  await writeFile(join(directory, 'assets', 'index-abc.js'), script);
  await writeFile(join(directory, 'assets', 'index-abc.js.gz'), gzipSync(script));
  await writeFile(join(directory, '.vite', 'manifest.json'), '{}');
  api = await serve(directory);
});
afterAll(async () => {
  await api.close();
  await rm(directory, { recursive: true });
});

test.each(['/', '/setup', '/devices/123?tab=chart', '/no/such/page'])(
  '%s is the page, for the router to read',
  async (url) => {
    const answer = await get(url);
    expect([answer.statusCode, answer.headers['content-type'], answer.body]).toEqual([
      200,
      'text/html; charset=utf-8',
      page,
    ]);
  },
);

test('the page runs nothing inline and loads nothing foreign', async () => {
  const { headers } = await get('/');
  const policy = String(headers['content-security-policy']);
  expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
  expect(policy).not.toMatch(/unsafe|\*|https?:/);
  expect([headers['x-content-type-options'], headers['referrer-policy'], headers['x-frame-options']]).toEqual([
    'nosniff',
    'no-referrer',
    'DENY',
  ]);
});

test('a file with a hash in its name is kept for good, others are asked for again', async () => {
  expect((await get('/assets/index-abc.js')).headers['cache-control']).toBe('public, max-age=31536000, immutable');
  const first = await get('/');
  expect(first.headers['cache-control']).toBe('no-cache');
  const again = await get('/', { 'if-none-match': String(first.headers.etag) });
  expect([again.statusCode, again.body]).toEqual([304, '']);
});

test('who takes gzip gets the file that was compressed at the build, others the file itself', async () => {
  const packed = await get('/assets/index-abc.js', { 'accept-encoding': 'gzip, br' });
  expect([packed.headers['content-encoding'], packed.headers['content-type']]).toEqual([
    'gzip',
    'text/javascript; charset=utf-8',
  ]);
  expect(packed.rawPayload).toEqual(gzipSync('console.log(1)'));
  const plain = await get('/assets/index-abc.js');
  expect([plain.headers['content-encoding'], plain.headers.vary, plain.body]).toEqual([
    undefined,
    'accept-encoding',
    'console.log(1)',
  ]);
});

test.each(['/v1/nothing', '/api/v2/nothing', '/assets/gone-123.js', '/assets/..%2f..%2fsecret'])(
  '%s is a problem, not the page',
  async (url) => {
    const answer = await get(url);
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([404, 'not_found']);
  },
);

test('a script that asks for what is not there gets a problem, too', async () => {
  expect((await get('/nothing', { accept: '*/*' })).statusCode).toBe(404);
});

test('what begins with a dot is not served', async () => {
  expect((await get('/.vite/manifest.json', { accept: '*/*' })).statusCode).toBe(404);
});

describe('without a build', () => {
  test('the page says how to make one', async () => {
    const bare = await serve(join(directory, 'no-such-place'));
    try {
      const answer = await bare.inject({ method: 'GET', url: '/' });
      expect([answer.statusCode, answer.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
      expect(answer.body).toContain('npm run build');
      expect(answer.body).not.toMatch(/<script|<style| style=/);
    } finally {
      await bare.close();
    }
  });
});
