import type { DeviceIdentity } from '../../../credentials/gate.ts';
import { accepted } from '../acknowledgements.ts';
import type { Connection } from '../connection.ts';
import { type Route, responseTopic } from '../topics.ts';
import { dropNotServed, settle } from '../verdicts.ts';
import { jsonObject } from './json-object.ts';
import type { Uplink } from './publish.ts';

/** A call from the device. Only the question for the session's limits has an answer yet. */
export function handleRpcRequest(
  connection: Connection,
  device: DeviceIdentity,
  route: Extract<Route, { kind: 'rpc_request' }>,
  uplink: Uplink,
): void {
  const call = jsonObject(uplink.payload);
  if (call === undefined) {
    settle(connection, uplink.pending, { code: 'invalid_payload', detail: 'The call is not a JSON object' });
    return;
  }
  // ThingsBoard answers it on the v1 topic only.
  if (call['method'] !== 'getSessionLimits' || route.family !== 'v1') {
    dropNotServed(connection, uplink.pending);
    return;
  }
  connection.context.metrics.messages.inc({ transport: 'mqtt', kind: 'rpc_request' });
  connection.settle(uplink.pending, accepted);
  const { topic, filter } = responseTopic('rpc_request', route.family, route.id);
  const body = JSON.stringify(sessionLimits(connection, device));
  connection.publish(topic, Buffer.from(body), connection.subscriptions.get(filter) ?? 1);
}

/** As the gateway SDK reads them (reference §1.2); null is no limit. */
function sessionLimits({ context }: Connection, device: DeviceIdentity) {
  const rateLimits = { messages: null, telemetryMessages: null, telemetryDataPoints: null };
  return {
    maxPayloadSize: context.limits.maxPacketBytes,
    maxInflightMessages: context.limits.receiveMaximum,
    rateLimits,
    ...(device.isGateway ? { gatewayRateLimits: rateLimits } : {}),
  };
}
