/** Telemetry for people and scripts: who asks is known and allowed, here it is found, written or deleted. */
import type { TelemetryKeyStats } from '#contract/telemetry.ts';
import type { Audit, AuditActor } from '../audit/audit.ts';
import type { Bus } from '../bus/bus.ts';
import { subjects } from '../bus/subjects.ts';
import { AppError } from '../errors.ts';
import type { Refusal } from '../ingest/ingest.ts';
import { contentTypes, writers } from './formats.ts';
import { columnsOf, readPages } from './pages.ts';
import type { TelemetryRead } from './query.ts';
import { type SeriesQuestion, writeSeriesPage } from './series-page.ts';
import type { DeviceRef, TelemetryPoint, TelemetryStore } from './store.ts';
import { pointToJson } from './value-text.ts';

export interface TelemetryDeps {
  readonly store: TelemetryStore;
  readonly audit: Audit;
  readonly bus: Pick<Bus, 'publish' | 'hasInterest'>;
  /** The parser of the device API: what devices may send, people may write. */
  parseTelemetry(payload: Uint8Array): readonly TelemetryPoint[] | Refusal;
  /** The way in that devices' points take: stores durably, then publishes. @throws AppError when it is refused */
  acceptPoints(device: DeviceRef, points: readonly TelemetryPoint[]): Promise<void>;
  /** @throws AppError `not_found` when the tenant has no such device */
  requireDevice(tenantId: string, deviceId: string): Promise<void>;
  /** Those of the ids that are devices of the tenant. */
  existing(tenantId: string, deviceIds: readonly string[]): Promise<readonly string[]>;
}

export interface Telemetry {
  /**
   * A range as text in the format asked for, made while it is read.
   * @throws AppError `not_found`, `storage_unavailable` before the first piece; later faults end the iteration
   */
  export(device: DeviceRef, read: TelemetryRead): Promise<{ contentType: string; pieces: AsyncGenerator<string> }>;
  /** `{"<key>":{"ts":…,"value":…},…}` as text. @throws AppError `not_found` */
  latest(device: DeviceRef, keys: readonly string[] | undefined): Promise<string>;
  /** `{"<deviceId>":{…},…}` as text; devices that the tenant does not have are left out. */
  latestOf(tenantId: string, deviceIds: readonly string[], keys: readonly string[] | undefined): Promise<string>;
  /**
   * A page of several devices' series as text, made while it is read.
   * @throws AppError `storage_unavailable` before the first piece; later faults end the iteration
   */
  series(tenantId: string, question: SeriesQuestion): Promise<AsyncGenerator<string>>;
  keys(device: DeviceRef): Promise<TelemetryKeyStats[]>;
  /**
   * Stores what is in the payload, durably.
   * @param payload JSON in one of the forms that devices use
   * @throws AppError `not_found`, `invalid_payload`, `storage_unavailable`, `overloaded`
   */
  write(device: DeviceRef, payload: Uint8Array, actor: AuditActor): Promise<void>;
  /** @returns how many points went */
  remove(
    device: DeviceRef,
    span: { keys: readonly string[] | undefined; fromMs: number; toMs: number },
    actor: AuditActor,
  ): Promise<number>;
}

/** Keys named in an audit entry; how many more there were is told beside. */
const auditedKeysLimit = 20;

export function createTelemetry(deps: TelemetryDeps): Telemetry {
  const { store, audit, bus } = deps;

  const requireDevice = ({ tenantId, deviceId }: DeviceRef): Promise<void> => deps.requireDevice(tenantId, deviceId);

  /** For those who look: what went, and what is the latest now. */
  async function tellDeleted(
    device: DeviceRef,
    keys: readonly string[] | undefined,
    fromTs: number,
    toTs: number,
  ): Promise<void> {
    const subject = subjects.telemetry(device.tenantId, device.deviceId);
    if (!bus.hasInterest(subject)) return;
    const latest = (await store.latest([device], keys)).get(device.deviceId) ?? [];
    bus.publish(subject, { kind: 'telemetry.deleted', ...device, keys: keys ?? null, fromTs, toTs, latest });
  }

  const record = (
    device: DeviceRef,
    actor: AuditActor,
    action: string,
    detail: Parameters<Audit['record']>[0]['detail'],
  ) =>
    audit.record({
      tenantId: device.tenantId,
      actor,
      action,
      target: { kind: 'device', id: device.deviceId, name: '' },
      outcome: 'success',
      detail: detail ?? {},
    });

  return {
    async export(device, read) {
      await requireDevice(device);
      const keys = read.keys ?? (await keysOf(store, device));
      const pages = readPages(store, device, { ...read, keys });
      const pieces = writers[read.format](pages, keys, columnsOf(read));
      // The first piece is made before the answer begins, so that a store that fails is told by its status.
      return { contentType: contentTypes[read.format], pieces: await begun(pieces) };
    },

    async latest(device, keys) {
      await requireDevice(device);
      const found = await store.latest([device], keys);
      return latestToJson(found.get(device.deviceId) ?? []);
    },

    async latestOf(tenantId, deviceIds, keys) {
      const ids = await deps.existing(tenantId, deviceIds);
      const found = await store.latest(
        ids.map((deviceId) => ({ tenantId, deviceId })),
        keys,
      );
      return `{${ids.map((id) => `${JSON.stringify(id)}:${latestToJson(found.get(id) ?? [])}`).join(',')}}`;
    },

    async series(tenantId, question) {
      const devices = new Set(await deps.existing(tenantId, question.deviceIds));
      // The first piece is made before the answer begins, as for an export.
      return begun(writeSeriesPage(store, tenantId, devices, question));
    },

    async keys(device) {
      await requireDevice(device);
      const stats = await store.stats(device);
      return stats.map(({ key, points, bytes, firstMs, lastMs }) => ({
        key,
        points,
        bytes,
        firstTs: firstMs,
        lastTs: lastMs,
      }));
    },

    async write(device, payload, actor) {
      await requireDevice(device);
      const points = deps.parseTelemetry(payload);
      if (isRefusal(points)) throw new AppError(points.code, points.detail);
      await deps.acceptPoints(device, points);
      // Scripts write all day long; the log is for what people do by hand.
      if (actor.kind === 'user') {
        const keys = [...new Set(points.map(({ key }) => key))];
        record(device, actor, 'telemetry.written', { points: points.length, ...auditedKeys(keys) });
      }
    },

    async remove(device, { keys, fromMs, toMs }, actor) {
      await requireDevice(device);
      const deleted = await store.deleteRange(device, keys, fromMs, toMs);
      await tellDeleted(device, keys, fromMs, toMs);
      record(device, actor, 'telemetry.deleted', { deleted, fromMs, toMs, ...(keys && auditedKeys(keys)) });
      return deleted;
    },
  };
}

async function keysOf(store: TelemetryStore, device: DeviceRef): Promise<string[]> {
  const latest = await store.latest([device]);
  return (latest.get(device.deviceId) ?? []).map(({ key }) => key);
}

function isRefusal(result: readonly TelemetryPoint[] | Refusal): result is Refusal {
  return 'code' in result;
}

function auditedKeys(keys: readonly string[]): { keys: string[]; moreKeys?: number } {
  const more = keys.length - auditedKeysLimit;
  return { keys: keys.slice(0, auditedKeysLimit), ...(more > 0 && { moreKeys: more }) };
}

function latestToJson(points: readonly TelemetryPoint[]): string {
  return `{${points.map((point) => `${JSON.stringify(point.key)}:${pointToJson(point)}`).join(',')}}`;
}

/** The same pieces, of which the first has been made. */
async function begun(pieces: AsyncGenerator<string>): Promise<AsyncGenerator<string>> {
  const first = await pieces.next();
  return (async function* () {
    try {
      if (first.done !== true) yield first.value;
      yield* pieces;
    } finally {
      await pieces.return(undefined);
    }
  })();
}
