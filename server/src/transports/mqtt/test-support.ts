/** A server with stand-ins for everything behind it, and a client that sends what real clients refuse to send. */
import 'reflect-metadata';
import { createConnection, type Socket } from 'node:net';
import { PemConverter, SubjectAlternativeNameExtension, X509CertificateGenerator } from '@peculiar/x509';
import mqttPacket, { type Packet } from 'mqtt-packet';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { FakeClock } from '../../../test/fake-clock.ts';
import { noDeviceTokens } from '../../../test/no-device-tokens.ts';
import type { AttributeScope, Attributes, AttributeValue } from '../../attributes/attributes.ts';
import type { Arrival, DeviceIdentity, Gate, GateAnswer, MqttCredentials } from '../../credentials/gate.ts';
import type { Acknowledge, Ingest } from '../../ingest/ingest.ts';
import { createMetrics, type Metrics } from '../../metrics.ts';
import type { Provisioner, ProvisionOutcome } from '../../provisioning/provisioning.ts';
import type { DeviceSession, Sessions } from '../../sessions/sessions.ts';
import type { ProtocolVersion } from './codec/packets.ts';
import type { MqttLimits } from './limits.ts';
import { createMqttServer, type MqttListenOptions } from './server.ts';

export function deviceOf(name: string, extra: Partial<DeviceIdentity> = {}): DeviceIdentity {
  return {
    tenantId: 'tenant',
    deviceId: `id of ${name}`,
    deviceName: name,
    isGateway: false,
    credentialsId: `credentials of ${name}`,
    credentialsExpireAt: null,
    policy: { profileId: 'profile', tlsOnly: false, tokenInPath: true, minAuth: 'token', requireNonce: false },
    ...extra,
  };
}

/** Lets in whoever is in `known` by user name; remembers what was shown to it. */
export class FakeGate implements Gate {
  readonly known = new Map<string, GateAnswer>([['token', deviceOf('greenhouse')]]);
  readonly shown: { readonly credentials: MqttCredentials; readonly arrival: Arrival }[] = [];
  /** When set, answers come when this has resolved. */
  delay: Promise<unknown> | undefined;

  byAccessToken(): GateAnswer {
    return { refused: 'invalid_credentials' };
  }

  byMqttConnect(credentials: MqttCredentials, arrival: Arrival): GateAnswer | Promise<GateAnswer> {
    this.shown.push({ credentials, arrival });
    const answer = this.known.get(credentials.username ?? '') ?? { refused: 'invalid_credentials' };
    return this.delay === undefined ? answer : this.delay.then(() => answer);
  }
}

export interface TakenUplink {
  readonly kind: 'telemetry' | 'attributes';
  readonly device: string;
  readonly text: string;
  readonly acknowledge: Acknowledge;
}

/** Keeps what it gets. Nothing is acknowledged before the test says so, unless `commitsAtOnce`. */
export class FakeIngest implements Ingest {
  readonly taken: TakenUplink[] = [];
  commitsAtOnce = false;
  saturated = false;
  readonly #whenDrained: (() => void)[] = [];

  telemetry(device: DeviceIdentity, payload: Uint8Array, acknowledge: Acknowledge, start = 0, end?: number): void {
    this.#take('telemetry', device, payload.subarray(start, end), acknowledge);
  }

  attributes(device: DeviceIdentity, payload: Uint8Array, acknowledge: Acknowledge): void {
    this.#take('attributes', device, payload, acknowledge);
  }

  #take(kind: TakenUplink['kind'], device: DeviceIdentity, payload: Uint8Array, acknowledge: Acknowledge): void {
    this.taken.push({ kind, device: device.deviceName, text: Buffer.from(payload).toString(), acknowledge });
    if (this.commitsAtOnce) acknowledge(undefined);
  }

  whenDrained(callback: () => void): void {
    this.#whenDrained.push(callback);
  }

  drain(): void {
    this.saturated = false;
    for (const callback of this.#whenDrained.splice(0)) callback();
  }
}

/** One session per device, as the interface promises. */
export class FakeSessions implements Sessions {
  readonly byDevice = new Map<string, DeviceSession>();
  readonly ended: DeviceSession[] = [];
  touches = 0;

  async start(): Promise<void> {}
  async stop(): Promise<void> {}

  open(session: DeviceSession): void {
    const older = this.byDevice.get(session.device.deviceId);
    this.byDevice.set(session.device.deviceId, session);
    older?.close('taken_over');
  }

  closed(session: DeviceSession): void {
    if (this.ended.includes(session)) return;
    this.ended.push(session);
    if (this.byDevice.get(session.device.deviceId) === session) this.byDevice.delete(session.device.deviceId);
  }

  of(name: string): DeviceSession {
    const session = this.byDevice.get(`id of ${name}`);
    if (session === undefined) throw new Error(`${name} is not connected`);
    return session;
  }

  wait(): () => void {
    return () => undefined;
  }

  requested(): void {}

  touch(): void {
    this.touches++;
  }

  async activity(): ReturnType<Sessions['activity']> {
    return new Map();
  }

  count(): { mqtt: number } {
    return { mqtt: this.byDevice.size };
  }
}

export class FakeAttributes implements Attributes {
  readonly scopes: Record<AttributeScope, Map<string, AttributeValue>> = {
    client: new Map(),
    shared: new Map(),
    server: new Map(),
  };
  failure: Error | undefined;

  async write(): Promise<void> {}
  async remove(): Promise<string[]> {
    return [];
  }

  async read(_device: unknown, scope: AttributeScope, keys?: readonly string[]): Promise<Map<string, AttributeValue>> {
    if (this.failure !== undefined) throw this.failure;
    return new Map([...this.scopes[scope]].filter(([key]) => keys === undefined || keys.includes(key)));
  }
}

export class FakeProvisioner implements Provisioner {
  readonly asked: { readonly text: string; readonly arrival: Arrival }[] = [];
  outcome: ProvisionOutcome | Promise<ProvisionOutcome> = {
    kind: 'answered',
    body: { credentialsType: 'ACCESS_TOKEN', credentialsValue: 'fresh', status: 'SUCCESS' },
  };

  async handle(payload: Uint8Array, arrival: Arrival): Promise<ProvisionOutcome> {
    this.asked.push({ text: Buffer.from(payload).toString(), arrival });
    return await this.outcome;
  }
}

/** Starts a server that stops when the test has finished. */
export async function startServer(limits: Partial<MqttLimits> = {}, tls?: MqttListenOptions['tls']) {
  const parts = {
    gate: new FakeGate(),
    ingest: new FakeIngest(),
    sessions: new FakeSessions(),
    attributes: new FakeAttributes(),
    provisioner: new FakeProvisioner(),
    metrics: createMetrics(),
    clock: new FakeClock(),
    ...noDeviceTokens,
  };
  const server = createMqttServer({ ...parts, log: pino({ level: 'silent' }), limits });
  const { port, tlsPort } = await server.start({ host: '127.0.0.1', port: 0, ...(tls !== undefined && { tls }) });
  onTestFinished(async () => {
    const stopped = server.stop();
    parts.clock.advance(60_000);
    await stopped;
  });
  return { ...parts, server, port, tlsPort, connect: (version: ProtocolVersion) => RawClient.open(port, version) };
}

/** A certificate for localhost that lasts as long as the test. */
export async function selfSigned(): Promise<{ readonly cert: string; readonly key: string }> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: 'CN=localhost',
    keys,
    signingAlgorithm: algorithm,
    extensions: [new SubjectAlternativeNameExtension([{ type: 'dns', value: 'localhost' }])],
  });
  const key = PemConverter.encode(await crypto.subtle.exportKey('pkcs8', keys.privateKey), 'PRIVATE KEY');
  return { cert: certificate.toString('pem'), key };
}

/** How many rejections were counted under this code. */
export async function rejections(metrics: Metrics, code: string): Promise<number> {
  const { values } = await metrics.rejections.get();
  return values.find((value) => value.labels.code === code && value.labels.where === 'mqtt')?.value ?? 0;
}

type ConnectExtra = Partial<Extract<Packet, { cmd: 'connect' }>>;

/** Bytes out, packets in. */
export class RawClient {
  readonly version: ProtocolVersion;
  readonly socket: Socket;
  readonly #received: (Packet | 'closed')[] = [];
  readonly #waiting: ((packet: Packet | 'closed') => void)[] = [];

  private constructor(socket: Socket, version: ProtocolVersion) {
    this.socket = socket;
    this.version = version;
    const parser = mqttPacket.parser({ protocolVersion: version });
    parser.on('packet', (packet) => this.#arrived(packet));
    parser.on('error', (error) => this.socket.destroy(error));
    socket.on('data', (chunk) => parser.parse(chunk));
    socket.on('close', () => this.#arrived('closed'));
    socket.on('error', () => undefined);
  }

  static open(port: number, version: ProtocolVersion): Promise<RawClient> {
    return new Promise((resolve, reject) => {
      const socket = createConnection({ port, host: '127.0.0.1', noDelay: true }, () =>
        resolve(new RawClient(socket, version)),
      );
      socket.once('error', reject);
      onTestFinished(() => {
        socket.destroy();
      });
    });
  }

  #arrived(packet: Packet | 'closed'): void {
    const waiter = this.#waiting.shift();
    if (waiter === undefined) this.#received.push(packet);
    else waiter(packet);
  }

  /** The next packet, or `closed`. */
  next(): Promise<Packet | 'closed'> {
    const packet = this.#received.shift();
    if (packet !== undefined) return Promise.resolve(packet);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** The packets up to the end of the connection. */
  async untilClosed(): Promise<Packet[]> {
    const packets: Packet[] = [];
    for (;;) {
      const packet = await this.next();
      if (packet === 'closed') return packets;
      packets.push(packet);
    }
  }

  /** Sends in one segment: packets, bytes, or bytes in hex. */
  send(...parts: readonly (Packet | Buffer | string)[]): void {
    this.socket.write(Buffer.concat(parts.map((part) => this.#bytes(part))));
  }

  #bytes(part: Packet | Buffer | string): Buffer {
    if (typeof part === 'string') return Buffer.from(part, 'hex');
    return Buffer.isBuffer(part) ? part : mqttPacket.generate(part, { protocolVersion: this.version });
  }

  /** A CONNECT that shows nothing but its client id. */
  bareConnectPacket(extra: ConnectExtra = {}): Packet {
    return {
      cmd: 'connect',
      protocolVersion: this.version,
      protocolId: this.version === 3 ? 'MQIsdp' : 'MQTT',
      clientId: 'client',
      clean: true,
      keepalive: 60,
      ...extra,
    };
  }

  /** A CONNECT with the token that the gate knows. */
  connectPacket(extra: ConnectExtra = {}): Packet {
    return this.bareConnectPacket({ username: 'token', ...extra });
  }

  /** Connects and expects to be let in. @returns the CONNACK */
  async enter(extra: ConnectExtra = {}): Promise<Packet> {
    this.send(this.connectPacket(extra));
    const connack = await this.next();
    if (connack === 'closed' || connack.cmd !== 'connack') throw new Error('not let in');
    if ((connack.reasonCode ?? connack.returnCode) !== 0) throw new Error(`refused: ${JSON.stringify(connack)}`);
    return connack;
  }

  publishPacket(topic: string, payload: string, messageId?: number): Packet {
    const qos = messageId === undefined ? 0 : 1;
    return {
      cmd: 'publish',
      topic,
      payload,
      qos,
      dup: false,
      retain: false,
      ...(messageId !== undefined && { messageId }),
    };
  }

  publish(topic: string, payload: string, messageId?: number): void {
    this.send(this.publishPacket(topic, payload, messageId));
  }

  /** Subscribes with QoS 1 and expects it to be granted. */
  async subscribe(topic: string, qos: 0 | 1 = 1): Promise<void> {
    this.send(this.subscribePacket([topic], qos));
    const suback = await this.next();
    if (suback === 'closed' || suback.cmd !== 'suback' || suback.granted[0] !== qos) throw new Error('not granted');
  }

  subscribePacket(topics: readonly string[], qos: 0 | 1 | 2 = 1, messageId = 9): Packet {
    return {
      cmd: 'subscribe',
      messageId,
      subscriptions: topics.map((topic) => ({ topic, qos, nl: false, rap: false, rh: 0 })),
    };
  }

  /** Sends PINGREQ and gives what arrives before its answer: proof that nothing else came. */
  async beforePong(): Promise<Packet[]> {
    this.send({ cmd: 'pingreq' });
    const packets: Packet[] = [];
    for (;;) {
      const packet = await this.next();
      if (packet === 'closed') throw new Error('closed');
      if (packet.cmd === 'pingresp') return packets;
      packets.push(packet);
    }
  }
}
