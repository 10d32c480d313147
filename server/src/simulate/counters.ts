/** What a fleet counts. Everything but `connected` only rises. */
export interface Counters {
  /** Devices that hold credentials. */
  provisioned: number;
  /** Devices that were refused for good. */
  refused: number;
  /** Devices that can send now. */
  connected: number;
  reconnects: number;
  /** Telemetry messages given to the transport. */
  sent: number;
  /** Of those: 200 or PUBACK came back. */
  acknowledged: number;
  /** Of those: refused, or the connection ended first. They may or may not be stored. */
  failed: number;
  /** Turns that a device let pass because it was offline, asked to wait, or had too much unacknowledged. */
  heldBack: number;
}

export function createCounters(): Counters {
  return { provisioned: 0, refused: 0, connected: 0, reconnects: 0, sent: 0, acknowledged: 0, failed: 0, heldBack: 0 };
}

/** Kinds of problems that are remembered; the texts of a hostile server must not fill the memory. */
const maxKinds = 20;

/** Counts what went wrong by its text. */
export class Problems {
  readonly #counts = new Map<string, number>();

  add(text: string): void {
    const count = this.#counts.get(text);
    if (count === undefined && this.#counts.size >= maxKinds) return;
    this.#counts.set(text, (count ?? 0) + 1);
  }

  /** Most frequent first. */
  list(): { text: string; count: number }[] {
    return [...this.#counts].map(([text, count]) => ({ text, count })).sort((a, b) => b.count - a.count);
  }
}
