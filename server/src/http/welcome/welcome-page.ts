/** The page at `/` until there is a console: set-up, sign-in, who am I. Static files, nothing inline, nothing foreign. */
import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { PlatformApi } from '../platform-api.ts';

const headers = {
  // Scripts, styles and requests of this server alone; no frame, no plug-in, no form that leaves (CSP level 3).
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
  'cache-control': 'no-cache',
};

const files = [
  { paths: ['/', '/setup'], file: 'welcome.html', type: 'text/html; charset=utf-8' },
  { paths: ['/welcome/welcome.js'], file: 'welcome.js', type: 'text/javascript; charset=utf-8' },
  { paths: ['/welcome/words.js'], file: 'words.js', type: 'text/javascript; charset=utf-8' },
  { paths: ['/welcome/welcome.css'], file: 'welcome.css', type: 'text/css; charset=utf-8' },
  { paths: ['/favicon.ico', '/welcome/gapura.svg'], file: 'gapura.svg', type: 'image/svg+xml' },
];

/** The files are small and read once. */
export function registerWelcomePage(api: PlatformApi): void {
  for (const { paths, file, type } of files) {
    const content = readFileSync(new URL(file, import.meta.url));
    const etag = `"${hash('sha256', content, 'base64url')}"`;
    for (const path of paths) {
      api.get(path, { config: { access: 'public' }, schema: { hide: true } }, (request, reply) => {
        reply.headers({ ...headers, etag });
        if (request.headers['if-none-match'] === etag) return reply.code(304).send();
        return reply.type(type).send(content);
      });
    }
  }
}
