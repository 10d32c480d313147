/** A device that speaks HTTP with an access token in the path. Runs wherever fetch does. */
import type { Json } from '#contract/common.ts';
import { type DeviceHttp, type DeviceHttpAnswer, fetchDeviceHttp } from './http.ts';

/** `{"temperature":21}`, `{"ts":…,"values":{…}}`, or an array of these. */
export type TelemetryPayload = { readonly [key: string]: Json } | readonly { readonly [key: string]: Json }[];

/** What `GET …/attributes` answers; a scope without values is left out. */
export interface DeviceAttributes {
  readonly client?: { readonly [key: string]: Json };
  readonly shared?: { readonly [key: string]: Json };
}

/** Shared attributes that were written, or `deleted` with the names of those that went. */
export type AttributeUpdate = { readonly [key: string]: Json };

/** The gate did not take it. */
export class DeviceRefused extends Error {
  override readonly name = 'DeviceRefused';
  /** The HTTP status: 401 unknown token, 400 malformed, 413 too large, 429 and 503 later. */
  readonly status: number;
  /** The `code` of problem details, for example `insufficient_scope`; undefined when the answer holds none. */
  readonly code: string | undefined;
  readonly retryAfterMs: number | undefined;

  constructor(what: string, answer: DeviceHttpAnswer) {
    super(`${what} was answered with ${answer.status}${answer.body === '' ? '' : `: ${answer.body.slice(0, 200)}`}`);
    this.status = answer.status;
    this.code = problemCode(answer.body);
    this.retryAfterMs = answer.retryAfterMs;
  }
}

export interface HttpDevice {
  /** Resolves when the data is durable. @throws DeviceRefused; another error when no answer came */
  postTelemetry(payload: TelemetryPayload): Promise<void>;
  /** Writes attributes of the client scope. */
  postAttributes(attributes: { readonly [key: string]: Json }): Promise<void>;
  /** All of both scopes when nothing is named. */
  getAttributes(wanted?: { clientKeys?: readonly string[]; sharedKeys?: readonly string[] }): Promise<DeviceAttributes>;
  /** Waits for the next change of shared attributes; undefined when `timeoutMs` passed without one. */
  nextAttributeUpdate(timeoutMs: number): Promise<AttributeUpdate | undefined>;
}

/** What the wait for an answer may take longer than the long poll that it answers, ms. */
const longPollSlackMs = 10_000;

/** Sends one request of the device API and resolves with the body of its 200. @throws DeviceRefused */
export type AskDeviceApi = (
  what: string,
  method: 'GET' | 'POST',
  /** After `/api/v1/`, or after `/api/v1/{token}/`. */
  path: string,
  body?: string,
  timeoutMs?: number,
) => Promise<string>;

/** @param baseUrl e.g. `http://localhost:8080` */
export function createHttpDevice(
  baseUrl: string,
  accessToken: string,
  http: DeviceHttp = fetchDeviceHttp(),
): HttpDevice {
  const base = `${baseUrl.replace(/\/$/, '')}/api/v1/${encodeURIComponent(accessToken)}`;
  return createDeviceCalls(async (what, method, path, body, timeoutMs) => {
    const answer = await http.send({
      method,
      url: `${base}/${path}`,
      ...(body !== undefined && { body }),
      ...(timeoutMs !== undefined && { timeoutMs }),
    });
    if (answer.status !== 200) throw new DeviceRefused(what, answer);
    return answer.body;
  });
}

/** The calls of a device, however it proves who it is. */
export function createDeviceCalls(ask: AskDeviceApi): HttpDevice {
  return {
    async postTelemetry(payload) {
      await ask('Telemetry', 'POST', 'telemetry', JSON.stringify(payload));
    },
    async postAttributes(attributes) {
      await ask('Attributes', 'POST', 'attributes', JSON.stringify(attributes));
    },
    async getAttributes({ clientKeys, sharedKeys } = {}) {
      const query = new URLSearchParams();
      if (clientKeys !== undefined) query.set('clientKeys', clientKeys.join(','));
      if (sharedKeys !== undefined) query.set('sharedKeys', sharedKeys.join(','));
      const text = await ask(
        'The request for attributes',
        'GET',
        query.size === 0 ? 'attributes' : `attributes?${query}`,
      );
      return JSON.parse(text) as DeviceAttributes;
    },
    async nextAttributeUpdate(timeoutMs) {
      try {
        const path = `attributes/updates?timeout=${timeoutMs}`;
        const text = await ask('The wait for attributes', 'GET', path, undefined, timeoutMs + longPollSlackMs);
        return JSON.parse(text) as AttributeUpdate;
      } catch (error) {
        if (error instanceof DeviceRefused && error.status === 408) return undefined;
        throw error;
      }
    },
  };
}

/** The `code` of a text that is problem details (RFC 9457). */
export function problemCode(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && 'code' in value && typeof value.code === 'string') {
      return value.code;
    }
  } catch {
    // Not every refusal has a body.
  }
  return undefined;
}
