/** How a device asks for its credentials (the device API's `provision`), over HTTP. MQTT: `mqtt-provision.ts`. */
import type { CredentialsType } from '#contract/credentials.ts';
import { type DeviceHttp, fetchDeviceHttp } from './http.ts';

/** The request as it goes over the wire. */
export interface ProvisionRequest {
  readonly provisionDeviceKey: string;
  readonly provisionDeviceSecret: string;
  /** Absent or '': the server makes one up. */
  readonly deviceName?: string;
  /** ACCESS_TOKEN when absent. */
  readonly credentialsType?: CredentialsType;
  /** ACCESS_TOKEN: the token that the device wants; the server makes one when absent. */
  readonly token?: string;
  /** MQTT_BASIC. */
  readonly username?: string;
  readonly password?: string;
  readonly clientId?: string;
  readonly gateway?: boolean;
}

/** The answer as it comes over the wire. */
export type ProvisionAnswer =
  | { readonly status: 'SUCCESS'; readonly credentialsType: 'ACCESS_TOKEN'; readonly credentialsValue: string }
  | {
      readonly status: 'SUCCESS';
      readonly credentialsType: 'MQTT_BASIC';
      readonly credentialsValue: {
        readonly clientId: string | null;
        readonly userName: string | null;
        readonly password: string | null;
      };
    }
  | { readonly status: 'NOT_FOUND' | 'FAILURE'; readonly errorMsg: string };

/** The server did not answer with an outcome: wrong address, malformed request, too many requests. */
export class ProvisionError extends Error {
  override readonly name = 'ProvisionError';
  /** The HTTP status; 0 over MQTT and when no answer came. */
  readonly status: number;
  readonly retryAfterMs: number | undefined;

  constructor(message: string, status = 0, retryAfterMs?: number, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * @param baseUrl e.g. `http://localhost:8080`
 * @returns the outcome; a refusal (NOT_FOUND, FAILURE) is an answer, not an error
 * @throws ProvisionError when there is no outcome
 */
export async function provisionOverHttp(
  baseUrl: string,
  request: ProvisionRequest,
  http: DeviceHttp = fetchDeviceHttp(),
): Promise<ProvisionAnswer> {
  const answer = await http
    .send({ method: 'POST', url: `${baseUrl.replace(/\/$/, '')}/api/v1/provision`, body: JSON.stringify(request) })
    .catch((error: unknown) => {
      throw new ProvisionError(`${baseUrl} could not be reached.`, 0, undefined, error);
    });
  if (answer.status !== 200) {
    throw new ProvisionError(
      `Provisioning was answered with ${answer.status}: ${answer.body.slice(0, 200)}`,
      answer.status,
      answer.retryAfterMs,
    );
  }
  return parseProvisionAnswer(answer.body);
}

/** @throws ProvisionError when the text is no answer to a provisioning request */
export function parseProvisionAnswer(text: string): ProvisionAnswer {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!isProvisionAnswer(value)) throw new ProvisionError(`This is no provisioning answer: ${text.slice(0, 200)}`);
  return value;
}

function isProvisionAnswer(value: unknown): value is ProvisionAnswer {
  if (typeof value !== 'object' || value === null || !('status' in value)) return false;
  if (value.status === 'NOT_FOUND' || value.status === 'FAILURE') return true;
  if (value.status !== 'SUCCESS' || !('credentialsType' in value) || !('credentialsValue' in value)) return false;
  if (value.credentialsType === 'ACCESS_TOKEN') return typeof value.credentialsValue === 'string';
  return value.credentialsType === 'MQTT_BASIC' && typeof value.credentialsValue === 'object';
}
