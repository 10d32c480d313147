/** One request to the platform API: address, authentication, time limit, retries, errors. Nothing of Node alone. */
import { errorOfAnswer, GapuraError } from './error.ts';

export interface ClientOptions {
  /** Where Gapura answers, e.g. `http://localhost:8080`. In a browser '' is the page's own origin. */
  readonly baseUrl: string;
  /** `gpr_…`. Without it the browser's session cookie speaks. */
  readonly apiKey?: string;
  /** For tests, proxies and cookie jars; the platform's own otherwise. */
  readonly fetch?: typeof fetch;
  /** How long one request may take until its answer begins, ms. */
  readonly timeoutMs?: number;
  /**
   * How often a request is repeated when no answer came, or 429/503. Only requests that can be repeated without harm
   * are: reads, replacements, deletions, and creates (they carry an Idempotency-Key).
   */
  readonly maxRetries?: number;
}

export type Query = Readonly<Record<string, string | number | boolean | readonly string[] | undefined>>;

export interface RequestOptions {
  readonly query?: Query | undefined;
  /** Sent as JSON. */
  readonly json?: unknown;
  /** Sent as it is. Streams are sent once and never repeated. */
  readonly body?: string | Blob | ReadableStream<Uint8Array>;
  readonly contentType?: string;
  /** JSON when absent. */
  readonly accept?: string;
  readonly signal?: AbortSignal | undefined;
  /** A create: gets an Idempotency-Key, so that repeating it makes nothing twice. */
  readonly isCreate?: boolean;
  /** A question too long for an address: a POST that changes nothing, and is repeated as a GET would be. */
  readonly isRead?: boolean;
  /** No time limit: for answers that stream while the request is still being sent. */
  readonly unlimited?: boolean;
}

export interface Requester {
  /** The JSON of a 2xx answer, `undefined` for 204. @throws GapuraError */
  json<T>(method: string, path: string, options?: RequestOptions): Promise<T>;
  /** A 2xx answer whose body has not been read yet. @throws GapuraError */
  raw(method: string, path: string, options?: RequestOptions): Promise<Response>;
  /** The absolute address of a path. */
  url(path: string, query?: Query): URL;
  readonly apiKey: string | undefined;
}

const defaultTimeoutMs = 30_000;
/** A server that asks for a longer pause than this is told to the caller instead of waited for. */
const longestPauseMs = 10_000;
const pageOrigin = (globalThis as { location?: { origin?: string } }).location?.origin;

export function createRequester(options: ClientOptions): Requester {
  const send = options.fetch ?? globalThis.fetch.bind(globalThis);
  const maxRetries = options.maxRetries ?? 2;
  const base = new URL(options.baseUrl === '' ? (pageOrigin ?? 'http://localhost:8080') : options.baseUrl);

  function url(path: string, query: Query = {}): URL {
    const address = new URL(`${base.pathname.replace(/\/$/, '')}${path}`, base);
    for (const [name, value] of Object.entries(query)) {
      if (value === undefined) continue;
      address.searchParams.set(name, Array.isArray(value) ? value.join(',') : String(value));
    }
    return address;
  }

  async function attempt(method: string, path: string, request: RequestOptions, key: string | null): Promise<Response> {
    const headers = new Headers({ accept: request.accept ?? 'application/json' });
    if (options.apiKey !== undefined) headers.set('authorization', `Bearer ${options.apiKey}`);
    if (key !== null) headers.set('idempotency-key', key);
    const body = request.json === undefined ? request.body : JSON.stringify(request.json);
    if (body !== undefined) headers.set('content-type', request.contentType ?? 'application/json');

    const limit = new AbortController();
    const timer = request.unlimited
      ? undefined
      : setTimeout(() => limit.abort(), options.timeoutMs ?? defaultTimeoutMs);
    const signal = request.signal === undefined ? limit.signal : AbortSignal.any([limit.signal, request.signal]);
    const init: RequestInit & { duplex?: 'half' } = { method, headers, signal, credentials: 'same-origin' };
    if (body !== undefined) init.body = body;
    if (body instanceof ReadableStream) init.duplex = 'half';
    let answer: Response;
    try {
      answer = await send(url(path, request.query), init);
    } catch (error) {
      if (request.signal?.aborted)
        throw new GapuraError('aborted', 0, `${method} ${path} was aborted.`, { cause: error });
      const reason = limit.signal.aborted ? 'did not answer in time' : `could not be reached (${causeOf(error)})`;
      throw new GapuraError('connection_failed', 0, `${base.origin} ${reason}.`, { cause: error });
    } finally {
      clearTimeout(timer);
    }
    if (!answer.ok) throw await errorOfAnswer(answer, `${method} ${path}`);
    return answer;
  }

  async function raw(method: string, path: string, request: RequestOptions = {}): Promise<Response> {
    const key = request.isCreate ? randomKey() : null;
    const repeatable = (method !== 'POST' && method !== 'PATCH') || key !== null || request.isRead === true;
    for (let retries = 0; ; retries++) {
      try {
        return await attempt(method, path, request, key);
      } catch (error) {
        const pauseMs = pauseBeforeRetry(error, retries);
        if (!repeatable || retries >= maxRetries || request.body instanceof ReadableStream || pauseMs === null)
          throw error;
        await pause(pauseMs, request.signal);
      }
    }
  }

  return {
    raw,
    async json<T>(method: string, path: string, request?: RequestOptions): Promise<T> {
      const answer = await raw(method, path, request);
      // The server validates its answers against the schemas that these types come from.
      if (answer.status === 204) return undefined as T;
      try {
        return (await answer.json()) as T;
      } catch (error) {
        throw new GapuraError('unexpected_answer', answer.status, `${method} ${path} was not answered with JSON.`, {
          cause: error,
        });
      }
    },
    url,
    apiKey: options.apiKey,
  };
}

/** How long to wait before the same request again, ms; null when repeating would not help. */
function pauseBeforeRetry(error: unknown, retries: number): number | null {
  if (!(error instanceof GapuraError)) return null;
  const worthRepeating =
    error.code === 'connection_failed' || error.code === 'overloaded' || error.code === 'rate_limited';
  if (!worthRepeating) return null;
  const pauseMs = error.retryAfterMs ?? 250 * 2 ** retries * (0.5 + Math.random());
  return pauseMs > longestPauseMs ? null : pauseMs;
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(new GapuraError('aborted', 0, 'The request was aborted.'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    if (signal?.aborted) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}

/** 128 random bits as text. `crypto.randomUUID` is missing on pages that came over plain HTTP. */
function randomKey(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  if (cause instanceof Error) return 'code' in cause ? String(cause.code) : cause.message;
  return error.message;
}
