/**
 * The embedded telemetry store. This is the main thread's end: it packs batches for the storage thread, unpacks its
 * answers, and tells what failed.
 */
import { Worker } from 'node:worker_threads';
import type { FastifyBaseLogger } from 'fastify';
import { AppError, StartupError } from '../../errors.ts';
import type { Clock } from '../../lib/clock.ts';
import type { Metrics } from '../../metrics.ts';
import { createBatchPacker } from '../batch-packer.ts';
import { fromColumns, valueAt } from '../columns.ts';
import { MessageBatch } from '../message-batch.ts';
import type { Answer, CallName, EngineStatus, Fault, Input, Output, ThreadOptions } from '../protocol.ts';
import type { StoreHealth, TelemetryMessage, TelemetryPoint, TelemetryStore } from '../store.ts';

export interface TelemetryEngineDeps {
  /** Of the store; made if need be. */
  readonly directory: string;
  /** A table of points of an earlier version, which is taken over and removed at the start. */
  readonly takeOver?: string;
  /** Points in memory at most, 24 bytes each, and mostly about half of them. */
  readonly headPoints?: number;
  readonly metrics: Pick<
    Metrics,
    'commitSeconds' | 'commitPoints' | 'telemetryHead' | 'telemetryFaults' | 'telemetryLongestStep'
  >;
  readonly log: FastifyBaseLogger;
  readonly clock: Clock;
  /** What is not sealed yet never takes more than this on the disk; without it, as far as the disk goes. */
  readonly maxSizeBytes?: number;
}

/**
 * 12 MB, 24 when points come as fast as the disk takes them. Each of 50,000 series then has ten points when it is sealed,
 * which is where chunks begin to be small.
 */
export const defaultHeadPoints = 1_000_000;
/** Points that wait for their commit at most: about 30 MB. The senders' own limits are far below. */
const waitingPointsLimit = 1_000_000;
/** Questions that wait for their answer at most. */
const waitingCallsLimit = 10_000;
/** A thread that ended by a fault is started again, but not in a tight circle. */
const restartPauseMs = 1000;

interface Waiting {
  readonly points: number;
  resolve(output: unknown): void;
  reject(error: AppError): void;
}

export function createTelemetryEngine(deps: TelemetryEngineDeps): TelemetryStore {
  const thread = new StorageThread(deps);
  return {
    start: () => thread.start(),
    stop: () => thread.stop(),
    append: (messages) => thread.append(messages),
    async latest(devices, keys) {
      const { rows, columns } = await thread.call('latest', { devices, keys });
      const found = new Map<string, TelemetryPoint[]>();
      for (const [i, { device, key }] of rows.entries()) {
        const deviceId = devices[device]?.deviceId ?? '';
        const point = { key, ts: columns.ts[i] ?? 0, value: valueAt(columns, i) };
        const points = found.get(deviceId);
        if (points === undefined) found.set(deviceId, [point]);
        else points.push(point);
      }
      return found;
    },
    async range(query) {
      const series = await thread.call('range', query);
      return new Map(series.map(({ key, columns }) => [key, fromColumns(key, columns)]));
    },
    async aggregate(query) {
      const series = await thread.call('aggregate', query);
      return new Map(series.map(({ key, buckets }) => [key, [...buckets]]));
    },
    async downsample(query) {
      const series = await thread.call('downsample', query);
      return new Map(series.map(({ key, columns }) => [key, fromColumns(key, columns)]));
    },
    deleteRange: (device, keys, fromMs, toMs) => thread.call('deleteRange', { device, keys, fromMs, toMs }),
    deleteDevice: (device) => thread.call('deleteDevice', device),
    retain: (tenantId, beforeMs, devices) => thread.call('retain', { tenantId, beforeMs, devices }),
    stats: async (device) => [...(await thread.call('stats', device))],
    health: () => thread.health,
  };
}

class StorageThread {
  readonly #deps: TelemetryEngineDeps;
  readonly #waiting = new Map<number, Waiting>();
  readonly #packer = createBatchPacker();
  #worker: Worker | undefined;
  #nextId = 1;
  #waitingPoints = 0;
  #startedAtMs = Number.NEGATIVE_INFINITY;
  #running = false;
  /** Whether the last commit failed: told once, not once per message. */
  #failing = false;
  /** Why the last commit failed, while it does. */
  #commitFault: string | undefined;
  #status: EngineStatus = { faults: [], headPoints: 0, damagedParts: 0, dayFiles: 0, longestStepMs: 0 };

  constructor(deps: TelemetryEngineDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    this.#running = true;
    const opened = Promise.withResolvers<Fault | undefined>();
    this.#spawn(opened.resolve);
    const fault = await opened.promise;
    if (fault === undefined) return;
    this.#running = false;
    throw new StartupError(`The telemetry in ${this.#deps.directory} cannot be opened: ${fault.message}.`);
  }

  get health(): StoreHealth {
    const faults = this.#commitFault === undefined ? [] : [`telemetry cannot be stored: ${this.#commitFault}`];
    if (this.#running && this.#worker === undefined) faults.push('the telemetry thread has ended');
    return { faults: [...faults, ...this.#status.faults] };
  }

  /** Appends that were called before are stored; questions that are not answered yet are refused. */
  async stop(): Promise<void> {
    this.#running = false;
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    worker.postMessage('close');
    await ended;
  }

  async append(given: MessageBatch | readonly TelemetryMessage[]): Promise<void> {
    const messages = given instanceof MessageBatch ? given : MessageBatch.of(given);
    const { points } = messages;
    if (points === 0) return;
    this.#admit(points);
    // Only what is sent is packed: the other side has to see every batch.
    await this.#send('append', this.#packer.pack(messages), points);
  }

  async call<Name extends Exclude<CallName, 'append'>>(name: Name, input: Input<Name>): Promise<Output<Name>> {
    this.#admit(0);
    return this.#send(name, input, 0);
  }

  /** The thread runs and has room. @throws AppError */
  #admit(points: number): void {
    if (!this.#running) throw new AppError('storage_unavailable', 'The telemetry store is closed.');
    if (this.#waitingPoints + points > waitingPointsLimit || this.#waiting.size >= waitingCallsLimit) {
      throw new AppError('overloaded', 'Too much waits for the telemetry store.', { retryAfterMs: 1000 });
    }
    if (this.#worker !== undefined) return;
    if (this.#deps.clock.now() - this.#startedAtMs < restartPauseMs) {
      throw new AppError('storage_unavailable', undefined, { retryAfterMs: restartPauseMs });
    }
    this.#spawn(() => {});
  }

  #send<Name extends CallName>(name: Name, input: Input<Name>, points: number): Promise<Output<Name>> {
    const { promise, resolve, reject } = Promise.withResolvers<Output<Name>>();
    const id = this.#nextId++;
    this.#waitingPoints += points;
    // The thread answers each call with the output of its name.
    this.#waiting.set(id, { points, resolve: resolve as (output: unknown) => void, reject });
    this.#worker?.postMessage({ id, name, input });
    return promise;
  }

  #spawn(opened: (fault: Fault | undefined) => void): void {
    this.#startedAtMs = this.#deps.clock.now();
    const { directory, headPoints = defaultHeadPoints, maxSizeBytes, takeOver } = this.#deps;
    const worker = new Worker(new URL('./thread.ts', import.meta.url), {
      name: 'telemetry',
      workerData: { path: directory, headPoints, maxSizeBytes, takeOver } satisfies ThreadOptions,
    });
    this.#worker = worker;
    this.#packer.reset();
    worker.on('message', (answer: Answer) => {
      if (answer.kind === 'opened') opened(answer.fault);
      else this.#take(answer);
    });
    worker.on('error', (error) => {
      this.#deps.log.error({ err: error }, 'the telemetry thread failed');
      opened({ message: error.message, errcode: 0 });
    });
    worker.on('exit', () => {
      this.#worker = undefined;
      opened({ message: 'its thread ended', errcode: 0 });
      for (const id of [...this.#waiting.keys()]) {
        this.#settle(id, (waiting) => waiting.reject(new AppError('storage_unavailable')));
      }
    });
  }

  #take(answer: Exclude<Answer, { kind: 'opened' }>): void {
    switch (answer.kind) {
      case 'committed':
        this.#noteCommit(answer);
        for (const id of answer.ids) {
          this.#settle(id, (waiting) => {
            if (answer.fault === undefined) waiting.resolve(undefined);
            else waiting.reject(toUnavailable(answer.fault));
          });
        }
        return;
      case 'answered':
        this.#settle(answer.id, (waiting) => waiting.resolve(answer.output));
        return;
      case 'noted':
        this.#deps.log[answer.level](answer.text);
        return;
      case 'status':
        this.#status = answer.status;
        this.#deps.metrics.telemetryHead.set(answer.status.headPoints);
        this.#deps.metrics.telemetryLongestStep.set(answer.status.longestStepMs / 1000);
        this.#deps.metrics.telemetryFaults.set(answer.status.faults.length + (this.#failing ? 1 : 0));
        return;
      case 'failed':
        this.#deps.log.error({ fault: answer.fault }, 'a telemetry query failed');
        this.#settle(answer.id, (waiting) => waiting.reject(toUnavailable(answer.fault)));
    }
  }

  #noteCommit({ fault, points, seconds }: Extract<Answer, { kind: 'committed' }>): void {
    const { log, metrics } = this.#deps;
    if (fault === undefined) {
      metrics.commitSeconds.observe(seconds);
      metrics.commitPoints.observe(points);
      if (this.#failing) log.info('telemetry is stored again');
    } else if (!this.#failing) {
      log.error({ fault }, 'telemetry cannot be stored');
    }
    if (this.#failing !== (fault !== undefined)) {
      metrics.telemetryFaults.set(this.#status.faults.length + (fault === undefined ? 0 : 1));
    }
    this.#failing = fault !== undefined;
    this.#commitFault = fault?.message;
  }

  #settle(id: number, settle: (waiting: Waiting) => void): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    this.#waitingPoints -= waiting.points;
    settle(waiting);
  }
}

function toUnavailable(fault: Fault): AppError {
  return new AppError('storage_unavailable', `The telemetry store says: ${fault.message}.`, {
    retryAfterMs: 1000,
    cause: fault,
  });
}
