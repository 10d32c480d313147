/** Which paths the device API has (reference §1.9); what later versions serve is added here. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { DeviceScope } from '#contract/credentials.ts';
import type { Arrival, DeviceIdentity } from '../../credentials/gate.ts';
import type { SignedGrant } from '../../device-tokens/device-tokens.ts';

/** One request and its answer. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** After the `?`, '' for none. */
  readonly query: string;
  readonly arrival: Arrival;
  /** Set when the request was signed: its body has been read to check that, and its answer is proved. */
  signed?: { readonly grant: SignedGrant; readonly body: Uint8Array };
}

export type DeviceHandler = (exchange: Exchange, device: DeviceIdentity) => void;
export type Methods<T> = ReadonlyMap<string, T>;

export const devicePrefix = '/api/v1/';

export interface DeviceHandlers {
  readonly postTelemetry: DeviceHandler;
  readonly postAttributes: DeviceHandler;
  readonly getAttributes: DeviceHandler;
  readonly pollUpdates: DeviceHandler;
}

/** By the path after `/api/v1/{token}/`. */
export function createDeviceRoutes(handlers: DeviceHandlers): ReadonlyMap<string, Methods<DeviceHandler>> {
  return new Map([
    ['telemetry', new Map([['POST', handlers.postTelemetry]])],
    [
      'attributes',
      new Map([
        ['GET', handlers.getAttributes],
        ['POST', handlers.postAttributes],
      ]),
    ],
    ['attributes/updates', new Map([['GET', handlers.pollUpdates]])],
  ]);
}

/** Which scope a token needs for a path after `/api/v1/`, by its first segment. */
export function scopeOf(path: string): DeviceScope {
  const slash = path.indexOf('/');
  switch (slash === -1 ? path : path.slice(0, slash)) {
    case 'telemetry':
      return 'telemetry';
    case 'rpc':
      return 'rpc';
    case 'firmware':
    case 'software':
      return 'ota';
    default:
      return 'attributes';
  }
}

const notServedPattern = /^(?:rpc(?:\/[^/]*)?|claim|firmware|software)$/;

/** Whether ThingsBoard serves this path (after the token) and Gapura does not yet. */
export const isNotServedYet = (path: string): boolean => notServedPattern.test(path);
