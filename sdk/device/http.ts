/** How the HTTP device clients send: with fetch anywhere, or with `node-http.ts` where thousands share one process. */

export interface DeviceHttpRequest {
  readonly method: 'GET' | 'POST';
  readonly url: string;
  /** JSON text. */
  readonly body?: string;
  /** 30 s when absent. */
  readonly timeoutMs?: number;
}

export interface DeviceHttpAnswer {
  readonly status: number;
  readonly body: string;
  /** From the Retry-After header. */
  readonly retryAfterMs?: number;
}

export interface DeviceHttp {
  /** Rejects only when no answer came. */
  send(request: DeviceHttpRequest): Promise<DeviceHttpAnswer>;
}

export const deviceTimeoutMs = 30_000;

export function fetchDeviceHttp(send: typeof fetch = globalThis.fetch.bind(globalThis)): DeviceHttp {
  return {
    async send({ method, url, body, timeoutMs }) {
      const answer = await send(url, {
        method,
        signal: AbortSignal.timeout(timeoutMs ?? deviceTimeoutMs),
        ...(body !== undefined && { body, headers: { 'content-type': 'application/json' } }),
      });
      return deviceAnswer(answer.status, await answer.text(), answer.headers.get('retry-after'));
    },
  };
}

/** @param retryAfter the header's text: seconds */
export function deviceAnswer(status: number, body: string, retryAfter: string | null | undefined): DeviceHttpAnswer {
  const seconds = retryAfter ? Number(retryAfter) : Number.NaN;
  return { status, body, ...(Number.isFinite(seconds) && { retryAfterMs: seconds * 1000 }) };
}
