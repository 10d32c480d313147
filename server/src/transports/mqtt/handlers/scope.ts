/** Which scope a token needs for what a session does (docs/reference/device-auth.md). */
import type { DeviceScope } from '#contract/credentials.ts';
import type { Connection } from '../connection.ts';
import type { RouteKind } from '../topics.ts';

const scopeOfRoute: Readonly<Partial<Record<RouteKind, DeviceScope>>> = {
  telemetry: 'telemetry',
  attributes: 'attributes',
  attributes_request: 'attributes',
  claim: 'attributes',
  rpc_request: 'rpc',
  rpc_response: 'rpc',
  firmware: 'ota',
  gateway: 'telemetry',
};

/** Whether the session's token covers a publish; a session without a token may do what the device may. */
export function mayPublish({ scopes }: Connection, kind: RouteKind): boolean {
  const scope = scopes === undefined ? undefined : scopeOfRoute[kind];
  return scope === undefined || scopes?.has(scope) === true;
}

export function maySubscribe({ scopes }: Connection, filter: string): boolean {
  if (scopes === undefined) return true;
  const scope = scopeOfFilter(filter);
  return scope === undefined || scopes.has(scope);
}

function scopeOfFilter(filter: string): DeviceScope | undefined {
  if (/^v1\/devices\/me\/attributes|^v2\/a(?:\/|$)/.test(filter)) return 'attributes';
  if (/^v1\/devices\/me\/rpc|^v2\/r(?:\/|$)/.test(filter)) return 'rpc';
  if (/^v2\/[fs]w\//.test(filter)) return 'ota';
  return filter.startsWith('v1/gateway/') ? 'telemetry' : undefined;
}
