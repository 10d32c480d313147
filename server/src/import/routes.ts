import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import { Type } from 'typebox';
import { ImportEvent, ImportQuery, type ImportRowError, ImportSummary } from '#contract/import.ts';
import { actorOf } from '../audit/actor-of.ts';
import { AppError } from '../errors.ts';
import { type PlatformApi, principalOf } from '../http/platform-api.ts';
import type { Clock } from '../lib/clock.ts';
import type { DeviceImport, ImportEvents } from './import-devices.ts';
import { maxBytes, maxConcurrentImports, maxSummaryErrors } from './limits.ts';
import { importPolicy } from './policy.ts';

const csvTypes = ['text/csv', 'text/tab-separated-values', 'text/plain', 'application/csv'];
const ndjson = 'application/x-ndjson';
const lingerMs = 2000;

export function registerImportRoutes(
  api: PlatformApi,
  deps: { readonly imports: DeviceImport; readonly clock: Clock },
): void {
  let running = 0;

  // A scope of its own: here a body is a stream of CSV, and nothing else is one.
  void api.register(async (plain) => {
    const scope = plain.withTypeProvider<TypeBoxTypeProvider>();
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser(csvTypes, (_request, payload, done) => done(null, payload));

    scope.post(
      '/v1/devices/import',
      {
        config: { access: importPolicy.write },
        schema: {
          tags: ['devices'],
          summary: 'Create devices from a CSV file, sent as the body',
          description:
            'With `Accept: application/x-ndjson` the answer streams while the file is imported, one event a line, the summary last.',
          querystring: ImportQuery,
          // Anything passes: the stream is read by the handler. This is for the description of the API.
          body: {
            content: { 'text/csv': { schema: Type.Any({ description: 'The file; UTF-8, or UTF-16 with its mark' }) } },
          },
          response: {
            200: {
              description: 'What became of the rows',
              content: {
                'application/json': { schema: ImportSummary },
                [ndjson]: { schema: Type.Unsafe<Readable>(ImportEvent) },
              },
            },
          },
        },
      },
      async (request, reply) => {
        const principal = principalOf(request);
        const streams = request.headers.accept?.includes(ndjson) === true;
        if (request.query.credentials === true && !streams) {
          throw new AppError(
            'invalid_request',
            `Credentials are told with "Accept: ${ndjson}" only: a summary is short.`,
          );
        }
        if (!(request.body instanceof Readable)) {
          throw new AppError('invalid_request', 'Send the CSV file as the body, with content-type: text/csv.');
        }
        if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
          throw new AppError('unsupported_media_type', 'Send the file as it is, without Content-Encoding.');
        }
        if (Number(request.headers['content-length'] ?? 0) > maxBytes) {
          void reply.header('connection', 'close');
          throw new AppError('payload_too_large', `The file is larger than ${maxBytes} bytes: import it in parts.`);
        }
        if (running >= maxConcurrentImports) {
          throw new AppError('overloaded', `${running} imports are running; try again when one has ended.`, {
            retryAfterMs: 5000,
          });
        }
        const gone = new AbortController();
        reply.raw.once('close', () => gone.abort());
        reply.raw.once('finish', () => lingerUntilSent(request.raw, deps.clock));
        const end = once(() => running--);
        running++;
        try {
          const events = await deps.imports.begin({
            tenantId: principal.tenantId,
            actor: actorOf(principal, request),
            query: request.query,
            // An import that ends early must leave the socket alone: the answer goes through it.
            source: request.body.iterator({ destroyOnReturn: false }),
            signal: gone.signal,
          });
          if (!streams) return await summarise(events).finally(end);
          return await reply.type(ndjson).send(Readable.from(linesOf(events)).once('close', end));
        } catch (error) {
          end();
          throw error;
        }
      },
    );
  });
}

/**
 * An answer that came before the end of the upload must be read before the socket goes: a client that is still sending
 * gets a moment to see it (nginx calls this a lingering close).
 */
function lingerUntilSent(request: IncomingMessage, clock: Clock): void {
  if (request.complete) return;
  request.resume();
  const cancel = clock.after(lingerMs, () => request.socket.destroy());
  request.once('close', cancel);
}

async function summarise(events: ImportEvents): Promise<ImportSummary> {
  const errors: ImportRowError[] = [];
  for await (const group of events) {
    for (const event of group) {
      if (event.type === 'error' && errors.length < maxSummaryErrors) {
        const { type: _, ...error } = event;
        errors.push(error);
      } else if (event.type === 'summary') {
        const { type: _, ...summary } = event;
        return { ...summary, errors, errorsTruncated: summary.failed > errors.length };
      }
    }
  }
  throw new AppError('request_timeout', 'The client went away.');
}

/** The next batch begins when the lines of the one before have been taken: a slow reader slows the import down. */
async function* linesOf(events: ImportEvents): AsyncGenerator<string> {
  for await (const group of events) yield group.map((event) => `${JSON.stringify(event)}\n`).join('');
}

function once(action: () => void): () => void {
  let isDone = false;
  return () => {
    if (!isDone) action();
    isDone = true;
  };
}
