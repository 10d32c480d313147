/** How the fleet and the server are doing: counts from the database, rates from the metrics, sizes from the disk. */
import type { Overview, TrafficSample } from '#contract/overview.ts';
import type { Db } from '../db/schema.ts';
import type { Clock } from '../lib/clock.ts';
import { createHousekeeping } from '../lib/housekeeping.ts';
import type { Metrics } from '../metrics.ts';
import { directoryBytes, freeBytesOf, growthPerDay, type SizeSample } from './data-size.ts';
import { countDevices } from './queries.ts';

export interface OverviewDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly metrics: Pick<Metrics, 'messages' | 'points' | 'rejections'>;
  readonly dataDir: string;
  readonly log: { error(fields: object, message: string): void };
}

export interface OverviewReader {
  start(): void;
  stop(): Promise<void>;
  read(tenantId: string): Promise<Overview>;
}

const sampleMs = 5000;
/** Ten minutes: what a look at the page wants to see of the past. */
const sampleLimit = 120;
const sizeSampleMs = 60_000;
/** A day. */
const sizeSampleLimit = 1440;
const reasonLimit = 20;

interface Totals {
  readonly messages: number;
  readonly points: number;
  readonly rejections: number;
}

export function createOverview({ db, clock, metrics, dataDir, log }: OverviewDeps): OverviewReader {
  const startedAt = clock.now();
  const samples: TrafficSample[] = [];
  const sizes: SizeSample[] = [];
  let before: Totals & { readonly atMs: number } = { atMs: startedAt, messages: 0, points: 0, rejections: 0 };

  const onError = (error: unknown): void => log.error({ err: error }, 'the overview could not be sampled');
  const traffic = createHousekeeping(clock, sampleMs, sampleTraffic, onError);
  const size = createHousekeeping(clock, sizeSampleMs, async () => void (await sampleSize()), onError);

  async function readTotals(): Promise<Totals> {
    const [messages, points, rejections] = await Promise.all([
      sumOf(metrics.messages),
      sumOf(metrics.points),
      sumOf(metrics.rejections),
    ]);
    return { messages, points, rejections };
  }

  async function sampleTraffic(): Promise<void> {
    const totals = await readTotals();
    const atMs = clock.now();
    const seconds = (atMs - before.atMs) / 1000;
    if (seconds <= 0) return;
    const rate = (name: keyof Totals): number => Math.max(0, (totals[name] - before[name]) / seconds);
    samples.push({ at: atMs, messages: rate('messages'), points: rate('points'), rejections: rate('rejections') });
    if (samples.length > sampleLimit) samples.shift();
    before = { atMs, ...totals };
  }

  async function sampleSize(): Promise<SizeSample> {
    const sample = { atMs: clock.now(), bytes: await directoryBytes(dataDir) };
    sizes.push(sample);
    if (sizes.length > sizeSampleLimit) sizes.shift();
    return sample;
  }

  return {
    start() {
      traffic.start();
      size.start();
    },
    async stop() {
      await Promise.all([traffic.stop(), size.stop()]);
    },
    async read(tenantId) {
      const [devices, totals, reasons, freeBytes, latestSize] = await Promise.all([
        countDevices(db, tenantId),
        readTotals(),
        metrics.rejections.get(),
        freeBytesOf(dataDir),
        sizes.at(-1) ?? sampleSize(),
      ]);
      return {
        at: clock.now(),
        devices,
        traffic: { startedAt, sampleMs, samples: [...samples], messages: totals.messages, points: totals.points },
        rejections: {
          total: totals.rejections,
          reasons: reasons.values
            .map(({ labels, value }) => ({ where: labels.where ?? '', code: labels.code ?? '', count: value }))
            .sort((a, b) => b.count - a.count)
            .slice(0, reasonLimit)
            .map(({ where, code, count }) => ({ where: String(where), code: String(code), count })),
        },
        storage: { bytes: latestSize.bytes, freeBytes, bytesPerDay: growthPerDay(sizes) },
      };
    },
  };
}

async function sumOf(counter: { get(): Promise<{ values: readonly { value: number }[] }> }): Promise<number> {
  const { values } = await counter.get();
  return values.reduce((sum, { value }) => sum + value, 0);
}
