/** A device that speaks MQTT (Node only). It does not reconnect by itself: `closed` tells, the caller decides. */
import type { Json } from '#contract/common.ts';
import type { Credentials } from '#contract/credentials.ts';
import type { AttributeUpdate, DeviceAttributes, TelemetryPayload } from './http-device.ts';
import { MqttConnectionError, type MqttConnectionOptions, openMqttConnection } from './mqtt-connection.ts';

export interface MqttDevice {
  /** Resolves with the acknowledgement: the data is durable. Rejects when the connection ends before. */
  publishTelemetry(payload: TelemetryPayload): Promise<void>;
  /** Writes attributes of the client scope. */
  publishAttributes(attributes: { readonly [key: string]: Json }): Promise<void>;
  /** All of both scopes when nothing is named. */
  requestAttributes(wanted?: {
    clientKeys?: readonly string[];
    sharedKeys?: readonly string[];
  }): Promise<DeviceAttributes>;
  /** Changes of shared attributes from now on. One listener. */
  onAttributeUpdate(listener: (update: AttributeUpdate) => void): Promise<void>;
  readonly closed: Promise<void>;
  readonly isOpen: boolean;
  /** Leaves politely. */
  end(): Promise<void>;
  /** Cuts the connection at once, as a lost network does. */
  destroy(): void;
}

const attributesTopic = 'v1/devices/me/attributes';
const responsePrefix = `${attributesTopic}/response/`;
const answerTimeoutMs = 30_000;

/** The CONNECT fields that prove these credentials. */
export function mqttIdentity(credentials: Credentials): { clientId?: string; username?: string; password?: string } {
  if (credentials.type === 'ACCESS_TOKEN') return { username: credentials.token };
  if (credentials.type === 'JWT') throw new Error('A JWT is made anew for each connection: give it as the password.');
  const { clientId, userName, password } = credentials;
  return {
    ...(clientId !== undefined && { clientId }),
    ...(userName !== undefined && { username: userName }),
    ...(password !== undefined && { password }),
  };
}

/** @throws MqttConnectionError with the CONNACK's code when the gate refuses */
export async function connectMqttDevice(
  options: Omit<MqttConnectionOptions, 'username' | 'password'>,
  credentials: Credentials,
): Promise<MqttDevice> {
  const connection = await openMqttConnection({ ...options, ...mqttIdentity(credentials) });
  const waiting = new Map<string, (answer: DeviceAttributes) => void>();
  let onUpdate: ((update: AttributeUpdate) => void) | undefined;
  let lastRequest = 0;

  connection.onMessage((topic, payload) => {
    if (topic === attributesTopic) {
      onUpdate?.(JSON.parse(payload.toString('utf8')) as AttributeUpdate);
    } else if (topic.startsWith(responsePrefix)) {
      waiting.get(topic.slice(responsePrefix.length))?.(JSON.parse(payload.toString('utf8')) as DeviceAttributes);
    }
  });

  return {
    publishTelemetry: (payload) => connection.publish('v1/devices/me/telemetry', JSON.stringify(payload)),
    publishAttributes: (attributes) => connection.publish(attributesTopic, JSON.stringify(attributes)),
    async requestAttributes({ clientKeys, sharedKeys } = {}) {
      const id = String(++lastRequest);
      let timer: NodeJS.Timeout | undefined;
      try {
        const answer = new Promise<DeviceAttributes>((resolve, reject) => {
          waiting.set(id, resolve);
          void connection.closed.then(() => reject(new MqttConnectionError('The connection has ended.')));
          timer = setTimeout(() => reject(new Error('The attributes did not come in time.')), answerTimeoutMs);
        });
        const wanted = {
          ...(clientKeys !== undefined && { clientKeys: clientKeys.join(',') }),
          ...(sharedKeys !== undefined && { sharedKeys: sharedKeys.join(',') }),
        };
        const [found] = await Promise.all([
          answer,
          connection.subscribe(`${responsePrefix}+`),
          connection.publish(`${attributesTopic}/request/${id}`, JSON.stringify(wanted)),
        ]);
        return found;
      } finally {
        clearTimeout(timer);
        waiting.delete(id);
      }
    },
    async onAttributeUpdate(listener) {
      onUpdate = listener;
      await connection.subscribe(attributesTopic);
    },
    closed: connection.closed,
    get isOpen() {
      return connection.isOpen;
    },
    end: () => connection.end(),
    destroy: () => connection.destroy(),
  };
}
