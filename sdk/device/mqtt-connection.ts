/** One MQTT connection without hidden repair: it opens or fails, and when it ends everything unacknowledged fails. */
import { connect, type IClientOptions, type MqttClient } from 'mqtt';

export interface MqttConnectionOptions {
  /** `mqtt://host:1883`, or `mqtts://host:8883`. */
  readonly url: string;
  readonly clientId?: string;
  readonly username?: string;
  readonly password?: string;
  /** 4 is MQTT 3.1.1 (the default), 5 is MQTT 5. */
  readonly protocolVersion?: 4 | 5;
  readonly keepAliveSeconds?: number;
  /** Until the CONNACK, ms. */
  readonly connectTimeoutMs?: number;
  /** For mqtts: the CA that signed the server's certificate (PEM), as `/ca.pem` gives it. */
  readonly ca?: string;
}

/** The connection did not come about or ended. */
export class MqttConnectionError extends Error {
  override readonly name = 'MqttConnectionError';
  /** The CONNACK's code when the server refused; undefined when the network did. */
  readonly refusalCode: number | undefined;

  constructor(message: string, refusalCode?: number, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.refusalCode = refusalCode;
  }
}

export interface MqttConnection {
  /** Resolves with the PUBACK (QoS 1) or when it is written (QoS 0). Rejects when the connection ends before. */
  publish(topic: string, payload: string, qos?: 0 | 1): Promise<void>;
  /** @throws MqttConnectionError when the server does not grant the filter */
  subscribe(filter: string, qos?: 0 | 1): Promise<void>;
  /** Everything that the server publishes to this connection. One listener. */
  onMessage(listener: (topic: string, payload: Buffer) => void): void;
  /** Resolves when the connection has ended, whoever ended it. */
  readonly closed: Promise<void>;
  readonly isOpen: boolean;
  /** Sends DISCONNECT after the acknowledgements that are due. */
  end(): Promise<void>;
  /** Cuts the connection at once, as a lost network does. */
  destroy(): void;
}

/** @throws MqttConnectionError with the CONNACK's code when the server refuses */
export function openMqttConnection(options: MqttConnectionOptions): Promise<MqttConnection> {
  const settings: IClientOptions = {
    clean: true,
    // Repair is the caller's: it knows about back-off, and which messages are worth sending again.
    reconnectPeriod: 0,
    connectTimeout: options.connectTimeoutMs ?? 30_000,
    keepalive: options.keepAliveSeconds ?? 60,
    protocolVersion: options.protocolVersion ?? 4,
    ...(options.clientId !== undefined && { clientId: options.clientId }),
    ...(options.username !== undefined && { username: options.username }),
    ...(options.password !== undefined && { password: options.password }),
    ...(options.ca !== undefined && { ca: options.ca }),
  };
  return new Promise((resolve, reject) => {
    const client = connect(options.url, settings);
    let fault: Error | undefined;
    const closed = new Promise<void>((done) => {
      client.once('close', () => {
        client.end(true); // fails what waits for an acknowledgement
        reject(faultOf(options.url, fault));
        done();
      });
    });
    client.on('error', (error) => {
      fault ??= error;
      if (!client.connected) client.end(true, () => reject(faultOf(options.url, fault)));
    });
    client.once('connect', () => resolve(wrap(client, closed)));
  });
}

function wrap(client: MqttClient, closed: Promise<void>): MqttConnection {
  return {
    closed,
    get isOpen() {
      return client.connected;
    },
    publish(topic, payload, qos = 1) {
      return new Promise((resolve, reject) => {
        if (!client.connected) {
          reject(new MqttConnectionError('The connection has ended.'));
          return;
        }
        client.publish(topic, payload, { qos }, (error) => {
          if (error) reject(error);
          else resolve();
        });
      });
    },
    subscribe(filter, qos = 1) {
      return new Promise((resolve, reject) => {
        client.subscribe(filter, { qos }, (error, granted) => {
          const refused = error ?? (granted?.[0] && granted[0].qos > 2 ? new Error('refused') : undefined);
          if (refused) reject(new MqttConnectionError(`${filter}: ${refused.message}`, undefined, refused));
          else resolve();
        });
      });
    },
    onMessage(listener) {
      client.removeAllListeners('message');
      client.on('message', listener);
    },
    end: () => (client.connected ? client.endAsync() : closed),
    destroy: () => client.stream.destroy(),
  };
}

function faultOf(url: string, fault: Error | undefined): MqttConnectionError {
  const code = fault !== undefined && 'code' in fault && typeof fault.code === 'number' ? fault.code : undefined;
  const reason =
    fault === undefined ? 'the connection was closed' : fault.message || String(Reflect.get(fault, 'code'));
  return new MqttConnectionError(`${url}: ${reason}`, code, fault);
}
