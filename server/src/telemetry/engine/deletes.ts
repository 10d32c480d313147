/** Deletes: what is deleted is hidden at once and durably; the space comes back when files are merged. */
import type { Input } from '../protocol.ts';
import type { DeviceRef } from '../store.ts';
import type { Head } from './head.ts';
import type { DroppedDevice, HotLog } from './hot-log.ts';
import { allTime } from './questions.ts';
import type { SeriesIds } from './series-ids.ts';
import type { SeriesReader } from './series-reader.ts';
import type { SeriesState } from './series-state.ts';
import type { Steps } from './steps.ts';
import type { Tombstone, Tombstones } from './tombstones.ts';
import type { Upkeep } from './upkeep.ts';

export interface Deletes {
  deleteRange(input: Input<'deleteRange'>): Steps<number>;
  deleteDevice(device: DeviceRef): Steps<undefined>;
  /** After a restart: finishes what `deleteDevice` began. */
  resume(): Steps<void>;
  retain(input: Input<'retain'>): Steps<number>;
}

/** Series whose deletion is one transaction, so that appends get their turn. */
const seriesPerStep = 500;

export interface DeletesDeps {
  readonly hot: HotLog;
  readonly head: Head;
  readonly series: SeriesIds;
  readonly state: SeriesState;
  readonly tombstones: Tombstones;
  readonly reader: SeriesReader;
  readonly upkeep: Pick<Upkeep, 'deleted' | 'expired'>;
}

export function createDeletes(deps: DeletesDeps): Deletes {
  const { hot, head, series, state, tombstones, reader, upkeep } = deps;

  /** In one transaction. @param alongside more that belongs to it */
  function hide(ids: readonly number[], fromMs: number, toMs: number, alongside?: () => void): void {
    const added = hot.transaction((): Tombstone[] => {
      alongside?.();
      return ids.map((id) => hot.addTombstone(id, fromMs, toMs));
    });
    const covered = added.flatMap((tombstone) => tombstones.add(tombstone));
    for (const id of ids) {
      head.kill(id, fromMs, toMs);
      state.forget(id, fromMs, toMs);
    }
    upkeep.deleted(fromMs, toMs);
    if (covered.length > 0) {
      hot.transaction(() => {
        for (const { id } of covered) hot.removeTombstone(id);
      });
    }
  }

  /**
   * A device may have any number of series. Their numbers are not given again: what comes for the device from now on
   * belongs to new ones.
   */
  function* drop(dropped: DroppedDevice): Steps<void> {
    for (;;) {
      const ids = hot.seriesOf(dropped, seriesPerStep);
      series.forget(dropped);
      hide(ids, allTime.fromMs, allTime.toMs, () => {
        hot.removeSeries(ids);
        if (ids.length < seriesPerStep) hot.removeDroppedDevice(dropped);
      });
      if (ids.length < seriesPerStep) return;
      yield;
    }
  }

  return {
    *deleteRange({ device, keys, fromMs, toMs }) {
      const ids = series.existing(device, keys).map(({ id }) => id);
      const counts = yield* reader.count(ids, { fromMs, toMs });
      const deleted = counts.reduce((sum, { points }) => sum + points, 0);
      const found = ids.filter((_, i) => (counts[i]?.points ?? 0) > 0);
      for (let i = 0; i < found.length; i += seriesPerStep) {
        hide(found.slice(i, i + seriesPerStep), fromMs, toMs);
        yield;
      }
      return deleted;
    },

    *deleteDevice({ tenantId, deviceId }) {
      // From here on it will be finished, whatever happens to the process.
      const lastSeries = hot.lastSeries();
      hot.transaction(() => hot.addDroppedDevice({ tenantId, deviceId, lastSeries }));
      yield* drop({ tenantId, deviceId, lastSeries });
      return undefined;
    },

    *resume() {
      for (const dropped of hot.droppedDevices()) yield* drop(dropped);
    },

    *retain({ tenantId, beforeMs, devices }) {
      let deleted = 0;
      for (const device of devices ?? devicesOf(hot, tenantId)) {
        const ids = series.existing({ tenantId, deviceId: device }, undefined).map(({ id }) => id);
        const counts = yield* reader.count(ids, { fromMs: allTime.fromMs, toMs: beforeMs });
        for (const [i, { points, firstMs }] of counts.entries()) {
          const id = ids[i];
          if (id === undefined || points === 0) continue;
          deleted += points;
          upkeep.expired(firstMs, beforeMs);
          const isRaised = state.raiseFloor(id, beforeMs, hot.lastSegment);
          if (!isRaised) {
            hide([id], allTime.fromMs, beforeMs);
            continue;
          }
          head.kill(id, allTime.fromMs, beforeMs);
          state.forget(id, allTime.fromMs, beforeMs);
        }
        yield;
      }
      yield* state.persist(hot);
      return deleted;
    },
  };
}

/** A page at a time: a tenant may have any number of devices. */
function* devicesOf(hot: HotLog, tenantId: string): Generator<string> {
  for (let last = ''; ; ) {
    const rows = hot.rows<[string]>(
      'select distinct device_id from series where tenant_id = ? and device_id > ? order by device_id limit 200',
      tenantId,
      last,
    );
    for (const [deviceId] of rows) yield deviceId;
    const next = rows.at(-1)?.[0];
    if (next === undefined) return;
    last = next;
  }
}
