import type { Json } from '#contract/common.ts';
import type { AttributeScope } from '../../../attributes/attributes.ts';
import type { DeviceIdentity } from '../../../credentials/gate.ts';
import { accepted } from '../acknowledgements.ts';
import type { Connection } from '../connection.ts';
import { type Route, responseTopic } from '../topics.ts';
import { settle } from '../verdicts.ts';
import { jsonObject } from './json-object.ts';
import type { Uplink } from './publish.ts';

/** Keys that one request may name in a scope: a device has tens, and each is a parameter of a query. */
const maxKeysPerRequest = 1000;

/** Which keys are wanted of each scope; undefined: all of it, empty: none. */
interface Wanted {
  readonly client: readonly string[] | undefined;
  readonly shared: readonly string[] | undefined;
}

/** A device asks for its client and shared attributes (reference §1.2); the answer comes whether it subscribed or not. */
export function handleAttributesRequest(
  connection: Connection,
  device: DeviceIdentity,
  route: Extract<Route, { kind: 'attributes_request' }>,
  { payload, pending }: Uplink,
): void {
  const { context } = connection;
  const wanted = wantedOf(payload);
  if (typeof wanted === 'string') {
    settle(connection, pending, { code: 'invalid_payload', detail: wanted });
    return;
  }
  context.metrics.messages.inc({ transport: 'mqtt', kind: 'attributes_request' });
  connection.readBegins();
  read(connection, device, wanted)
    .then(
      (body) => {
        connection.settle(pending, accepted);
        const { topic, filter } = responseTopic('attributes_request', route.family, route.id);
        connection.publish(topic, Buffer.from(JSON.stringify(body)), connection.subscriptions.get(filter) ?? 1);
      },
      (error: unknown) => {
        context.log.error({ err: error, device: device.deviceId }, 'Attributes could not be read');
        settle(connection, pending, { code: 'storage_unavailable', detail: 'Attributes cannot be read now' });
      },
    )
    .finally(() => connection.readDone())
    .catch((error: unknown) => {
      context.log.error({ err: error }, 'An attribute request could not be answered');
      connection.end('internal_error');
    });
}

/** @returns what is wanted, or what is wrong with the request */
function wantedOf(payload: Buffer): Wanted | string {
  const request = jsonObject(payload);
  if (request === undefined) return 'The request is not a JSON object';
  const client = keysOf(request['clientKeys']);
  const shared = keysOf(request['sharedKeys']);
  if (client === 'invalid' || shared === 'invalid') {
    return `clientKeys and sharedKeys are texts of up to ${maxKeysPerRequest} keys with commas between them`;
  }
  if (client.length === 0 && shared.length === 0) return { client: undefined, shared: undefined };
  return { client, shared };
}

function keysOf(value: unknown): readonly string[] | 'invalid' {
  if (value === undefined || value === null) return [];
  if (typeof value !== 'string') return 'invalid';
  const keys = [...new Set(value.split(',').filter((key) => key !== ''))];
  return keys.length > maxKeysPerRequest ? 'invalid' : keys;
}

async function read(
  connection: Connection,
  device: DeviceIdentity,
  wanted: Wanted,
): Promise<{ [scope: string]: Json }> {
  const body: { [scope: string]: Json } = {};
  for (const scope of ['client', 'shared'] as const) {
    const values = await readScope(connection, device, scope, wanted[scope]);
    // A scope without values is left out.
    if (Object.keys(values).length > 0) body[scope] = values;
  }
  return body;
}

async function readScope(
  { context }: Connection,
  { tenantId, deviceId }: DeviceIdentity,
  scope: AttributeScope,
  keys: readonly string[] | undefined,
): Promise<{ [key: string]: Json }> {
  if (keys?.length === 0) return {};
  const found = await context.attributes.read({ tenantId, deviceId }, scope, keys);
  // Object.fromEntries defines properties, so a key such as __proto__ is an ordinary one.
  return Object.fromEntries([...found].map(([key, { value }]) => [key, value]));
}
