/** How the HTTP device clients send: with fetch anywhere, or with `node-http.ts` where thousands share one process. */

export interface DeviceHttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** JSON text. */
  readonly body?: string;
  /** More headers. */
  readonly headers?: Readonly<Record<string, string>>;
  /** 30 s when absent. */
  readonly timeoutMs?: number;
}

export interface DeviceHttpAnswer {
  readonly status: number;
  readonly body: string;
  /** From the Retry-After header. */
  readonly retryAfterMs?: number;
  /** Another header, by its name in small letters; null or undefined when the answer does not have it. */
  header(name: string): string | null | undefined;
}

export interface DeviceHttp {
  /** Rejects only when no answer came. */
  send(request: DeviceHttpRequest): Promise<DeviceHttpAnswer>;
}

export const deviceTimeoutMs = 30_000;

export function fetchDeviceHttp(send: typeof fetch = globalThis.fetch.bind(globalThis)): DeviceHttp {
  return {
    async send({ method, url, body, headers, timeoutMs }) {
      const answer = await send(url, {
        method,
        signal: AbortSignal.timeout(timeoutMs ?? deviceTimeoutMs),
        headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
        ...(body !== undefined && { body }),
      });
      return deviceAnswer(answer.status, await answer.text(), (name) => answer.headers.get(name));
    },
  };
}

export function deviceAnswer(status: number, body: string, header: DeviceHttpAnswer['header']): DeviceHttpAnswer {
  const seconds = Number(header('retry-after') || Number.NaN);
  return { status, body, header, ...(Number.isFinite(seconds) && { retryAfterMs: seconds * 1000 }) };
}
