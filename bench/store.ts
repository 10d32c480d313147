/**
 * The telemetry store alone: how much it takes, how small it keeps it, how quick it answers, empty and full, and beside
 * a steady stream. Every run counts what is stored afterwards.
 */
import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { systemClock } from '../server/src/lib/clock.ts';
import { createMetrics } from '../server/src/metrics.ts';
import { Engine } from '../server/src/telemetry/engine/engine.ts';
import { createTelemetryEngine } from '../server/src/telemetry/engine/store.ts';
import type { DeviceRef, TelemetryMessage, TelemetryStore, TelemetryValue } from '../server/src/telemetry/store.ts';
import { type BenchOptions, type BenchResult, type Figure, median, percentile } from './lib/bench.ts';

const tenantId = '01890000-0000-7000-8000-000000000001';
const keys = ['temperature', 'humidity', 'energy', 'vibration', 'state'] as const;
const messagesPerAppend = 1000;
const pointsPerAppend = messagesPerAppend * keys.length;
const startMs = Date.UTC(2026, 0, 1);
const hourMs = 3_600_000;
/** Points of each series that are 30 days old or younger when the stream begins: one a minute. */
const historyMs = 30 * 24 * hourMs;
const historyStepMs = 60_000;

interface FleetOptions {
  readonly count: number;
  /** Of the first message of each device. */
  readonly fromMs: number;
  /** Between two messages of a device, in its own time. */
  readonly stepMs: number;
  /** In the ids of its devices, so that those of two fleets differ. */
  readonly group: string;
}

/** A fleet whose devices send in turn; its readings wander as those of sensors do. */
class Fleet {
  readonly devices: readonly DeviceRef[];
  readonly #options: FleetOptions;
  readonly #random = mulberry32(7);
  readonly #temperature: Float64Array;
  readonly #energy: Float64Array;
  #next = 0;
  sent = 0;

  constructor(options: FleetOptions) {
    const { count, group } = options;
    this.#options = options;
    this.devices = Array.from({ length: count }, (_, i) => ({
      tenantId,
      deviceId: `01890000-0000-7000-${group}-${String(i).padStart(12, '0')}`,
    }));
    this.#temperature = new Float64Array(count).fill(2000);
    this.#energy = new Float64Array(count);
  }

  /** The time of the newest message. */
  get nowMs(): number {
    const { fromMs, stepMs } = this.#options;
    return fromMs + Math.floor(this.#next / this.devices.length) * stepMs;
  }

  batch(): TelemetryMessage[] {
    return Array.from({ length: messagesPerAppend }, () => this.#message());
  }

  #message(): TelemetryMessage {
    const i = this.#next % this.devices.length;
    const ts = this.nowMs + Math.floor(this.#random() * 20);
    this.#next++;
    this.sent += keys.length;
    const random = this.#random();
    const temperature = (this.#temperature[i] ?? 0) + Math.round((random - 0.5) * 10);
    this.#temperature[i] = temperature;
    const energy = (this.#energy[i] ?? 0) + Math.floor(random * 400);
    this.#energy[i] = energy;
    const values: TelemetryValue[] = [
      temperature / 100,
      Math.round(500 + 100 * Math.sin(this.#next / 5000)) / 10,
      energy / 1000,
      random,
      random < 0.02 ? 'idle' : 'running',
    ];
    return {
      tenantId: this.devices[i]?.tenantId ?? '',
      deviceId: this.devices[i]?.deviceId ?? '',
      points: keys.map((key, k) => ({ key, ts, value: values[k] ?? 0 })),
    };
  }
}

export async function run({ full, log }: BenchOptions): Promise<BenchResult> {
  const directory = await mkdtemp(join(tmpdir(), 'gapura-bench-store-'));
  const failures: string[] = [];
  const figures: Figure[] = [];
  const figure = (name: string, value: number, unit: string, goal?: string): void => {
    figures.push({ name, value, unit, ...(goal !== undefined && { goal }) });
    log(`${name}: ${value.toFixed(3)} ${unit}`);
  };
  const metrics = createMetrics();
  const open = async (): Promise<TelemetryStore> => {
    const store = createTelemetryEngine({
      directory,
      metrics,
      log: pino({ level: 'warn' }),
      clock: systemClock,
    });
    await store.start();
    return store;
  };
  let store = await open();
  try {
    const devices = 10_000;
    const fleet = new Fleet({ count: devices, fromMs: startMs, stepMs: full ? 10_000 : 30_000, group: '8000' });
    const target = full ? 50_000_000 : 8_000_000;
    // Made before the clock runs: what is measured is the store, not this generator.
    const prepare = (points: number, of = fleet): TelemetryMessage[][] =>
      Array.from({ length: Math.ceil(points / pointsPerAppend) }, () => of.batch());
    const round = 1_000_000;

    const rates: number[] = [];
    const disk = createDiskProbe(join(directory, '..'));
    let cpuSeconds = 0;
    for (let stored = 0; stored < target; stored += round) {
      const batches = prepare(round);
      disk.measure(10);
      const cpu = process.cpuUsage();
      const from = performance.now();
      await flood(store, batches);
      const ms = performance.now() - from;
      const { user, system } = process.cpuUsage(cpu);
      cpuSeconds += (user + system) / 1e6;
      rates.push(round / (ms / 1000));
    }
    const tenth = Math.max(2, Math.ceil(rates.length / 10));
    // Without the first million, in which 50,000 series are made and the code is compiled.
    const early = median(rates.slice(1, 1 + tenth));
    const late = median(rates.slice(-tenth));
    figure('acknowledged, 5,000-point appends, 8 under way, at the start', early, 'points/s', '≥ 2,500,000');
    figure(`the same after ${(target / 1e6).toFixed(0)}M points`, late, 'points/s');
    figure('late / early', late / early, '', '≥ 0.9');
    figure('all of them', fleet.sent / rates.reduce((seconds, rate) => seconds + round / rate, 0), 'points/s');
    figure('the slowest million', Math.min(...rates), 'points/s');
    // What a commit waits for, whoever makes it: the disk of a shared machine is not as quick all the time.
    figure('the disk alone between the rounds: 0.4 MB appended and synced, p50', percentile(disk.times, 0.5), 'ms');
    figure('the disk alone between the rounds: 0.4 MB appended and synced, p99', percentile(disk.times, 0.99), 'ms');
    disk.close();
    figure('CPU of the process, packing and storing', (cpuSeconds * 1e6) / fleet.sent, 'µs/point');

    // Merging goes on in the background; what is measured next is its result.
    await sleep(full ? 60_000 : 6_000);
    figure('on the disk, merging under way', (await bytesOf(directory)) / fleet.sent, 'bytes/point');

    // What devices had kept for a month arrives at once, oldest first: it lies in 30 files of days.
    const history = new Fleet({
      count: full ? 100 : 20,
      fromMs: startMs - historyMs,
      stepMs: historyStepMs,
      group: '9000',
    });
    while (history.nowMs < startMs) await flood(store, prepare(round, history));
    figure('history for questions about 30 days', history.sent, 'points');

    const questions = askers(store, fleet, history);
    for (const [name, ask] of Object.entries(questions)) {
      const times = await timesOf(ask, 200);
      figure(`${name}, idle, p50`, percentile(times, 0.5), 'ms');
    }

    const beside = await steady(store, fleet, questions, full ? 60 : 10, 300_000);
    figure('CPU at 300,000 points/s with questions beside', beside.cores, 'cores', '≤ 0.4');
    figure('taken at 300,000 points/s', beside.pointsPerSecond, 'points/s');
    figure('acknowledgement at 300,000 points/s, p50', percentile(beside.acknowledgedMs, 0.5), 'ms');
    figure('acknowledgement at 300,000 points/s, p99', percentile(beside.acknowledgedMs, 0.99), 'ms', '≤ 30');
    const goals: Readonly<Record<string, string>> = {
      'latest of 100 devices': '≤ 1',
      '1 h raw': '≤ 1',
      '30 d of minutes in 100 buckets': '≤ 10',
    };
    for (const [name, times] of beside.asked) {
      figure(`${name}, at 300,000 points/s, p50`, percentile(times, 0.5), 'ms', goals[name]);
      figure(`${name}, at 300,000 points/s, p99`, percentile(times, 0.99), 'ms');
    }
    const [longest] = (await metrics.telemetryLongestStep.get()).values;
    figure('longest step of background work or a question', (longest?.value ?? 0) * 1000, 'ms');
    figure(
      'resident memory of this process, the generator with its messages among it',
      process.memoryUsage().rss / 1e6,
      'MB',
    );

    await store.stop();
    const from = performance.now();
    store = await open();
    figure('opened again, with what was not sealed', performance.now() - from, 'ms');

    let counted = 0;
    const ask = (device: DeviceRef) => store.stats(device);
    const all = [...fleet.devices, ...history.devices];
    const fromStats = performance.now();
    for (let i = 0; i < all.length; i += 100) {
      for (const stats of await Promise.all(all.slice(i, i + 100).map(ask))) {
        for (const { points } of stats) counted += points;
      }
    }
    figure('points of each series counted', ((performance.now() - fromStats) * 1000) / all.length, 'µs/device');
    const sent = fleet.sent + history.sent;
    if (counted !== sent) failures.push(`${sent} points were acknowledged, ${counted} are stored`);
    figure('acknowledged and not stored', sent - counted, 'points', '0');
    await store.stop();
    await mergeAll(directory);
    figure('on the disk, merged', (await bytesOf(directory)) / sent, 'bytes/point', '≤ 5');
  } finally {
    await store.stop();
    await rm(directory, { recursive: true });
  }
  return {
    name: 'store',
    summary: '10,000 devices with 5 keys each: wandering decimals, a counter, noise, a state',
    figures,
    failures,
  };
}

/** What the background does once a day has been over for a while. */
async function mergeAll(directory: string): Promise<void> {
  const engine = new Engine({
    directory,
    headPoints: 1_000_000,
    times: { closedAfterMs: 0, restMs: 0, reclaimAfterMs: 0 },
    note: (_level, text) => console.error(text),
    wake: () => {},
  });
  await engine.open();
  await engine.settle(Date.now());
  engine.close();
}

/** Appends as fast as they are acknowledged, eight under way. */
async function flood(store: TelemetryStore, batches: readonly TelemetryMessage[][]): Promise<void> {
  let next = 0;
  const writer = async (): Promise<void> => {
    for (let batch = batches[next++]; batch !== undefined; batch = batches[next++]) await store.append(batch);
  };
  await Promise.all(Array.from({ length: 8 }, writer));
}

type Ask = (i: number) => Promise<unknown>;

function askers(store: TelemetryStore, fleet: Fleet, history: Fleet): Readonly<Record<string, Ask>> {
  const one = (i: number, of = fleet): DeviceRef => of.devices[(i * 7919) % of.devices.length] ?? nobody;
  const lastHour = () => ({ fromMs: fleet.nowMs - hourMs, toMs: fleet.nowMs + 1000 });
  return {
    'latest of one device': (i) => store.latest([one(i)]),
    'latest of 100 devices': (i) => store.latest(Array.from({ length: 100 }, (_, n) => one(i + n))),
    '1 h raw': (i) => store.range({ ...one(i), keys: ['temperature'], ...lastHour(), order: 'asc', limit: 10_000 }),
    '24 h raw, minutes': (i) =>
      store.range({
        ...one(i, history),
        keys: ['temperature'],
        fromMs: startMs - 24 * hourMs,
        toMs: startMs,
        order: 'asc',
        limit: 10_000,
      }),
    '30 d of minutes in 100 buckets': async (i) => {
      const found = await store.aggregate({
        ...one(i, history),
        keys: [keys[i % 3] ?? 'temperature'],
        fromMs: startMs - historyMs,
        toMs: startMs,
        intervalMs: historyMs / 100,
        functions: ['avg', 'min', 'max', 'count'],
      });
      // A quick answer about little data would say nothing.
      const points = [...found.values()].flat().reduce((sum, { values }) => sum + Number(values.count), 0);
      if (points !== historyMs / historyStepMs) throw new Error(`30 days of minutes have ${points} points.`);
    },
  };
}
const nobody: DeviceRef = { tenantId: '', deviceId: '' };

async function timesOf(ask: Ask, count: number): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < count; i++) {
    const from = performance.now();
    await ask(i);
    times.push(performance.now() - from);
  }
  return times;
}

/** A stream of a fixed rate, and questions one after another beside it. */
async function steady(
  store: TelemetryStore,
  fleet: Fleet,
  questions: Readonly<Record<string, Ask>>,
  seconds: number,
  pointsPerSecond: number,
): Promise<{
  cores: number;
  pointsPerSecond: number;
  acknowledgedMs: number[];
  asked: Map<string, number[]>;
}> {
  const acknowledgedMs: number[] = [];
  const asked = new Map(Object.keys(questions).map((name): [string, number[]] => [name, []]));
  const before = fleet.sent;
  const cpu = process.cpuUsage();
  const from = performance.now();
  const appends: Promise<void>[] = [];
  let isOver = false;
  const asking = (async () => {
    for (let i = 0; !isOver; i++) {
      for (const [name, ask] of Object.entries(questions)) {
        const at = performance.now();
        await ask(i);
        asked.get(name)?.push(performance.now() - at);
      }
      await sleep(20);
    }
  })();
  for (let due = from; due < from + seconds * 1000; due += (pointsPerAppend / pointsPerSecond) * 1000) {
    const wait = due - performance.now();
    if (wait > 1) await sleep(wait);
    const batch = fleet.batch();
    const at = performance.now();
    appends.push(store.append(batch).then(() => void acknowledgedMs.push(performance.now() - at)));
  }
  await Promise.all(appends);
  const ms = performance.now() - from;
  isOver = true;
  await asking;
  const { user, system } = process.cpuUsage(cpu);
  return {
    cores: (user + system) / 1000 / ms,
    pointsPerSecond: (fleet.sent - before) / (ms / 1000),
    acknowledgedMs,
    asked,
  };
}

/** How long the disk itself takes for what a commit asks of it. */
function createDiskProbe(directory: string): { readonly times: number[]; measure(count: number): void; close(): void } {
  const path = join(directory, `gapura-bench-disk-${process.pid}`);
  const descriptor = openSync(path, 'w');
  const bytes = new Uint8Array(400_000);
  const times: number[] = [];
  return {
    times,
    measure(count) {
      for (let i = 0; i < count; i++) {
        const from = performance.now();
        writeSync(descriptor, bytes);
        fdatasyncSync(descriptor);
        times.push(performance.now() - from);
      }
    },
    close() {
      closeSync(descriptor);
      rmSync(path);
    },
  };
}

async function bytesOf(directory: string): Promise<number> {
  const sizes = await Promise.all(
    (await readdir(directory))
      .filter((name) => name.endsWith('.day'))
      .map(async (name) => (await stat(join(directory, name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** A small generator of random numbers whose runs can be repeated. */
function mulberry32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
