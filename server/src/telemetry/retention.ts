/** Deletes telemetry that is older than tenants and device profiles keep it, once a day. */
import type { FastifyBaseLogger } from 'fastify';
import type { Db } from '../db/schema.ts';
import type { Clock } from '../lib/clock.ts';
import { createHousekeeping } from '../lib/housekeeping.ts';
import type { Metrics } from '../metrics.ts';
import {
  type RetainedProfile,
  saveLastPass,
  selectDevicesOfProfile,
  selectLastPass,
  selectRetainedProfiles,
} from './retention-queries.ts';
import type { TelemetryStore } from './store.ts';

export interface RetentionDeps {
  readonly db: Db;
  readonly store: Pick<TelemetryStore, 'retain'>;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'retentionPoints' | 'retentionPass'>;
  readonly log: Pick<FastifyBaseLogger, 'info' | 'error'>;
  /** Runs the pass unless another process is at it: one is enough, and two would do the same work. */
  exclusively(pass: () => Promise<void>): Promise<void>;
}

export interface Retention {
  start(): void;
  /** Ends the periods and a pass that is under way, after its current slice; the next start goes on. */
  stop(): Promise<void>;
}

const dayMs = 86_400_000;
const passPeriodMs = dayMs;
/** How often it is looked whether a pass is due: also how soon after a start, or after one that failed. */
export const checkPeriodMs = 5 * 60_000;
const profilesPerPage = 100;
/** Devices of one call to the store, which answers nothing else of this pass meanwhile. */
const devicesPerSlice = 200;

interface Removed {
  points: number;
  devices: number;
}

export function createRetention(deps: RetentionDeps): Retention {
  const { db, store, clock, metrics, log } = deps;
  let isStopping = false;

  async function retainProfile(profile: RetainedProfile, nowMs: number, removed: Removed): Promise<void> {
    let after = '';
    while (!isStopping) {
      // Read anew for each slice: a device that has moved to another profile belongs to that one.
      const ids = await selectDevicesOfProfile(db, profile, after, devicesPerSlice);
      const last = ids.at(-1);
      if (last === undefined) return;
      const points = await store.retain(profile.tenantId, nowMs - profile.days * dayMs, ids);
      metrics.retentionPoints.inc(points);
      removed.points += points;
      removed.devices += ids.length;
      after = last;
    }
  }

  async function pass(): Promise<void> {
    const nowMs = clock.now();
    const lastMs = await selectLastPass(db);
    if (lastMs !== undefined) metrics.retentionPass.set(lastMs / 1000);
    // A last time that lies ahead was written by a clock that was wrong.
    if (lastMs !== undefined && lastMs <= nowMs && nowMs - lastMs < passPeriodMs) return;
    const removed: Removed = { points: 0, devices: 0 };
    for (let after = ''; !isStopping; ) {
      const profiles = await selectRetainedProfiles(db, after, profilesPerPage);
      for (const profile of profiles) await retainProfile(profile, nowMs, removed);
      const last = profiles.at(-1);
      if (last === undefined) break;
      after = last.id;
    }
    // What is left when Gapura stops is done by the pass after the next start.
    if (isStopping) return;
    await saveLastPass(db, nowMs);
    metrics.retentionPass.set(nowMs / 1000);
    const seconds = (clock.now() - nowMs) / 1000;
    if (removed.devices > 0) log.info({ ...removed, seconds }, 'telemetry older than it is kept was deleted');
  }

  const housekeeping = createHousekeeping(
    clock,
    checkPeriodMs,
    () => deps.exclusively(pass),
    (error) => log.error({ err: error }, 'old telemetry was not deleted; it is tried again in some minutes'),
  );
  return {
    start() {
      isStopping = false;
      housekeeping.start();
    },
    async stop() {
      isStopping = true;
      await housekeeping.stop();
    },
  };
}
