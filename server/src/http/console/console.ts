/** The console at `/`: the files that `npm run build` left in web/dist, and its page for every address of its own. */
import { hash } from 'node:crypto';
import { createReadStream, type Dirent, readdirSync, readFileSync } from 'node:fs';
import { extname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AppError } from '../../errors.ts';
import type { PlatformApi } from '../platform-api.ts';
import { notBuiltPage } from './not-built-page.ts';

export interface ConsoleOptions {
  /** Where the build is. */
  readonly directory?: string;
  /** Origins of map tiles that the operator has set; nothing else is ever loaded from elsewhere. */
  readonly imageOrigins?: readonly string[];
}

const defaultDirectory = fileURLToPath(new URL('../../../../web/dist', import.meta.url));

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
};

/** Of vite: a name under assets/ holds the hash of its content, so it never changes. */
const immutable = 'public, max-age=31536000, immutable';

interface ConsoleFile {
  readonly path: string;
  readonly type: string;
  readonly cacheControl: string;
  /** Of files that may change under their name. */
  readonly etag: string | undefined;
  readonly hasGzip: boolean;
}

/** Adds `/`, the console's files, and its page for all other addresses that a browser opens. */
export function registerConsole(api: PlatformApi, options: ConsoleOptions = {}): void {
  const directory = options.directory ?? defaultDirectory;
  const files = listFiles(directory);
  const page = files.get('/index.html');
  const headers = securityHeaders(options.imageOrigins ?? []);

  api.get('/*', { config: { access: 'public' }, schema: { hide: true } }, (request, reply) => {
    const path = request.url.split('?', 1)[0] ?? '/';
    const file = files.get(path);
    if (file !== undefined && path !== '/index.html') return sendFile(request, reply, file, headers);
    if (!isPage(path, request)) throw new AppError('not_found', `There is no GET ${request.url}.`);
    if (page !== undefined) return sendFile(request, reply, page, headers);
    return reply
      .code(path === '/' || path === '/setup' ? 200 : 404)
      .headers(headers)
      .type('text/html; charset=utf-8')
      .send(notBuiltPage);
  });
}

/** Whether a person opens this address in a browser: the console's router knows what it is. */
function isPage(path: string, request: FastifyRequest): boolean {
  if (path === '/' || path === '/setup') return true;
  if (path === '/v1' || path.startsWith('/v1/') || path.startsWith('/api/') || path.startsWith('/assets/'))
    return false;
  return request.headers.accept?.includes('text/html') === true;
}

function sendFile(
  request: FastifyRequest,
  reply: FastifyReply,
  file: ConsoleFile,
  headers: Readonly<Record<string, string>>,
): FastifyReply {
  reply.headers(headers).header('cache-control', file.cacheControl);
  if (file.etag !== undefined) {
    reply.header('etag', file.etag);
    if (request.headers['if-none-match'] === file.etag) return reply.code(304).send();
  }
  reply.type(file.type);
  if (!file.hasGzip) return reply.send(createReadStream(file.path));
  reply.header('vary', 'accept-encoding');
  if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(createReadStream(file.path));
  return reply.header('content-encoding', 'gzip').send(createReadStream(`${file.path}.gz`));
}

/** By path in the address. Listed once, so nothing that a request says reaches the file system. */
function listFiles(directory: string): ReadonlyMap<string, ConsoleFile> {
  const entries = readEntries(directory)
    .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
    .map((entry) => join(entry.parentPath, entry.name));
  const all = new Set(entries);
  const files = new Map<string, ConsoleFile>();
  for (const path of entries) {
    const type = types[extname(path)];
    const place = `/${relative(directory, path).split(sep).join('/')}`;
    if (type === undefined || place.startsWith('/.')) continue;
    const isHashed = place.startsWith('/assets/');
    files.set(place, {
      path,
      type,
      cacheControl: isHashed ? immutable : 'no-cache',
      etag: isHashed ? undefined : `"${hash('sha256', readFileSync(path), 'base64url')}"`,
      hasGzip: all.has(`${path}.gz`),
    });
  }
  const icon = files.get('/gapura.svg');
  if (icon !== undefined) files.set('/favicon.ico', icon);
  return files;
}

function readEntries(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { recursive: true, withFileTypes: true });
  } catch {
    return [];
  }
}

/**
 * Scripts, styles and requests of this server alone; no frame, no plug-in, no form that leaves (CSP level 3). `blob:` and
 * `data:` are images that the page made itself: charts to save, pictures of plans.
 */
function securityHeaders(imageOrigins: readonly string[]): Readonly<Record<string, string>> {
  const images = ["'self'", 'data:', 'blob:', ...imageOrigins].join(' ');
  return {
    'content-security-policy': `default-src 'none'; script-src 'self'; style-src 'self'; img-src ${images}; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  };
}
