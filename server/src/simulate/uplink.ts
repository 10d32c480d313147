/** The two ways in which a simulated device sends. */
import type { Json } from '#contract/common.ts';
import type { Credentials } from '#contract/credentials.ts';
import type { DeviceHttp } from '#sdk/device/http.ts';
import { createHttpDevice, DeviceRefused } from '#sdk/device/http-device.ts';
import { MqttConnectionError } from '#sdk/device/mqtt-connection.ts';
import { connectMqttDevice } from '#sdk/device/mqtt-device.ts';
import { provisionOverMqtt } from '#sdk/device/mqtt-provision.ts';
import { type ProvisionAnswer, type ProvisionRequest, provisionOverHttp } from '#sdk/device/provision.ts';

export type TransportName = 'http' | 'mqtt';

type Values = { readonly [key: string]: Json };

/** A way to send that is open. */
export interface Uplink {
  /** Resolves with the acknowledgement. */
  telemetry(tsMs: number, values: Values): Promise<void>;
  attributes(values: Values): Promise<void>;
  /** Resolves when the way is closed; HTTP has none that could close. */
  readonly closed: Promise<void>;
  close(): Promise<void>;
}

export interface Transport {
  readonly name: TransportName;
  /** @throws ProvisionError when there was no outcome */
  provision(request: ProvisionRequest): Promise<ProvisionAnswer>;
  /** @throws when the device is refused or the server is away; `isRefusal` tells which */
  open(credentials: Credentials, clientId: string): Promise<Uplink>;
}

const never = new Promise<void>(() => {});

/** @param baseUrl e.g. `http://localhost:8080` */
export function createHttpTransport(baseUrl: string, http: DeviceHttp): Transport {
  return {
    name: 'http',
    provision: (request) => provisionOverHttp(baseUrl, request, http),
    async open(credentials) {
      if (credentials.type !== 'ACCESS_TOKEN') throw new Error('Over HTTP a device proves itself by an access token.');
      const device = createHttpDevice(baseUrl, credentials.token, http);
      return {
        telemetry: (ts, values) => device.postTelemetry({ ts, values }),
        attributes: (values) => device.postAttributes(values),
        closed: never,
        close: async () => {},
      };
    },
  };
}

/** @param url `mqtt://host:1883` or `mqtts://host:8883` */
export function createMqttTransport(url: string): Transport {
  return {
    name: 'mqtt',
    provision: (request) => provisionOverMqtt({ url }, request),
    async open(credentials, clientId) {
      const device = await connectMqttDevice({ url, clientId }, credentials);
      return {
        telemetry: (ts, values) => device.publishTelemetry({ ts, values }),
        attributes: (values) => device.publishAttributes(values),
        closed: device.closed,
        close: () => device.end(),
      };
    },
  };
}

/** Whether the gate said no to these credentials, so that trying again is of little use. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof DeviceRefused) return error.status === 401 || error.status === 403;
  // CONNACK: bad user name or password, not authorized (3.1.1: 4, 5; MQTT 5: 0x86, 0x87)
  return error instanceof MqttConnectionError && [4, 5, 0x86, 0x87].includes(error.refusalCode ?? 0);
}

/** When the server asked to come back, ms from now. */
export function retryAfterMsOf(error: unknown): number | undefined {
  return error instanceof Error && 'retryAfterMs' in error && typeof error.retryAfterMs === 'number'
    ? error.retryAfterMs
    : undefined;
}
