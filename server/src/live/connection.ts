import type { FastifyBaseLogger } from 'fastify';
import type { RawData, WebSocket } from 'ws';
import type { ErrorCode } from '#contract/errors.ts';
import { type LiveSubscribe, liveCloseCodes } from '#contract/live.ts';
import { AppError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import type { Metrics } from '../metrics.ts';
import { readClientMessage } from './messages.ts';
import { Subscription, type SubscriptionDeps } from './subscription.ts';

export interface ConnectionDeps extends SubscriptionDeps {
  readonly metrics: Pick<Metrics, 'rejections'>;
  readonly log: FastifyBaseLogger;
  readonly clock: Clock;
}

/** Updates that come within this time share a frame: quick enough for an eye, and twenty frames a second at most. */
const coalesceMs = 50;
/** Bytes that wait in the socket before updates are coalesced, and below which they are sent again. */
const slowBytes = 1024 * 1024;
const drainedBytes = 64 * 1024;
/** Answers that a client asked for and does not read; beyond that it is cut off. */
const unreadBytesLimit = 8 * 1024 * 1024;
/** A dashboard has tens of widgets. */
const subscriptionsLimit = 100;
/** Messages that wait for the ones before to be answered. */
const waitingMessagesLimit = 256;
/** Characters of those; beyond, the socket is not read until some have been answered. */
const waitingCharsLimit = 512 * 1024;
/** A client that does not answer a ping until the next one is gone. */
const pingPeriodMs = 30_000;

/** One client: its messages are handled one after the other, its updates sent together. */
export class LiveConnection {
  readonly #deps: ConnectionDeps;
  readonly #socket: WebSocket;
  readonly #tenantId: string;
  readonly #subscriptions = new Map<string, Subscription>();
  readonly #cancelPings: () => void;
  /** Resolves when the connection has ended. */
  readonly ended: Promise<void>;
  #cancelFlush: (() => void) | undefined;
  #handling: Promise<void> = Promise.resolve();
  #waitingMessages = 0;
  #waitingChars = 0;
  #isSlow = false;
  #isAlive = true;

  constructor(deps: ConnectionDeps, socket: WebSocket, tenantId: string) {
    this.#deps = deps;
    this.#socket = socket;
    this.#tenantId = tenantId;
    this.#cancelPings = deps.clock.every(pingPeriodMs, () => this.#ping());
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('pong', () => {
      this.#isAlive = true;
    });
    // Frames that break RFC 6455 or are too long: ws closes with 1002, 1007 or 1009 by itself.
    socket.on('error', () => this.#count('invalid_request'));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.ended = promise;
    socket.once('close', () => {
      this.#cancelPings();
      this.#cancelFlush?.();
      for (const subscription of this.#subscriptions.values()) subscription.end();
      this.#subscriptions.clear();
      resolve();
    });
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#waitingMessages >= waitingMessagesLimit) {
      this.#count('rate_limited');
      this.#socket.close(liveCloseCodes.tooManyMessages, 'too many messages');
      return;
    }
    const text = isBinary ? undefined : data.toString();
    const chars = text?.length ?? 0;
    this.#waitingMessages++;
    this.#waitingChars += chars;
    if (this.#waitingChars > waitingCharsLimit) this.#socket.pause();
    this.#handling = this.#handling
      .then(() => this.#handle(text))
      .finally(() => {
        this.#waitingMessages--;
        this.#waitingChars -= chars;
        if (this.#socket.isPaused && this.#waitingChars <= waitingCharsLimit) this.#socket.resume();
      });
  }

  async #handle(text: string | undefined): Promise<void> {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    const message = readClientMessage(text);
    if ('malformed' in message) this.#refuse(message.id, 'invalid_request', message.malformed);
    else if (message.type === 'subscribe') await this.#subscribe(message);
    else this.#unsubscribe(message.id);
  }

  async #subscribe(request: LiveSubscribe): Promise<void> {
    if (this.#subscriptions.has(request.id)) {
      this.#refuse(request.id, 'invalid_request', 'There is a subscription with this id; end it first.');
      return;
    }
    if (this.#subscriptions.size >= subscriptionsLimit) {
      this.#refuse(request.id, 'rate_limited', `A connection has at most ${subscriptionsLimit} subscriptions.`);
      return;
    }
    const subscription = new Subscription(this.#deps, this.#tenantId, request, () => this.#scheduleFlush());
    this.#subscriptions.set(request.id, subscription);
    try {
      const snapshot = await subscription.begin();
      if (snapshot === undefined) return;
      this.#answer(snapshot);
      this.#scheduleFlush();
    } catch (error) {
      this.#subscriptions.delete(request.id);
      const fault = error instanceof AppError ? error : new AppError('internal_error');
      if (fault.status >= 500) this.#deps.log.error({ err: error }, 'a live subscription failed');
      this.#refuse(request.id, fault.code, fault.message);
    }
  }

  #unsubscribe(id: string): void {
    const subscription = this.#subscriptions.get(id);
    if (subscription === undefined) {
      this.#refuse(id, 'not_found', 'There is no subscription with this id.');
      return;
    }
    subscription.end();
    this.#subscriptions.delete(id);
  }

  #refuse(id: string | null, code: ErrorCode, detail: string): void {
    this.#count(code);
    this.#answer(JSON.stringify({ type: 'error', id, code, detail }));
  }

  #answer(frame: string): void {
    if (this.#socket.bufferedAmount > unreadBytesLimit) this.#cutOff();
    else this.#socket.send(frame);
  }

  #scheduleFlush(): void {
    this.#cancelFlush ??= this.#deps.clock.after(coalesceMs, () => this.#flush());
  }

  #flush(): void {
    this.#cancelFlush = undefined;
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#isSlow = this.#socket.bufferedAmount > (this.#isSlow ? drainedBytes : slowBytes);
    const subscriptions = [...this.#subscriptions.values()];
    if (this.#isSlow) {
      if (subscriptions.every((subscription) => subscription.coalesce())) this.#scheduleFlush();
      else this.#cutOff();
      return;
    }
    for (const subscription of subscriptions) {
      const delta = subscription.nextDelta();
      if (delta !== undefined) this.#socket.send(delta);
    }
  }

  #cutOff(): void {
    this.#count('overloaded');
    this.#socket.close(liveCloseCodes.tooSlow, 'the client reads too slowly');
    // The close frame waits behind all that is not read; whoever does not read must not keep it in memory.
    this.#deps.clock.after(1000, () => this.#socket.terminate());
  }

  #ping(): void {
    if (!this.#isAlive) {
      this.#socket.terminate();
      return;
    }
    this.#isAlive = false;
    this.#socket.ping();
  }

  #count(code: ErrorCode): void {
    this.#deps.metrics.rejections.inc({ where: 'live', code });
  }
}
