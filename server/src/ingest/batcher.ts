/** Group commit: what arrives while the disk is busy shares the next commit. */
import { KeyNames } from '../telemetry/key-names.ts';
import { MessageBatch } from '../telemetry/message-batch.ts';
import type { Acknowledge } from './ingest.ts';

/** Messages that share a commit. */
export interface Batch {
  readonly messages: MessageBatch;
  /** By message. */
  readonly acknowledges: Acknowledge[];
  /** Of all payloads as they came. */
  bytes: number;
  /** When some of the messages arrived, process time in ms. */
  readonly arrivals: number[];
}

export interface BatcherDeps {
  append(messages: MessageBatch): Promise<void>;
  /** Told of each batch once, with what `append` threw if it did. Must not throw, and not keep the batch. */
  settled(batch: Batch, error: unknown): void;
  /** A batch that has so many takes no more. */
  readonly maxMessages: number;
  readonly maxPoints: number;
  /** Appends under way at once. */
  readonly maxAppends: number;
}

/** Keys that are known by their bytes at most, about 4 MB; then they are learnt anew. */
const maxKeyNames = 20_000;
/** Columns of a batch that one huge message made larger than this are given back. */
const maxSpareCapacity = 4;

export class Batcher {
  readonly #deps: BatcherDeps;
  #keys = new KeyNames();
  /** Full, in their order. */
  #full: Batch[] = [];
  #spare: Batch | undefined;
  #open: Batch = this.#fresh();
  #appends = 0;
  #scheduled = false;

  constructor(deps: BatcherDeps) {
    this.#deps = deps;
  }

  /** Where the next message goes. Put its points there, end it, and say `added`; or drop what was put. */
  get open(): Batch {
    return this.#open;
  }

  /** A message was added. The first one goes at the end of this turn of the event loop, with all that its sockets bring. */
  added(): void {
    const { messages, points } = this.#open.messages;
    if (messages >= this.#deps.maxMessages || points >= this.#deps.maxPoints) this.#close();
    if (this.#scheduled || this.#appends >= this.#deps.maxAppends) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#send();
    });
  }

  #send(): void {
    while (this.#appends < this.#deps.maxAppends) {
      if (this.#full.length === 0 && this.#open.messages.messages > 0) this.#close();
      const batch = this.#full.shift();
      if (batch === undefined) return;
      this.#appends++;
      void this.#append(batch);
    }
  }

  async #append(batch: Batch): Promise<void> {
    let failure: unknown;
    try {
      await this.#deps.append(batch.messages);
    } catch (error) {
      failure = error ?? new Error('The store failed without saying why.');
    }
    this.#appends--;
    // The next batch first: the disk works while this one is acknowledged.
    this.#send();
    this.#deps.settled(batch, failure);
    if (batch.messages.capacity <= maxSpareCapacity * this.#deps.maxPoints) this.#spare = batch;
  }

  #close(): void {
    this.#full.push(this.#open);
    if (this.#keys.size > maxKeyNames) this.#keys = new KeyNames();
    this.#open = this.#fresh();
  }

  #fresh(): Batch {
    const spare = this.#spare;
    this.#spare = undefined;
    if (spare === undefined)
      return { messages: new MessageBatch(this.#keys), acknowledges: [], bytes: 0, arrivals: [] };
    spare.messages.clear(this.#keys);
    spare.acknowledges.length = 0;
    spare.arrivals.length = 0;
    spare.bytes = 0;
    return spare;
  }
}
