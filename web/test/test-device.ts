/** A device as its maker built it: it speaks MQTT by a foreign client, and knows what was written down for it. */
import { connectAsync, type MqttClient } from 'mqtt';

export interface TestDevice {
  /** Resolves when Gapura has acknowledged the values. */
  send(values: Readonly<Record<string, unknown>>): Promise<void>;
  /** What it was told of shared attributes since, oldest first. */
  readonly told: readonly unknown[];
  leave(): Promise<void>;
}

/** Comes in by an access token, and listens to its attributes. */
export async function connectDevice(mqttUrl: string, token: string): Promise<TestDevice> {
  const client = await connectAsync(mqttUrl, { username: token, reconnectPeriod: 0 });
  const told: unknown[] = [];
  client.on('message', (_topic, payload) => told.push(JSON.parse(payload.toString())));
  await client.subscribeAsync('v1/devices/me/attributes', { qos: 1 });
  return {
    told,
    async send(values) {
      await client.publishAsync('v1/devices/me/telemetry', JSON.stringify(values), { qos: 1 });
    },
    leave: () => client.endAsync(true),
  };
}

/** What all devices of a fleet carry. */
export interface FleetSecret {
  readonly key: string;
  readonly secret: string;
}

/** Asks for credentials of its own, as a device of a fleet does when it is switched on. @returns its access token */
export async function provisionDevice(mqttUrl: string, name: string, { key, secret }: FleetSecret): Promise<string> {
  const client = await connectAsync(mqttUrl, { username: 'provision', reconnectPeriod: 0 });
  try {
    return await ask(client, { deviceName: name, provisionDeviceKey: key, provisionDeviceSecret: secret });
  } finally {
    await client.endAsync(true);
  }
}

async function ask(client: MqttClient, request: object): Promise<string> {
  await client.subscribeAsync('/provision/response');
  const answered = new Promise<Buffer>((resolve) => client.once('message', (_topic, payload) => resolve(payload)));
  await client.publishAsync('/provision/request', JSON.stringify(request), { qos: 1 });
  const answer = JSON.parse((await answered).toString()) as { status: string; credentialsValue?: string };
  const { status, credentialsValue } = answer;
  if (credentialsValue === undefined) throw new Error(`The device was not let in: ${status}`);
  return credentialsValue;
}
