import type { Ending } from './endings.ts';

/** What becomes of a publish. */
export interface Verdict {
  /** Code of the PUBACK; undefined: none is sent. MQTT 3 clients get a PUBACK without the code. */
  readonly code: number | undefined;
  /** Ends the connection, after the PUBACK if there is one. */
  readonly ending: Ending | undefined;
  /** For whoever debugs the device: the reason string of MQTT 5. */
  readonly detail: string | undefined;
}

export const accepted: Verdict = Object.freeze({ code: 0, ending: undefined, detail: undefined });

/** A QoS 1 publish whose verdict is still open or waits for those of earlier ones. */
export interface PendingPublish {
  readonly packetId: number;
  verdict: Verdict | undefined;
  next: PendingPublish | undefined;
}

/**
 * QoS 1 publishes of one connection in the order in which they came. Verdicts arrive in any order, PUBACKs leave in
 * this one [MQTT-4.6.0-2]. A linked list: an idle connection holds nothing.
 */
export class Acknowledgements {
  #head: PendingPublish | undefined;
  #tail: PendingPublish | undefined;
  #waiting = 0;

  /** How many publishes have had no PUBACK yet. */
  get waiting(): number {
    return this.#waiting;
  }

  add(packetId: number): PendingPublish {
    const pending: PendingPublish = { packetId, verdict: undefined, next: undefined };
    if (this.#tail === undefined) this.#head = pending;
    else this.#tail.next = pending;
    this.#tail = pending;
    this.#waiting++;
    return pending;
  }

  /** The first publish if its verdict is there; it is then out of the list. Call until it returns undefined. */
  takeSettled(): PendingPublish | undefined {
    const head = this.#head;
    if (head?.verdict === undefined) return undefined;
    this.#head = head.next;
    if (head.next === undefined) this.#tail = undefined;
    this.#waiting--;
    return head;
  }
}
