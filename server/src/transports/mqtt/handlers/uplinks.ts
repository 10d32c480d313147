import type { DeviceIdentity } from '../../../credentials/gate.ts';
import type { Acknowledge } from '../../../ingest/ingest.ts';
import type { Connection } from '../connection.ts';
import type { Route } from '../topics.ts';
import { drop, dropNotServed, settle } from '../verdicts.ts';
import { handleAttributesRequest } from './attributes-request.ts';
import type { Uplink } from './publish.ts';
import { handleRpcRequest } from './rpc-request.ts';
import { mayPublish } from './scope.ts';
import { handleToken } from './token.ts';

/** What becomes of a device's publish, by the route of its topic (reference §1.2). */
export function handleUplink(connection: Connection, device: DeviceIdentity, route: Route, uplink: Uplink): void {
  const { context } = connection;
  if (!mayPublish(connection, route.kind)) {
    context.metrics.rejections.inc({ where: 'mqtt', code: 'insufficient_scope' });
    drop(connection, uplink.pending, 0x87, 'The token does not cover this topic');
    return;
  }
  switch (route.kind) {
    case 'token':
      handleToken(connection, device, uplink);
      return;
    case 'telemetry':
      context.countTelemetry();
      context.ingest.telemetry(device, uplink.bytes, acknowledgeOf(connection, uplink), uplink.start, uplink.end);
      if (context.ingest.saturated) connection.holdUntilDrained();
      return;
    case 'attributes':
      context.countAttributes();
      context.ingest.attributes(device, uplink.payload, acknowledgeOf(connection, uplink));
      if (context.ingest.saturated) connection.holdUntilDrained();
      return;
    case 'attributes_request':
      handleAttributesRequest(connection, device, route, uplink);
      return;
    case 'rpc_request':
      handleRpcRequest(connection, device, route, uplink);
      return;
    case 'rpc_response':
    case 'claim':
    case 'firmware':
      dropNotServed(connection, uplink.pending);
      return;
    case 'gateway':
      handleGateway(connection, device, uplink);
      return;
    case 'protobuf':
      refuseProtobuf(connection, uplink);
      return;
    case 'unknown':
      context.metrics.rejections.inc({ where: 'mqtt', code: 'topic_name_invalid' });
      drop(connection, uplink.pending, 0x90, 'No such topic');
      return;
  }
}

/** One closure for each QoS 1 message and none for QoS 0: that is the hot path. */
function acknowledgeOf(connection: Connection, { pending }: Uplink): Acknowledge {
  return pending === undefined ? connection.unconfirmed : (refusal) => settle(connection, pending, refusal);
}

function handleGateway(connection: Connection, device: DeviceIdentity, { pending }: Uplink): void {
  connection.context.metrics.rejections.inc({ where: 'mqtt', code: device.isGateway ? 'not_served' : 'forbidden' });
  if (!device.isGateway) {
    drop(connection, pending, 0x87, 'The device is not a gateway');
    return;
  }
  if (connection.version === 5) {
    drop(connection, pending, 0x83, 'Gateways are not served yet');
    return;
  }
  // Data that is not kept must not be acknowledged: the gateway holds it until a later version takes it.
  connection.settle(pending, { code: undefined, ending: undefined, detail: undefined });
}

/** `v2/…/p`: JSON only. MQTT 3 cannot be told, so it is treated as a payload that cannot be read. */
function refuseProtobuf(connection: Connection, { pending }: Uplink): void {
  const detail = 'Protobuf is not supported';
  if (connection.version === 5 && pending !== undefined) {
    connection.context.metrics.rejections.inc({ where: 'mqtt', code: 'invalid_payload' });
    drop(connection, pending, 0x83, detail);
    return;
  }
  settle(connection, pending, { code: 'invalid_payload', detail });
}
