import type { DeviceIdentity } from '../../credentials/gate.ts';
import type { Means } from '../../sessions/means.ts';
import type { CloseReason, DeviceSession, Downlink } from '../../sessions/sessions.ts';
import type { Connection } from './connection.ts';
import { attributeUpdateFilters } from './topics.ts';

const protocolNames = { 3: 'MQTT 3.1', 4: 'MQTT 3.1.1', 5: 'MQTT 5' } as const;
const meansOf = (secure: boolean): Record<'token' | 'bearer', Means> => ({
  token: Object.freeze({ secure, proof: 'token', isTokenInPath: false }),
  bearer: Object.freeze({ secure, proof: 'bearer', isTokenInPath: false }),
});
const plainMeans = meansOf(false);
const secureMeans = meansOf(true);

/** The connection of a device as the rest of the platform sees it. A class, for there is one for each device. */
export class MqttDeviceSession implements DeviceSession {
  readonly transport = 'mqtt';
  readonly means: Means;
  readonly connectedAt: number;
  readonly #connection: Connection;
  readonly #device: DeviceIdentity;

  constructor(connection: Connection, device: DeviceIdentity, proof: 'token' | 'bearer') {
    this.#connection = connection;
    this.#device = device;
    this.means = (connection.arrival.secure ? secureMeans : plainMeans)[proof];
    this.connectedAt = connection.context.clock.now();
  }

  /** A fresh token may come by another key of the device: the session then ends with that one. */
  get device(): DeviceIdentity {
    const { peer } = this.#connection;
    return peer.kind === 'device' ? peer.device : this.#device;
  }

  get protocol(): DeviceSession['protocol'] {
    return protocolNames[this.#connection.version];
  }

  get address(): string {
    return this.#connection.arrival.address;
  }

  deliver(downlink: Downlink): void {
    switch (downlink.kind) {
      case 'attributes': {
        const subscription = latestOf(this.#connection, attributeUpdateFilters);
        if (subscription === undefined) return;
        const body = Buffer.from(JSON.stringify(downlink.body));
        this.#connection.publish(subscription.filter, body, subscription.qos);
      }
    }
  }

  close(reason: CloseReason): void {
    this.#connection.end(reason);
  }
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
