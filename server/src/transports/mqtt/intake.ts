import type { Cursor, Fault } from './codec/cursor.ts';
import { PacketReader } from './codec/packet-reader.ts';
import type { MqttLimits } from './limits.ts';

export interface IntakeOptions {
  readonly inlet: { pause(): void; resume(): void; isPaused(): boolean };
  readonly cursor: Cursor;
  readonly limits: MqttLimits;
  /** One packet; the cursor stands at the first byte behind its fixed header. */
  handle(header: number): void;
  /** The bytes are not MQTT, or too much waits; nothing is handled after that. */
  refuse(code: Fault['code'] | 'quota_exceeded', detail?: string): void;
  /** Something was thrown while a packet was handled. */
  failed(error: unknown): void;
}

/** From bytes to packets in their order; nothing is read while anybody holds it up. */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #reader: PacketReader;
  /** Packets that came behind CONNECT while the gate thinks. */
  #queue: { readonly header: number; readonly body: Buffer }[] = [];
  #queuedBytes = 0;
  #queueIsFull = false;
  #queueing = false;
  /** How many reasons there are not to read on. */
  #holds = 0;
  #ended = false;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.#reader = new PacketReader(options.limits.maxConnectPacketBytes);
  }

  get held(): boolean {
    return this.#holds > 0;
  }

  push(chunk: Buffer): void {
    this.#reader.push(chunk);
    this.#drain();
  }

  /** From now on packets may be of full size, and wait. */
  startQueueing(): void {
    this.#queueing = true;
    this.takeFullSize();
  }

  takeFullSize(): void {
    this.#reader.maxPacketBytes = this.#options.limits.maxPacketBytes;
  }

  /** What waits is handled after this turn of the event loop, in its order. */
  stopQueueing(): void {
    if (!this.#queueing) return;
    this.#queueing = false;
    if (this.#queueIsFull) this.release();
    this.#queueIsFull = false;
    this.#drainSoon();
  }

  /** Stops reading until `release` was called as often. What was received stays where it is. */
  hold(): void {
    if (this.#holds++ === 0) this.#options.inlet.pause();
  }

  release(): void {
    if (--this.#holds === 0) this.#drainSoon();
  }

  /** Nothing is handled any more. */
  end(): void {
    this.#ended = true;
    this.#queue = [];
  }

  /** Not at once: who releases may be in the middle of another packet, and others want their turn too. */
  #drainSoon(): void {
    if (!this.#ended) setImmediate(() => this.#drain());
  }

  #drain(): void {
    try {
      while (this.#holds === 0 && !this.#ended && this.#takeOne()) {}
    } catch (error) {
      this.#options.failed(error);
    }
    if (this.#ended || this.#holds > 0) return;
    const { fault } = this.#reader;
    if (fault !== undefined && !this.#queueing) this.#options.refuse(fault.code, fault.detail);
    else if (this.#options.inlet.isPaused()) this.#options.inlet.resume();
  }

  /** @returns false when there is no further packet */
  #takeOne(): boolean {
    const { cursor } = this.#options;
    const queued = this.#queueing ? undefined : this.#queue.shift();
    if (queued !== undefined) {
      cursor.reset(queued.body, 0, queued.body.length);
      this.#options.handle(queued.header);
      return true;
    }
    if (!this.#reader.next()) return false;
    const { header, buffer, start, end } = this.#reader;
    if (this.#queueing) {
      this.#enqueue(header, buffer.subarray(start, end));
    } else {
      cursor.reset(buffer, start, end);
      this.#options.handle(header);
    }
    return true;
  }

  #enqueue(header: number, body: Buffer): void {
    const { limits } = this.#options;
    if (this.#queue.length >= limits.maxQueuedPackets) {
      this.#options.refuse('quota_exceeded');
      return;
    }
    this.#queue.push({ header, body });
    this.#queuedBytes += body.length;
    if (this.#queuedBytes > limits.maxQueuedBytes && !this.#queueIsFull) {
      this.#queueIsFull = true;
      this.hold();
    }
  }
}
