/** The ingest pipeline: limits → parse and validate → batch → one durable commit → acknowledge → publish. */
import type { Attributes } from '../attributes/attributes.ts';
import type { Bus } from '../bus/bus.ts';
import { subjects } from '../bus/subjects.ts';
import type { DeviceIdentity } from '../credentials/gate.ts';
import { AppError } from '../errors.ts';
import { type Clock, systemClock } from '../lib/clock.ts';
import { LruMap } from '../lib/lru.ts';
import { createRateLimiter, type RateLimiter } from '../lib/rate-limit.ts';
import type { Metrics } from '../metrics.ts';
import type { Sessions } from '../sessions/sessions.ts';
import type { MessageBatch } from '../telemetry/message-batch.ts';
import type { DeviceRef, TelemetryPoint, TelemetryStore } from '../telemetry/store.ts';
import { Backlog } from './backlog.ts';
import { type Batch, Batcher } from './batcher.ts';
import { FaultLog, type Log } from './fault-log.ts';
import type { Acknowledge, Ingest, Refusal } from './ingest.ts';
import { defaultIngestLimits, type IngestLimits, maxRatedDevices } from './limits.ts';
import { parseAttributes } from './parse-attributes.ts';
import { parseTelemetry } from './parse-telemetry.ts';
import { isRefusal } from './refusals.ts';
import { TelemetryScanner } from './scan-telemetry.ts';

export interface IngestDeps {
  readonly store: Pick<TelemetryStore, 'append'>;
  readonly attributes: Pick<Attributes, 'write'>;
  readonly sessions: Pick<Sessions, 'touch'>;
  readonly bus: Pick<Bus, 'hasInterest' | 'hasInterestWithin' | 'publish' | 'subscribe'>;
  readonly metrics: Pick<Metrics, 'points' | 'acknowledgeSeconds' | 'rejections'>;
  readonly clock: Clock;
  readonly log: Log;
  readonly limits?: Partial<IngestLimits>;
}

export interface IngestPipeline extends Ingest {
  /**
   * Stores points that have been validated elsewhere (telemetry written over REST) in the batches of the devices.
   * Resolves after the commit, then publishes them.
   * @throws AppError `overloaded`, `storage_unavailable`, `shutting_down`, each to be tried again
   */
  acceptPoints(device: DeviceRef, points: readonly TelemetryPoint[]): Promise<void>;
  /**
   * Resolves when no commit is under way that began before. After a device was deleted, nothing of it is stored from
   * then on: what is there can be deleted for good.
   */
  committed(): Promise<void>;
  /** Takes nothing more; resolves when all that was taken has been acknowledged. */
  stop(): Promise<void>;
}

/** When to try again after the queue was full or the disk failed: both take about a second to get better. */
const retryAfterMs = 1000;
/** Every so many messages the time to acknowledgement is measured: a histogram costs as much as parsing. */
const sampleEvery = 16;
/** What a point weighs in the books when it did not come as bytes: about its share of a message. */
const bytesPerPoint = 24;

/** Devices that were deleted of late: what of theirs is still under way arrives within seconds. About 1 MB. */
const rememberedDeleted = 10_000;

const overloaded: Refusal = {
  code: 'overloaded',
  detail: 'More waits for the disk than the limit allows; send again later.',
  retryAfterMs,
};
const stopping: Refusal = { code: 'shutting_down', detail: 'Gapura is shutting down; send again later.', retryAfterMs };
const notStored: Refusal = {
  code: 'storage_unavailable',
  detail: 'The storage did not take the data; send again later.',
  retryAfterMs,
};

export function createIngest(deps: IngestDeps): IngestPipeline {
  const { store, attributes, sessions, bus, metrics, clock, log } = deps;
  const limits: IngestLimits = { ...defaultIngestLimits, ...deps.limits };
  const backlog = new Backlog(limits.saturatedAt, limits.refusedAt);
  const telemetryFaults = new FaultLog(log, 'telemetry');
  const attributeFaults = new FaultLog(log, 'attributes');
  const rate = (rules: IngestLimits['deviceMessages']): RateLimiter =>
    createRateLimiter({ clock, limits: rules, maxKeys: maxRatedDevices });
  const messageRate = rate(limits.deviceMessages);
  const pointRate = rate(limits.devicePoints);
  const deleted = new LruMap<string, true>(rememberedDeleted);
  /** Under way; as many as `maxAppends`. */
  const commits = new Set<Promise<void>>();
  let messagesSeen = 0;
  let isStopping = false;

  const unsubscribe = bus.subscribe('devices.*.*', (message) => {
    if (message.kind === 'device.deleted') deleted.set(message.deviceId, true);
  });

  const scanner = new TelemetryScanner(limits);
  const batcher = new Batcher({
    append: appendLiving,
    settled,
    maxAppends: limits.maxAppends,
    // Real time in tests too: whose disk is real waits for it as well.
    clock: systemClock,
    ...limits.batch,
  });

  /**
   * Nobody would ever delete what is stored of a device that is gone, so it goes with the device: its data was deleted a
   * moment before, and this is the last of it.
   */
  async function appendLiving(messages: MessageBatch): Promise<void> {
    const isGone = ({ deviceId }: DeviceRef): boolean => deleted.has(deviceId);
    const living = deleted.size > 0 && messages.devices.some(isGone) ? messages.without(isGone) : messages;
    if (living.messages === 0) return;
    const commit = store.append(living);
    commits.add(commit);
    await commit.finally(() => commits.delete(commit));
  }

  function answer(acknowledge: Acknowledge, refusal: Refusal | undefined): void {
    if (refusal !== undefined) metrics.rejections.inc({ where: 'ingest', code: refusal.code });
    try {
      acknowledge(refusal);
    } catch (error) {
      // One connection's fault is not the others'.
      log.error({ err: error }, 'an acknowledgement failed');
    }
  }

  function settled(batch: Batch, error: unknown): void {
    const { messages, points } = batch.messages;
    const refusal = error === undefined ? undefined : notStored;
    if (error === undefined) telemetryFaults.succeeded();
    else telemetryFaults.failed(error, messages);
    for (const acknowledge of batch.acknowledges) answer(acknowledge, refusal);
    if (refusal === undefined) {
      for (const arrivedAt of batch.arrivals) observe(arrivedAt);
      metrics.points.inc(points);
      // Telemetry that nobody looks at costs nothing further: the name of a subject takes longer than its PUBACK.
      if (bus.hasInterestWithin('telemetry')) publish(batch.messages);
    }
    backlog.leave({ messages, points, bytes: batch.bytes });
  }

  function publish(batch: MessageBatch): void {
    for (const [m, { tenantId, deviceId }] of batch.devices.entries()) {
      const subject = subjects.telemetry(tenantId, deviceId);
      if (bus.hasInterest(subject) && !deleted.has(deviceId))
        bus.publish(subject, { kind: 'telemetry.stored', tenantId, deviceId, points: batch.pointsOf(m) });
    }
  }

  const arrival = (): number | undefined => (messagesSeen++ % sampleEvery === 0 ? performance.now() : undefined);

  function observe(arrivedAt: number | undefined): void {
    if (arrivedAt !== undefined) metrics.acknowledgeSeconds.observe((performance.now() - arrivedAt) / 1000);
  }

  /** What can be said before the payload has been read: nothing is parsed for those who are refused anyway. */
  function refusalBeforeParsing(device: DeviceIdentity, bytes: number): Refusal | undefined {
    if (isStopping) return stopping;
    if (backlog.isFullFor(0, bytes)) return overloaded;
    return tooMany(messageRate.take(device.deviceId), 'messages');
  }

  /** Puts the points of a message into the batch; nearly all come in the form that needs no parsing. */
  function readInto(batch: MessageBatch, payload: Uint8Array, start: number, end: number): Refusal | undefined {
    const nowMs = clock.now();
    if (scanner.scan(asBuffer(payload), start, end, nowMs, batch)) return undefined;
    batch.drop();
    const points = parseTelemetry(payload.subarray(start, end), nowMs, limits);
    if (isRefusal(points)) return points;
    for (const { key, ts, value } of points) batch.putValue(batch.keys.ofText(key), ts, value);
    return undefined;
  }

  function drop(messages: MessageBatch): void {
    messages.drop();
    batcher.dropped();
  }

  /** A message was ended in the open batch. */
  function taken(points: number, bytes: number, acknowledge: Acknowledge, arrivedAt: number | undefined): void {
    const batch = batcher.open;
    batch.acknowledges.push(acknowledge);
    batch.bytes += bytes;
    if (arrivedAt !== undefined) batch.arrivals.push(arrivedAt);
    backlog.enter(points, bytes);
    batcher.added();
  }

  return {
    telemetry(device, payload, acknowledge, start = 0, end = payload.length) {
      sessions.touch(device);
      const bytes = end - start;
      const early = refusalBeforeParsing(device, bytes);
      if (early !== undefined) return answer(acknowledge, early);
      const arrivedAt = arrival();
      const { messages } = batcher.open;
      const fault = readInto(messages, payload, start, end);
      const points = messages.staged;
      if (fault !== undefined || points === 0) {
        drop(messages);
        return answer(acknowledge, fault);
      }
      const late = backlog.isFullFor(points, bytes)
        ? overloaded
        : tooMany(pointRate.take(device.deviceId, points), 'telemetry points');
      if (late !== undefined) {
        drop(messages);
        return answer(acknowledge, late);
      }
      messages.end(device);
      taken(points, bytes, acknowledge, arrivedAt);
    },

    attributes(device, payload, acknowledge) {
      sessions.touch(device);
      const bytes = payload.length;
      const early = refusalBeforeParsing(device, bytes);
      if (early !== undefined) return answer(acknowledge, early);
      const arrivedAt = arrival();
      const parsed = parseAttributes(payload, limits);
      if (isRefusal(parsed)) return answer(acknowledge, parsed);
      const { tenantId, deviceId } = device;
      // Nothing but nulls: there is nothing to keep, and nothing is wrong.
      if (Object.keys(parsed.values).length === 0) return answer(acknowledge, undefined);
      backlog.enter(0, bytes);
      void writeAttributes({ tenantId, deviceId }, parsed.values).then((refusal) => {
        answer(acknowledge, refusal);
        if (refusal === undefined) observe(arrivedAt);
        backlog.leave({ messages: 1, points: 0, bytes });
      });
    },

    acceptPoints({ tenantId, deviceId }, points) {
      const bytes = points.length * bytesPerPoint;
      if (points.length === 0) return Promise.resolve();
      return new Promise((resolve, reject) => {
        const acknowledge: Acknowledge = (refusal) => (refusal === undefined ? resolve() : reject(toError(refusal)));
        if (isStopping) return answer(acknowledge, stopping);
        if (backlog.isFullFor(points.length, bytes)) return answer(acknowledge, overloaded);
        batcher.open.messages.add({ tenantId, deviceId }, points);
        taken(points.length, bytes, acknowledge, undefined);
      });
    },

    get saturated() {
      return backlog.saturated;
    },
    whenDrained: (callback) => backlog.whenDrained(callback),

    async committed() {
      await Promise.allSettled(commits);
    },

    stop() {
      isStopping = true;
      unsubscribe();
      return backlog.whenEmpty();
    },
  };

  async function writeAttributes(
    device: DeviceRef,
    values: Parameters<Attributes['write']>[0]['values'],
  ): Promise<Refusal | undefined> {
    try {
      await attributes.write({ ...device, scope: 'client', values });
      attributeFaults.succeeded();
      return undefined;
    } catch (error) {
      // What the rules of attributes say of this message is the device's to hear; all else is the storage's trouble.
      if (error instanceof AppError && error.status < 500) return toRefusal(error);
      attributeFaults.failed(error, 1);
      return notStored;
    }
  }
}

const asBuffer = (bytes: Uint8Array): Buffer =>
  Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function tooMany(waitMs: number, what: string): Refusal | undefined {
  if (waitMs === 0) return undefined;
  return { code: 'rate_limited', detail: `The device sends more ${what} than its limit allows.`, retryAfterMs: waitMs };
}

const toError = ({ code, detail, retryAfterMs: afterMs }: Refusal): AppError =>
  new AppError(code, detail, afterMs === undefined ? {} : { retryAfterMs: afterMs });

const toRefusal = ({ code, message, extra }: AppError): Refusal => ({
  code,
  detail: message,
  ...(extra.retryAfterMs !== undefined && { retryAfterMs: extra.retryAfterMs }),
});
