import type { Socket } from 'node:net';
import type { DeviceScope } from '#contract/credentials.ts';
import type { Arrival, DeviceIdentity } from '../../credentials/gate.ts';
import type { BearerGrant } from '../../device-tokens/device-tokens.ts';
import { skewS } from '../../device-tokens/limits.ts';
import type { Acknowledge } from '../../ingest/ingest.ts';
import type { DeviceSession } from '../../sessions/sessions.ts';
import { Acknowledgements, type PendingPublish, type Verdict } from './acknowledgements.ts';
import type { Cursor } from './codec/cursor.ts';
import { encodeDisconnect, encodePuback, encodePublish, publishBytes } from './codec/encode.ts';
import { Outbox } from './codec/outbox.ts';
import type { ClientTraits, ProtocolVersion } from './codec/packets.ts';
import type { MqttContext } from './context.ts';
import { disconnectCodes, type Ending, isRejection } from './endings.ts';
import { Inlet } from './inlet.ts';
import { Intake } from './intake.ts';
import { Outbound } from './outbound.ts';
import { settle } from './verdicts.ts';

/** Handles one packet; called with the cursor at the first byte behind its fixed header. */
export type PacketHandler = (connection: Connection, header: number, cursor: Cursor) => void;

/** Who is at the other end. */
export type Peer =
  | { readonly kind: 'stranger' }
  | { readonly kind: 'awaiting_gate' }
  | { readonly kind: 'device'; readonly device: DeviceIdentity; readonly session: DeviceSession }
  | { readonly kind: 'provisioning' };

const stranger: Peer = { kind: 'stranger' };
const never = Number.POSITIVE_INFINITY;

/** One client: its bytes, its order, its time. What its packets mean is decided in `handlers/`. */
export class Connection {
  readonly context: MqttContext;
  readonly arrival: Arrival;
  peer: Peer = stranger;
  version: ProtocolVersion = 4;
  /** What its CONNECT said; undefined until it was accepted. */
  client: ClientTraits | undefined;
  /** Topic filter → granted QoS, the latest last. Only known filters come in, so their number bounds it. */
  get subscriptions(): Map<string, 0 | 1> {
    this.#subscriptions ??= new Map();
    return this.#subscriptions;
  }
  /** Among the server's connections. */
  place = -1;
  /** What the token of the session is for; undefined: the session has the rights of the device. */
  scopes: ReadonlySet<DeviceScope> | undefined;
  /** Topics by alias [MQTT-3.3.2-7]; undefined until the client sets one up. */
  topicAliases: string[] | undefined;
  /** Takes ingest's answer to a QoS 0 message: one for all of them. */
  readonly unconfirmed: Acknowledge = (refusal) => {
    if (refusal !== undefined) settle(this, undefined, refusal);
  };

  readonly intake: Intake;

  #subscriptions: Map<string, 0 | 1> | undefined;
  readonly #socket: Socket;
  readonly #inlet: Inlet;
  readonly #out = new Outbox();
  readonly #acknowledgements = new Acknowledgements();
  #outbound: Outbound | undefined;
  #heldForAcknowledgements = false;
  #heldForDisk = false;
  #pendingReads = 0;
  #ended = false;
  #stopping = false;
  #lastReceivedMs: number;
  #allowedSilenceMs = never;
  #silenceEnding: Ending = 'keep_alive_timeout';
  #deadlineMs: number;
  #deadlineEnding: Ending = 'connect_timeout';

  constructor(socket: Socket, arrival: Arrival, context: MqttContext, handle: PacketHandler) {
    const { cursor, limits, log } = context;
    this.#socket = socket;
    this.#inlet = new Inlet(socket, (chunk) => this.received(chunk));
    this.arrival = arrival;
    this.context = context;
    this.intake = new Intake({
      inlet: this.#inlet,
      cursor,
      limits,
      handle: (header) => {
        handle(this, header, cursor);
        if (cursor.fault !== undefined) this.end(cursor.fault.code, cursor.fault.detail);
      },
      refuse: (code, detail) => this.end(code, detail),
      failed: (error) => {
        log.error({ err: error, address: arrival.address }, 'An MQTT packet could not be handled');
        this.end('internal_error');
      },
    });
    this.#lastReceivedMs = context.clock.now();
    this.#deadlineMs = this.#lastReceivedMs + limits.connectTimeoutMs;
  }

  get ended(): boolean {
    return this.#ended;
  }

  // --- what comes in

  /** Called by the inlet, and by the stream with what it had before. */
  received(chunk: Buffer): void {
    if (this.#ended) return;
    this.#lastReceivedMs = this.context.clock.now();
    this.intake.push(chunk);
    if (this.peer.kind === 'device' && !this.ended) this.context.sessions.touch(this.peer.device);
  }

  /** Stops reading while more waits for the disk than may wait. */
  holdUntilDrained(): void {
    if (this.#heldForDisk) return;
    this.#heldForDisk = true;
    this.intake.hold();
    this.context.ingest.whenDrained(() => {
      this.#heldForDisk = false;
      this.intake.release();
    });
  }

  /** Something is read for this client: with too many such, no further packets are taken. Ends with `readDone`. */
  readBegins(): void {
    if (++this.#pendingReads === this.context.limits.maxPendingReads) this.intake.hold();
  }

  readDone(): void {
    if (this.#pendingReads-- === this.context.limits.maxPendingReads) this.intake.release();
  }

  // --- who it is

  /** CONNECT is there and the gate has to look it up: packets wait from now on, and may be of full size. */
  awaitGate(): void {
    this.peer = { kind: 'awaiting_gate' };
    this.intake.startQueueing();
  }

  /**
   * The gate let it in. Write CONNACK first; what waits is handled after this turn.
   * @param keepAliveS 0: only the inactivity limit holds
   */
  welcome(client: ClientTraits, peer: Peer, keepAliveS: number): void {
    const { limits, clock } = this.context;
    this.client = client;
    this.peer = peer;
    // [MQTT-3.1.2-22] one and a half times the keep-alive.
    this.#allowedSilenceMs = keepAliveS > 0 ? keepAliveS * 1500 : limits.inactivityMs;
    this.#silenceEnding = keepAliveS > 0 ? 'keep_alive_timeout' : 'inactive';
    this.#lastReceivedMs = clock.now();
    this.#deadlineMs = never;
    this.intake.takeFullSize();
    this.intake.stopQueueing();
  }

  /** The session goes by this token from now on, until it ends. */
  holdToken({ device, scopes, expiresAtMs }: BearerGrant): void {
    if (this.peer.kind !== 'device') return;
    this.peer = { ...this.peer, device };
    this.scopes = scopes;
    this.setDeadline(expiresAtMs + skewS * 1000, 'token_expired');
  }

  /** Ends the connection at that time, with that reason. */
  setDeadline(atMs: number, ending: Ending): void {
    this.#deadlineMs = atMs;
    this.#deadlineEnding = ending;
  }

  // --- what goes out

  /** Where to append packets; they leave together at the end of this turn. */
  output(): Outbox {
    if (this.#out.length === 0) this.context.flushSoon(this);
    return this.#out;
  }

  flush(): void {
    if (this.#out.length === 0) return;
    const bytes = this.#out.take(this.#socket.writableLength > 0);
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    this.#socket.write(bytes);
    if (this.#socket.writableLength > this.context.limits.maxUnreadBytes && !this.#ended) {
      this.#finish('slow_consumer', undefined);
      this.#socket.destroy();
    }
  }

  /** Sends a publish; QoS 1 within the client's Receive Maximum, and nothing longer than it takes [MQTT-3.1.2-24]. */
  publish(topic: string, payload: Uint8Array, qos: 0 | 1): void {
    const { client, version } = this;
    if (this.#ended || client === undefined) return;
    if (publishBytes(version, topic, payload, qos) > client.maximumPacketSize) {
      this.context.metrics.rejections.inc({ where: 'mqtt', code: 'downlink_too_large' });
    } else if (qos === 0) {
      encodePublish(this.output(), version, topic, payload, 0, 0);
    } else {
      this.#outbound ??= this.#createOutbound(client);
      if (this.#outbound.send(topic, payload, this.context.clock.now())) return;
      this.context.metrics.rejections.inc({ where: 'mqtt', code: 'downlink_dropped' });
    }
  }

  #createOutbound(client: ClientTraits): Outbound {
    const { limits } = this.context;
    return new Outbound({
      window: Math.min(client.receiveMaximum, limits.maxOutboundInFlight),
      maxQueued: limits.maxOutboundQueued,
      patienceMs: client.version === 5 ? undefined : limits.outboundAcknowledgeMs,
      write: (topic, payload, packetId) => encodePublish(this.output(), this.version, topic, payload, 1, packetId),
    });
  }

  /** The client has a QoS 1 publish. */
  acknowledged(packetId: number): void {
    this.#outbound?.acknowledged(packetId, this.context.clock.now());
  }

  // --- verdicts about what came in

  /** A QoS 1 publish came: its PUBACK has its place from now on. */
  expectVerdict(packetId: number): PendingPublish {
    const pending = this.#acknowledgements.add(packetId);
    if (this.#acknowledgements.waiting >= this.context.limits.receiveMaximum && !this.#heldForAcknowledgements) {
      // Clients that ignore Receive Maximum (MQTT.js does) are slowed, not thrown out.
      this.#heldForAcknowledgements = true;
      this.intake.hold();
    }
    return pending;
  }

  /** @param pending undefined: QoS 0, where a verdict can only end the connection */
  settle(pending: PendingPublish | undefined, verdict: Verdict): void {
    if (this.#ended) return;
    if (pending === undefined) {
      if (verdict.ending !== undefined) this.end(verdict.ending, verdict.detail);
      return;
    }
    pending.verdict = verdict;
    for (;;) {
      const settled = this.#acknowledgements.takeSettled();
      if (settled?.verdict === undefined) break;
      this.#carryOut(settled.packetId, settled.verdict);
      if (this.#ended) return;
    }
    const { waiting } = this.#acknowledgements;
    if (waiting === 0 && this.#stopping) this.end('shutting_down');
    else if (this.#heldForAcknowledgements && waiting <= this.context.limits.receiveMaximum / 2) {
      this.#heldForAcknowledgements = false;
      this.intake.release();
    }
  }

  #carryOut(packetId: number, { code, ending, detail }: Verdict): void {
    if (code !== undefined) {
      encodePuback(this.output(), this.version, packetId, code, code === 0 ? undefined : this.#reason(detail));
    }
    if (ending !== undefined) this.end(ending, detail);
  }

  /** A reason string, when the client wants it [MQTT-3.1.2-29] and it fits [MQTT-3.4.2-2]. */
  #reason(detail: string | undefined): string | undefined {
    if (detail === undefined || this.client?.wantsProblemInformation !== true) return undefined;
    // [MQTT-1.5.4-2] no U+0000, which a device may have sent and the detail may quote.
    const text = detail.slice(0, 200).replaceAll('\0', '?');
    return Buffer.byteLength(text) + 16 <= this.client.maximumPacketSize ? text : undefined;
  }

  // --- the end

  /** Ends the connection for a reason of the server; tells an MQTT 5 client which. Safe to call twice. */
  end(ending: Ending, detail?: string): void {
    if (this.#ended) return;
    if (this.version === 5 && this.peer.kind !== 'stranger') {
      encodeDisconnect(this.output(), disconnectCodes[ending], this.#reason(detail));
    }
    this.#finish(ending, detail);
    this.#close();
  }

  /** The client said goodbye, after which it sends nothing. Over TCP that is all: a farewell of ours would not be read. */
  part(): void {
    if (this.arrival.secure || this.#out.length > 0 || this.#socket.writableLength > 0) this.leave();
    else if (!this.#ended) {
      this.#finish(undefined, undefined);
      this.#socket.destroy();
    }
  }

  /** Ends the connection after a refusing CONNACK was written, or because the client said goodbye. */
  leave(): void {
    if (this.#ended) return;
    this.#finish(undefined, undefined);
    this.#close();
  }

  #finish(ending: Ending | undefined, detail: string | undefined): void {
    this.#ended = true;
    this.intake.end();
    if (ending !== undefined) {
      if (isRejection(ending)) this.context.metrics.rejections.inc({ where: 'mqtt', code: ending });
      const device = this.peer.kind === 'device' ? this.peer.device.deviceId : undefined;
      this.context.log.debug({ ending, detail, device, address: this.arrival.address }, 'MQTT connection ended');
    }
    if (this.peer.kind === 'device') this.context.sessions.closed(this.peer.session);
  }

  /** Writes what is left and closes. What still comes is thrown away: a reset would take our last words with it. */
  #close(): void {
    this.flush();
    this.#deadlineMs = this.context.clock.now() + this.context.limits.lingerMs;
    this.#socket.end();
    this.#inlet.resume();
  }

  /** The socket has closed, whoever did it. */
  closed(): void {
    this.#inlet.close();
    if (!this.#ended) this.#finish(undefined, undefined);
  }

  /** Stops reading, and ends with `shutting_down` as soon as all that was taken is acknowledged. */
  stop(): void {
    if (this.#ended) return;
    this.#stopping = true;
    this.intake.hold();
    if (this.#acknowledgements.waiting === 0) this.end('shutting_down');
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Called about once a second for each connection: one timer for all of them. */
  check(nowMs: number): void {
    if (nowMs >= this.#deadlineMs) {
      if (this.#ended) {
        this.destroy();
        return;
      }
      this.end(this.#deadlineEnding);
      return;
    }
    if (this.#ended) return;
    // A client that is not read cannot be blamed for its silence.
    if (this.intake.held) this.#lastReceivedMs = nowMs;
    if (nowMs - this.#lastReceivedMs > this.#allowedSilenceMs) {
      this.end(this.#silenceEnding);
      return;
    }
    if (this.peer.kind === 'device') {
      const expiresAt = this.peer.device.credentialsExpireAt;
      if (expiresAt !== null && nowMs >= expiresAt) {
        this.end('credentials_revoked');
        return;
      }
    }
    this.#outbound?.expire(nowMs);
  }
}
