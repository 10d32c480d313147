/**
 * Every topic that means something (reference §1.2). There is no other: this is a device API, not a broker.
 * A new feature joins by an entry here and a handler in `handlers/uplinks.ts`.
 */

/** v1 says JSON at length, v2 as the profile says (JSON), v2/j says JSON. `v2/p`, protobuf, is not spoken. */
export type TopicFamily = 'v1' | 'v2' | 'v2j';

/** What a publish asks for. `id` is the number at the end of its topic. */
export type Route =
  | { readonly kind: 'telemetry' }
  | { readonly kind: 'attributes' }
  | { readonly kind: 'attributes_request'; readonly family: TopicFamily; readonly id: number }
  | { readonly kind: 'rpc_request'; readonly family: TopicFamily; readonly id: number }
  | { readonly kind: 'rpc_response'; readonly family: TopicFamily; readonly id: number }
  | { readonly kind: 'claim' }
  /** A fresh token for a session that began with one. */
  | { readonly kind: 'token' }
  | { readonly kind: 'firmware' }
  | { readonly kind: 'gateway' }
  | { readonly kind: 'protobuf' }
  | { readonly kind: 'unknown' };
export type RouteKind = Route['kind'];

const telemetry: Route = { kind: 'telemetry' };
const attributes: Route = { kind: 'attributes' };
const protobuf: Route = { kind: 'protobuf' };
const gateway: Route = { kind: 'gateway' };
const unknown: Route = { kind: 'unknown' };

const exactRoutes: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['v1/devices/me/telemetry', telemetry],
  ['v2/t', telemetry],
  ['v2/t/j', telemetry],
  ['v2/t/p', protobuf],
  ['v1/devices/me/attributes', attributes],
  ['v2/a', attributes],
  ['v2/a/j', attributes],
  ['v2/a/p', protobuf],
  ['v1/devices/me/claim', { kind: 'claim' }],
  ['v1/devices/me/token', { kind: 'token' }],
]);

type NumberedKind = 'attributes_request' | 'rpc_request' | 'rpc_response';

type Numbered = { readonly kind: NumberedKind; readonly family: TopicFamily } | 'protobuf';

/** Topics that end in a number, by what stands before it. */
const numberedRoutes: ReadonlyMap<string, Numbered> = new Map<string, Numbered>([
  ['v1/devices/me/attributes/request/', { kind: 'attributes_request', family: 'v1' }],
  ['v2/a/req/', { kind: 'attributes_request', family: 'v2' }],
  ['v2/a/req/j/', { kind: 'attributes_request', family: 'v2j' }],
  ['v2/a/req/p/', 'protobuf'],
  ['v1/devices/me/rpc/request/', { kind: 'rpc_request', family: 'v1' }],
  ['v2/r/req/', { kind: 'rpc_request', family: 'v2' }],
  ['v2/r/req/j/', { kind: 'rpc_request', family: 'v2j' }],
  ['v2/r/req/p/', 'protobuf'],
  ['v1/devices/me/rpc/response/', { kind: 'rpc_response', family: 'v1' }],
  ['v2/r/res/', { kind: 'rpc_response', family: 'v2' }],
  ['v2/r/res/j/', { kind: 'rpc_response', family: 'v2j' }],
  ['v2/r/res/p/', 'protobuf'],
]);

const chunkRequest = /^v2\/[fs]w\/request\/\d+\/chunk\/\d+$/;
/** A decimal int as ThingsBoard reads it: at most ten digits, so that it stays exact. */
const decimalId = /^-?\d{1,10}$/;

/** Where a publish of a device goes. */
export function routeOf(topic: string): Route {
  const exact = exactRoutes.get(topic);
  if (exact !== undefined) return exact;
  if (topic.startsWith('v1/gateway/')) return gateway;
  const slash = topic.lastIndexOf('/') + 1;
  const numbered = numberedRoutes.get(topic.slice(0, slash));
  if (numbered !== undefined) {
    const id = topic.slice(slash);
    if (!decimalId.test(id)) return unknown;
    return numbered === 'protobuf' ? protobuf : { ...numbered, id: Number(id) };
  }
  return chunkRequest.test(topic) ? { kind: 'firmware' } : unknown;
}

export const provisionRequestTopic = '/provision/request';
export const provisionResponseTopic = '/provision/response';

/** Filters under which shared attribute updates come; the topic of the update is the filter itself. */
export const attributeUpdateFilters: ReadonlySet<string> = new Set(['v1/devices/me/attributes', 'v2/a', 'v2/a/j']);

/** What a device may subscribe to, compared as text: `+` stands here literally. */
const deviceFilters: ReadonlySet<string> = new Set([
  ...attributeUpdateFilters,
  'v1/devices/me/attributes/response/+',
  'v2/a/res/+',
  'v2/a/res/j/+',
  'v1/devices/me/rpc/request/+',
  'v2/r/req/+',
  'v2/r/req/j/+',
  'v1/devices/me/rpc/response/+',
  'v2/r/res/+',
  'v2/r/res/j/+',
  'v1/gateway/attributes',
  'v1/gateway/attributes/response',
  'v1/gateway/rpc',
  'v1/gateway/disconnect',
  provisionResponseTopic,
  'v2/fw/response/+/chunk/+',
  'v2/sw/response/+/chunk/+',
  'v2/fw/error',
  'v2/sw/error',
  // The official Python and Arduino SDKs subscribe to these; ThingsBoard refuses them and pushes the chunks anyway.
  'v2/fw/response/+',
  'v2/sw/response/+',
]);

/** Known filters that promise protobuf, which nothing here would ever send. */
const protobufFilters: ReadonlySet<string> = new Set(['v2/a/p', 'v2/a/res/p/+', 'v2/r/req/p/+', 'v2/r/res/p/+']);

export function classifyFilter(filter: string, provisioning: boolean): 'granted' | 'protobuf' | 'unknown' {
  if (provisioning) return filter === provisionResponseTopic ? 'granted' : 'unknown';
  if (deviceFilters.has(filter)) return 'granted';
  return protobufFilters.has(filter) ? 'protobuf' : 'unknown';
}

const responsePrefixes = {
  attributes_request: { v1: 'v1/devices/me/attributes/response/', v2: 'v2/a/res/', v2j: 'v2/a/res/j/' },
  rpc_request: { v1: 'v1/devices/me/rpc/response/', v2: 'v2/r/res/', v2j: 'v2/r/res/j/' },
} as const;

/** Where the answer to a request goes, and the filter whose QoS it takes: both of the request's own family. */
export function responseTopic(
  kind: keyof typeof responsePrefixes,
  family: TopicFamily,
  id: number,
): { readonly topic: string; readonly filter: string } {
  const prefix = responsePrefixes[kind][family];
  return { topic: `${prefix}${id}`, filter: `${prefix}+` };
}
