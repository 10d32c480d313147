import type { DeviceIdentity } from '../../credentials/gate.ts';
import { uuidv7 } from '../../lib/uuid.ts';
import type { DeviceSession } from '../../sessions/sessions.ts';
import type { Connection } from './connection.ts';
import { attributeUpdateFilters } from './topics.ts';

const protocolNames = { 3: 'MQTT 3.1', 4: 'MQTT 3.1.1', 5: 'MQTT 5' } as const;

/** The connection of a device as the rest of the platform sees it. */
export function createDeviceSession(
  connection: Connection,
  device: DeviceIdentity,
  proof: 'token' | 'bearer',
): DeviceSession {
  const connectedAt = connection.context.clock.now();
  return {
    id: uuidv7(connectedAt),
    // A fresh token may come by another key of the device: the session then ends with that one.
    get device() {
      return connection.peer.kind === 'device' ? connection.peer.device : device;
    },
    transport: 'mqtt',
    protocol: protocolNames[connection.version],
    address: connection.arrival.address,
    means: { secure: connection.arrival.secure, proof, isTokenInPath: false },
    connectedAt,
    deliver(downlink) {
      switch (downlink.kind) {
        case 'attributes': {
          const subscription = latestOf(connection, attributeUpdateFilters);
          if (subscription === undefined) return;
          connection.publish(subscription.filter, Buffer.from(JSON.stringify(downlink.body)), subscription.qos);
        }
      }
    },
    close(reason) {
      connection.end(reason);
    },
  };
}

/** The latest subscription among these filters: its family is the one that the device speaks (reference §1.2). */
function latestOf(
  connection: Connection,
  filters: ReadonlySet<string>,
): { readonly filter: string; readonly qos: 0 | 1 } | undefined {
  let latest: { filter: string; qos: 0 | 1 } | undefined;
  for (const [filter, qos] of connection.subscriptions) if (filters.has(filter)) latest = { filter, qos };
  return latest;
}
