export interface OutboundOptions {
  /** QoS 1 publishes that may be without PUBACK at a time. */
  readonly window: number;
  /** Publishes that may wait for room in the window. */
  readonly maxQueued: number;
  /** After this time without PUBACK the next publish goes out nevertheless; undefined: never. */
  readonly patienceMs: number | undefined;
  write(topic: string, payload: Uint8Array, packetId: number): void;
}

/** QoS 1 publishes to one client: packet identifiers, the window of those in flight, and those that wait for it. */
export class Outbound {
  readonly #options: OutboundOptions;
  /** Packet identifier → when it was sent, ms; oldest first. */
  readonly #inFlight = new Map<number, number>();
  readonly #queue: { readonly topic: string; readonly payload: Uint8Array }[] = [];
  #lastPacketId = 0;

  constructor(options: OutboundOptions) {
    this.#options = options;
  }

  /** @returns false when it was dropped because too many wait already */
  send(topic: string, payload: Uint8Array, nowMs: number): boolean {
    if (this.#inFlight.size < this.#options.window && this.#queue.length === 0) {
      this.#write(topic, payload, nowMs);
      return true;
    }
    if (this.#queue.length >= this.#options.maxQueued) return false;
    this.#queue.push({ topic, payload });
    return true;
  }

  /** An identifier that is not in flight is ignored: MQTT 3 clients may acknowledge twice. */
  acknowledged(packetId: number, nowMs: number): void {
    if (this.#inFlight.delete(packetId)) this.#fillWindow(nowMs);
  }

  /** Gives up waiting for PUBACKs that are overdue. */
  expire(nowMs: number): void {
    if (this.#options.patienceMs === undefined) return;
    for (const [packetId, sentAtMs] of this.#inFlight) {
      if (nowMs - sentAtMs < this.#options.patienceMs) break;
      this.#inFlight.delete(packetId);
    }
    this.#fillWindow(nowMs);
  }

  #fillWindow(nowMs: number): void {
    while (this.#inFlight.size < this.#options.window) {
      const next = this.#queue.shift();
      if (next === undefined) return;
      this.#write(next.topic, next.payload, nowMs);
    }
  }

  #write(topic: string, payload: Uint8Array, nowMs: number): void {
    do this.#lastPacketId = (this.#lastPacketId % 65_535) + 1;
    while (this.#inFlight.has(this.#lastPacketId)); // [MQTT-2.2.1-4]
    this.#inFlight.set(this.#lastPacketId, nowMs);
    this.#options.write(topic, payload, this.#lastPacketId);
  }
}
