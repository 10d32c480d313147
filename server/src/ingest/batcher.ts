/** Group commit: what arrives while the disk is busy shares the next commit. */
import type { Clock } from '../lib/clock.ts';
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
  /** So many messages go beside an append that is under way; fewer wait for its end. */
  readonly besideMessages: number;
  readonly clock: Pick<Clock, 'after'>;
}

/**
 * How long a commit waits for as many messages as were acknowledged last: nearly all devices that send again and again
 * do so at once when they are told that their last message is stored. ms
 */
const companyMs = 1;
/** Keys that are known by their bytes at most, about 4 MB, and those of one message more; then they are learnt anew. */
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
  /** Messages that were acknowledged last. */
  #lastMessages = 0;
  #cancelWait: (() => void) | undefined;

  constructor(deps: BatcherDeps) {
    this.#deps = deps;
  }

  /** Where the next message goes. Put its points there, end it, and say `added`; or drop what was put, and say `dropped`. */
  get open(): Batch {
    return this.#open;
  }

  /** A message was added. The first one goes at the end of this turn of the event loop, with all that its sockets bring. */
  added(): void {
    const { messages, points } = this.#open.messages;
    if (messages >= this.#deps.maxMessages || points >= this.#deps.maxPoints || this.#hasManyKeys()) this.#close();
    this.#goOn();
  }

  /** A message was dropped: it leaves no points, but its keys, and whoever sends nothing else would fill the memory. */
  dropped(): void {
    if (!this.#hasManyKeys()) return;
    if (this.#open.messages.messages > 0) {
      this.#close();
      this.#goOn();
      return;
    }
    this.#keys = new KeyNames();
    this.#open.messages.clear(this.#keys);
  }

  #hasManyKeys(): boolean {
    return this.#keys.size > maxKeyNames;
  }

  #goOn(): void {
    if (this.#scheduled || !this.#mayGo()) return;
    if (this.#isInCompany()) this.#sendSoon();
    else this.#cancelWait ??= this.#deps.clock.after(companyMs, () => this.#sendSoon());
  }

  /** Whether what waits may be sent, were it to go at once. */
  #mayGo(): boolean {
    if (this.#appends === 0) return true;
    return this.#appends < this.#deps.maxAppends && this.#isLarge();
  }

  #isLarge(): boolean {
    return this.#full.length > 0 || this.#open.messages.messages >= this.#deps.besideMessages;
  }

  #isInCompany(): boolean {
    return this.#isLarge() || this.#open.messages.messages >= this.#lastMessages;
  }

  #sendSoon(): void {
    this.#stopWaiting();
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#send();
    });
  }

  #stopWaiting(): void {
    this.#cancelWait?.();
    this.#cancelWait = undefined;
  }

  #send(): void {
    while (this.#mayGo()) {
      if (this.#full.length === 0 && this.#open.messages.messages > 0) this.#close();
      const batch = this.#full.shift();
      if (batch === undefined) return;
      this.#stopWaiting();
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
    this.#lastMessages = failure === undefined ? batch.messages.messages : 0;
    // The next batch first: the disk works while this one is acknowledged.
    if (this.#isInCompany()) this.#send();
    this.#deps.settled(batch, failure);
    if (this.#open.messages.messages > 0) this.#goOn();
    if (batch.messages.capacity <= maxSpareCapacity * this.#deps.maxPoints) this.#spare = batch;
  }

  #close(): void {
    this.#full.push(this.#open);
    if (this.#hasManyKeys()) this.#keys = new KeyNames();
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
