/** Answers of the device API. */
import type { ErrorCode } from '#contract/errors.ts';
import { toProblem } from '../../http/problem.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Metrics } from '../../metrics.ts';
import { isWorthKeeping } from './body.ts';
import type { Exchange } from './routes.ts';

/** Kept short, so that a client that never stops sending does not keep its socket. */
const drainMs = 2000;
const maxDrainedBytes = 16 * 1024 * 1024;

/** RFC 9110 §11.6.1: what a 401 asks for. */
const challenge = 'Bearer realm="gapura", DeviceJWT realm="gapura"';

const emptyHeaders = { 'content-length': 0 };

/** 200 without a body: the one answer that is sent all the time. */
export function replyDone({ response, signed }: Pick<Exchange, 'response' | 'signed'>): void {
  const headers = signed === undefined ? emptyHeaders : { ...emptyHeaders, ...proofOf(signed, 200, '') };
  response.writeHead(200, headers).end();
}

/** What the answer to a signed request carries besides. */
function proofOf({ grant }: NonNullable<Exchange['signed']>, status: number, body: string): Headers {
  const proof = grant.prove(status, body);
  return {
    ...(proof !== undefined && { 'device-proof': proof }),
    ...(grant.nonce !== undefined && { 'device-nonce': grant.nonce }),
  };
}

type Headers = Readonly<Record<string, string>>;

export interface ProblemExtra {
  readonly retryAfterMs?: number | undefined;
  readonly headers?: Headers;
}

export interface Replies {
  /** @param body '' for none */
  text(exchange: Exchange, status: number, body: string, headers?: Headers): void;
  json(exchange: Exchange, status: number, body: unknown): void;
  /** Problem details (RFC 9457), with the status of the code. */
  problem(exchange: Exchange, code: ErrorCode, detail: string, extra?: ProblemExtra): void;
  /** The same, counted: for what is refused here and not by ingest, which counts itself. */
  refuse(exchange: Exchange, code: ErrorCode, detail: string, extra?: ProblemExtra): void;
  /** An answer with a body of its own that is counted as refusal. */
  count(code: ErrorCode): void;
}

export function createReplies({ clock, metrics }: { clock: Clock; metrics: Pick<Metrics, 'rejections'> }): Replies {
  const replies: Replies = {
    text({ request, response, signed }, status, body, headers = {}) {
      // The client went away: there is nobody to tell.
      if (response.destroyed || response.headersSent) return;
      const proof = signed === undefined ? undefined : proofOf(signed, status, body);
      const all = { 'content-length': String(Buffer.byteLength(body)), ...headers, ...proof };
      if (isWorthKeeping(request)) {
        response.writeHead(status, all).end(body);
        return;
      }
      response.writeHead(status, { ...all, connection: 'close' });
      if (body === '') response.flushHeaders();
      else response.write(body);
      endAfterBody({ request, response }, clock);
    },
    json(exchange, status, body) {
      replies.text(exchange, status, JSON.stringify(body), { 'content-type': 'application/json' });
    },
    problem(exchange, code, detail, { retryAfterMs, headers } = {}) {
      const body = toProblem(code, detail, retryAfterMs === undefined ? {} : { retryAfterMs });
      const all: Record<string, string> = { 'content-type': 'application/problem+json', ...headers };
      if (retryAfterMs !== undefined) all['retry-after'] = toWholeSeconds(retryAfterMs);
      // RFC 9110 §15.5.2: a 401 names a way in.
      if (body.status === 401) all['www-authenticate'] ??= challenge;
      replies.text(exchange, body.status, JSON.stringify(body), all);
    },
    refuse(exchange, code, detail, extra) {
      replies.count(code);
      replies.problem(exchange, code, detail, extra);
    },
    count(code) {
      metrics.rejections.inc({ where: 'device_http', code });
    },
  };
  return replies;
}

/** Retry-After counts in seconds; 0 would ask for a storm. */
const toWholeSeconds = (ms: number): string => String(Math.max(1, Math.ceil(ms / 1000)));

/**
 * All of the answer has gone out, but the socket closes only when the rest of the body has been read over: closing it
 * with unread bytes resets the connection, and the client would lose the answer (RFC 9112 §9.6).
 */
function endAfterBody({ request, response }: Pick<Exchange, 'request' | 'response'>, clock: Clock): void {
  let drainedBytes = 0;
  const end = (): void => {
    cancel();
    response.end();
  };
  const cancel = clock.after(drainMs, end);
  request.on('data', (chunk: Buffer) => {
    drainedBytes += chunk.length;
    if (drainedBytes > maxDrainedBytes) end();
  });
  request.once('end', end).once('close', end).resume();
}
