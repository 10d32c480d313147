/**
 * The readable API reference at `/docs`: Swagger UI from the installed package, nothing from third parties. Its files
 * are read when somebody asks for them, so they cost nothing at start.
 */
import { createReadStream } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError } from '../errors.ts';
import type { PlatformApi } from '../http/platform-api.ts';

const assetTypes: ReadonlyMap<string, string> = new Map([
  ['swagger-ui.css', 'text/css; charset=utf-8'],
  ['swagger-ui-bundle.js', 'text/javascript; charset=utf-8'],
  ['favicon-32x32.png', 'image/png'],
]);

// Swagger UI brings its icons as data: URLs and sets styles from its script, which needs no permission.
const securityHeaders = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
};

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Gapura API</title>
<link rel="icon" type="image/png" href="/docs/assets/favicon-32x32.png">
<link rel="stylesheet" href="/docs/assets/swagger-ui.css">
</head>
<body>
<noscript>This page needs JavaScript. The description itself is at <a href="/v1/openapi.json">/v1/openapi.json</a>.</noscript>
<main id="reference"></main>
<script src="/docs/assets/swagger-ui-bundle.js"></script>
<script src="/docs/assets/start.js"></script>
</body>
</html>
`;

const startScript = `SwaggerUIBundle({
  url: '/v1/openapi.json',
  dom_id: '#reference',
  deepLinking: true,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  filter: true,
  validatorUrl: null,
});
`;

/** Long enough for a visit, short enough that an update shows. */
const cacheControl = 'public, max-age=3600';

export function registerReferencePage(api: PlatformApi): void {
  const files = join(dirname(fileURLToPath(import.meta.resolve('@fastify/swagger-ui'))), 'static');
  const hide = { schema: { hide: true } };

  api.get('/docs', hide, async (_request, reply) =>
    reply.headers(securityHeaders).type('text/html; charset=utf-8').send(page),
  );
  api.get('/docs/', hide, async (_request, reply) => reply.redirect('/docs', 308));
  api.get('/docs/assets/start.js', hide, async (_request, reply) =>
    reply
      .headers({ ...securityHeaders, 'cache-control': cacheControl })
      .type('text/javascript; charset=utf-8')
      .send(startScript),
  );
  api.get<{ Params: { name: string } }>('/docs/assets/:name', hide, async (request, reply) => {
    // Only files that are named above: nothing of the path reaches the file system.
    const type = assetTypes.get(request.params.name);
    if (type === undefined) throw new AppError('not_found', `There is no ${request.url}.`);
    return reply
      .headers({ ...securityHeaders, 'cache-control': cacheControl })
      .type(type)
      .send(createReadStream(join(files, request.params.name)));
  });
}
