/**
 * The engine: commits points durably, answers questions, and keeps its files in order in the background. It runs in a
 * thread of its own (thread.ts); nothing here knows of threads.
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { EngineStatus } from '../protocol.ts';
import { type NamedBatch, numberPoints } from './batch-names.ts';
import { DamagedError } from './bytes.ts';
import { dayOf } from './day.ts';
import type { DayFile } from './day-file.ts';
import { DayFiles } from './day-files.ts';
import { createDeletes, type Deletes } from './deletes.ts';
import { type Files, nodeFiles } from './files.ts';
import { Head } from './head.ts';
import { createHidden } from './hidden.ts';
import { HotLog, isFull, toFault } from './hot-log.ts';
import { LongestStep } from './longest-step.ts';
import { isTextual } from './points.ts';
import { createQuestions, type Questions } from './questions.ts';
import { seal } from './seal.ts';
import { decodeSegment, encodeSegment, type SegmentColumns } from './segment-codec.ts';
import { SeriesIds } from './series-ids.ts';
import { createSeriesReader } from './series-reader.ts';
import { SeriesState } from './series-state.ts';
import { finish, type Steps } from './steps.ts';
import { Tombstones } from './tombstones.ts';
import { createUpkeep, defaultUpkeepTimes, type Upkeep, type UpkeepTimes } from './upkeep.ts';
import { verifyFile } from './verify.ts';

export interface EngineOptions {
  readonly directory: string;
  readonly headPoints: number;
  readonly maxSizeBytes?: number | undefined;
  readonly files?: Files;
  readonly times?: UpkeepTimes;
  /** For commands that look into a store which a running process may hold: nothing is written. */
  readonly readOnly?: boolean;
  note(level: 'info' | 'warn' | 'error', text: string): void;
  /** Background work that waited for the disk can go on. */
  wake(): void;
}

/** Points stay in memory and in segments for so long at most, so that a restart finds few segments. ms */
const sealAfterMs = 10 * 60_000;
/** After background work failed, it is tried again so much later, ms. */
const retryMs = 2000;
/** How often damaged files are read again, ms. */
const recheckMs = 30_000;
/** More blocks than this make questions slow: merging goes on beside sealing then. */
const manyBlocks = 200;
/** Parts of files and directories kept in memory. */
const cacheBytes = 8 * 2 ** 20;

interface Job {
  readonly steps: Steps<void>;
  isWaiting: boolean;
  /** What it waited for, failed so. */
  failure: { readonly error: unknown } | undefined;
}

export class Engine {
  readonly questions: Questions;
  readonly deletes: Deletes;
  /** Of everything but commits. */
  readonly longestStep = new LongestStep();
  readonly #options: EngineOptions;
  readonly #hot: HotLog;
  readonly #days: DayFiles;
  readonly #series: SeriesIds;
  readonly #state = new SeriesState();
  readonly #tombstones = new Tombstones();
  readonly #head: Head;
  readonly #upkeep: Upkeep;
  #seal: Job | undefined;
  #tidy: Job | undefined;
  /** Why background work failed last, and when it is tried again (process time). */
  #fault: { readonly text: string; readonly retryAt: number } | undefined;
  #recheckedAt = performance.now();
  #ids = new Uint32Array(1024);

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#hot = new HotLog({
      path: join(options.directory, 'hot.sqlite'),
      maxSizeBytes: options.maxSizeBytes,
      readOnly: options.readOnly ?? false,
    });
    this.#days = new DayFiles({
      directory: options.directory,
      files: options.files ?? nodeFiles,
      cacheBytes,
      damaged: (path, what) => options.note('error', `${path} is damaged: ${what} cannot be read`),
      foreign: (what) => options.note('warn', `there is something else in the directory of the telemetry: ${what}`),
    });
    this.#series = new SeriesIds(this.#hot);
    this.#head = new Head(options.headPoints);
    const hidden = createHidden({ state: this.#state, tombstones: this.#tombstones });
    const reader = createSeriesReader({ head: this.#head, days: this.#days, hidden });
    const parts = { hot: this.#hot, head: this.#head, series: this.#series, state: this.#state };
    this.#upkeep = createUpkeep({
      ...parts,
      days: this.#days,
      tombstones: this.#tombstones,
      hidden,
      times: options.times ?? defaultUpkeepTimes,
    });
    this.questions = createQuestions(this.#series, this.#state, reader);
    this.deletes = createDeletes({ ...parts, tombstones: this.#tombstones, reader, upkeep: this.#upkeep });
  }

  /** Opens the files and takes back into memory what was not sealed. @throws when that is not possible */
  async open(): Promise<void> {
    if (this.#options.readOnly === true) {
      await this.#openForReading();
      return;
    }
    mkdirSync(this.#options.directory, { recursive: true, mode: 0o700 });
    this.#hot.open();
    this.#days.open(true);
    let [segment, series] = [0, 0];
    for (const file of this.#days.all()) {
      segment = Math.max(segment, file.watermark);
      for (const block of file.blocks) series = Math.max(series, block.maxSeries);
    }
    this.#hot.skipNumbers(segment, series);
    this.#loadState();
    await this.#replay();
    await finish(this.deletes.resume());
  }

  /** Everything of the database in one transaction, then the files: what leaves it meanwhile is in them. */
  async #openForReading(): Promise<void> {
    const segments = this.#hot.snapshot(() => {
      this.#loadState();
      return [...this.#hot.allSegments()];
    });
    this.#days.open(false);
    for (const [id, data] of segments) this.#replaySegment(id, data);
  }

  #loadState(): void {
    this.#state.reserve(this.#hot.lastSeries());
    for (const [page, data] of this.#hot.statePages()) this.#state.load(page, data);
    if (this.#hot.isStateMissing()) this.#state.doubtAll(this.#hot.lastSeries());
    this.#upkeep.resume();
    for (const tombstone of this.#hot.tombstones()) {
      this.#tombstones.add(tombstone);
      this.#state.forget(tombstone.series, tombstone.fromMs, tombstone.toMs);
      this.#upkeep.deleted(tombstone.fromMs, tombstone.toMs);
    }
  }

  /** What keeps appends from being taken now: `wait` while the head is full, a sentence when it cannot be emptied. */
  obstacle(points: number): 'wait' | string | undefined {
    if (!this.#head.isFullFor(points)) return undefined;
    if (this.#head.sealing === undefined) {
      this.#beginSeal();
      return undefined;
    }
    return this.#fault === undefined ? 'wait' : this.#fault.text;
  }

  /** Stores all batches in one durable commit, or nothing of them. */
  append(batches: readonly NamedBatch[]): void {
    const columns = this.#join(batches);
    let segment: number;
    try {
      segment = this.#hot.transaction(() => {
        numberPoints(batches, this.#series, columns.series);
        return this.#hot.addSegment(encodeSegment(columns));
      });
    } catch (error) {
      // Series made in this transaction are gone with it.
      this.#series.clear();
      this.#hot.recover(error);
      // What is sealed makes room for new segments.
      if (isFull(error) && this.#head.active.length > 0) this.#beginSeal();
      throw error;
    }
    this.#hot.committed(segment);
    this.#take(columns, segment);
  }

  /**
   * Does background work until `endMs` of process time.
   * @param isIdle nobody waits for the thread
   * @returns whether there is more to do at once
   */
  work(endMs: number, isIdle = true): boolean {
    if (this.#hot.isCheckpointDue(isIdle)) this.#checkpoint();
    do {
      const isBusy = this.#step('seal') || this.#step('tidy');
      if (!isBusy) return false;
      if (this.#seal !== undefined && this.#tidy !== undefined && this.#upkeep.mostBlocks > manyBlocks) {
        this.#step('tidy');
      }
    } while (performance.now() < endMs);
    return true;
  }

  /** Looks whether there is something to do in the background; call it about once a second. */
  tick(nowMs: number): void {
    try {
      this.#lookForWork(nowMs);
    } catch (error) {
      this.#failed(error);
    }
  }

  #lookForWork(nowMs: number): void {
    const fault = this.#fault;
    if (fault !== undefined && performance.now() < fault.retryAt) return;
    if (this.#head.sealing !== undefined) this.#beginSeal();
    else if (this.#head.fill > 0.9 || this.#head.ageMs() > sealAfterMs) this.#beginSeal();
    if (this.#days.blocked.length > 0) this.#days.retryBlocked();
    if (this.#tidy === undefined) this.#begin('tidy', this.#nextTidy(nowMs));
    if (fault !== undefined && this.#seal === undefined && this.#tidy === undefined) this.#healed();
  }

  /** All series, by tenant, device and key. */
  allSeries(): readonly (readonly [tenantId: string, deviceId: string, key: string])[] {
    return this.#hot.rows<[string, string, string]>(
      'select tenant_id, device_id, key from series order by tenant_id, device_id, key',
    );
  }

  dayFiles(): Iterable<DayFile> {
    return this.#days.all();
  }

  get status(): EngineStatus {
    const damagedParts = this.#days.damagedParts;
    const faults = [...this.#days.blocked];
    if (this.#fault !== undefined) faults.push(this.#fault.text);
    if (damagedParts > 0) faults.push(`${damagedParts} parts of day files are damaged; gapura store check lists them`);
    return {
      faults,
      headPoints: this.#head.points,
      damagedParts,
      dayFiles: this.#days.days.length,
      longestStepMs: this.longestStep.ms,
    };
  }

  /** Seals everything and does all background work there is. For tests, benchmarks and taking over old data. */
  async settle(nowMs: number): Promise<void> {
    await this.drain();
    for (let steps = this.#upkeep.next(nowMs); steps !== undefined; steps = this.#upkeep.next(nowMs))
      await finish(steps);
  }

  /** Seals everything that is in memory. */
  async drain(): Promise<void> {
    await this.#finishJobs();
    while (this.#head.sealing !== undefined || this.#head.active.length > 0) {
      if (this.#head.sealing === undefined) this.#head.rotate();
      await finish(this.#sealSlab());
      if (this.#hot.isCheckpointDue(true)) this.#checkpoint();
    }
  }

  close(): void {
    this.#days.close();
    this.#hot.close();
  }

  /** Both in turn: one may wait for the other to leave a file. */
  async #finishJobs(): Promise<void> {
    while (this.#seal !== undefined || this.#tidy !== undefined) {
      if (!this.#step('seal') && !this.#step('tidy')) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  #checkpoint(): void {
    try {
      this.longestStep.time(() => this.#hot.checkpoint());
    } catch (error) {
      // A full disk, mostly: everything is in the log, and it is tried again when more has come.
      this.#failed(error);
    }
  }

  #jobOf(lane: 'seal' | 'tidy'): Job | undefined {
    return lane === 'seal' ? this.#seal : this.#tidy;
  }

  async #replay(): Promise<void> {
    for (let after = 0; ; ) {
      const rows = this.#hot.segmentsAfter(after);
      for (const [id, data] of rows) {
        after = id;
        // About twelve bytes a point at least: the decoded segment fits, or the head is emptied before.
        if (this.#head.isFullFor(data.length / 12)) await this.drain();
        this.#replaySegment(id, data);
      }
      if (rows.length === 0) return;
    }
  }

  #replaySegment(id: number, data: Uint8Array): void {
    try {
      this.#take(decodeSegment(data), id, (series, ts) => this.#isGone(series, ts, id));
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      this.#options.note('error', `segment ${id} of hot.sqlite is damaged and left out: ${error.message}`);
    }
  }

  /** Whether a point of a segment is in its file already, or deleted since. */
  #isGone(series: number, ts: number, segment: number): boolean {
    const day = dayOf(ts);
    return (
      (this.#days.get(day)?.watermark ?? 0) >= segment ||
      ts < this.#state.floorMs(series, segment) ||
      this.#tombstones.of(series, segment, ts, ts).length > 0
    );
  }

  #take(columns: SegmentColumns, segment: number, isGone?: (series: number, ts: number) => boolean): void {
    const { series, ts, kind, number, texts } = columns;
    const count = ts.length;
    let maxSeries = 0;
    for (let i = 0; i < count; i++) maxSeries = Math.max(maxSeries, series[i] ?? 0);
    this.#head.reserve(count, maxSeries);
    this.#state.reserve(maxSeries);
    const state = this.#state;
    const { active } = this.#head;
    for (let i = 0; i < count; i++) {
      const id = series[i] ?? 0;
      const at = ts[i] ?? 0;
      if (isGone?.(id, at) === true) continue;
      const of = kind[i] ?? 0;
      const value = number[i] ?? 0;
      const text = isTextual(of) ? (texts[value] ?? '') : undefined;
      active.add(id, at, of, value, text, state.note(id, at, of, value, text));
    }
    active.uptoSegment = segment;
  }

  /** The columns of several batches as one; the numbers of the series are still missing. */
  #join(batches: readonly NamedBatch[]): SegmentColumns {
    const count = batches.reduce((sum, batch) => sum + batch.ts.length, 0);
    if (this.#ids.length < count) this.#ids = new Uint32Array(count * 2);
    const series = this.#ids.subarray(0, count);
    const [only] = batches;
    if (only !== undefined && batches.length === 1) return { ...only, series };
    const ts = new Float64Array(count);
    const kind = new Uint8Array(count);
    const number = new Float64Array(count);
    const texts: string[] = [];
    let at = 0;
    for (const batch of batches) {
      ts.set(batch.ts, at);
      kind.set(batch.kind, at);
      number.set(batch.number, at);
      if (batch.texts.length > 0) {
        const shift = texts.length;
        for (const text of batch.texts) texts.push(text);
        if (shift > 0) {
          for (let i = at; i < at + batch.ts.length; i++) {
            if (kind[i] === 1 || kind[i] === 3) number[i] = (number[i] ?? 0) + shift;
          }
        }
      }
      at += batch.ts.length;
    }
    return { series, ts, kind, number, texts };
  }

  #beginSeal(): void {
    if (this.#seal !== undefined) return;
    if (this.#head.sealing === undefined) this.#head.rotate();
    this.#begin('seal', this.#sealSlab());
  }

  *#sealSlab(): Steps<void> {
    const slab = this.#head.sealing;
    if (slab === undefined) return;
    yield* seal(slab, { days: this.#days, state: this.#state, hot: this.#hot });
    this.#upkeep.sealed(slab.sealedDays);
    this.#hot.sealed(slab.uptoSegment);
    this.#head.release();
    this.#healed();
    // Appends may have waited for the room, and there are segments to delete and blocks to merge.
    if (this.#tidy === undefined) this.#begin('tidy', this.#nextTidy(Date.now()));
    this.#options.wake();
  }

  #nextTidy(nowMs: number): Steps<void> | undefined {
    if (this.#days.damagedParts > 0 && performance.now() - this.#recheckedAt >= recheckMs) {
      this.#recheckedAt = performance.now();
      return this.#recheck();
    }
    return this.#upkeep.next(nowMs);
  }

  /** Damaged files may have been put right: a disk that came back, a copy from a backup. */
  *#recheck(): Steps<void> {
    for (const file of [...this.#days.all()].filter((one) => one.damagedParts > 0)) {
      yield* this.#days.settled(file);
      const fresh = this.#days.reopen(file);
      if (fresh === undefined) continue;
      const { damaged } = yield* verifyFile(fresh);
      if (damaged === 0) this.#options.note('info', `${fresh.path} is whole again`);
    }
  }

  #begin(lane: 'seal' | 'tidy', steps: Steps<void> | undefined): void {
    const job = steps && { steps, isWaiting: false, failure: undefined };
    if (lane === 'seal') this.#seal = job;
    else this.#tidy = job;
    if (job !== undefined) this.#options.wake();
  }

  /** @returns whether something was done */
  #step(lane: 'seal' | 'tidy'): boolean {
    const job = this.#jobOf(lane);
    if (job === undefined || job.isWaiting) return false;
    try {
      const failure = job.failure;
      job.failure = undefined;
      const next = this.longestStep.time(() =>
        failure === undefined ? job.steps.next() : job.steps.throw(failure.error),
      );
      if (next.done) {
        this.#begin(lane, lane === 'tidy' ? this.#nextTidy(Date.now()) : undefined);
      } else if (next.value !== undefined) {
        job.isWaiting = true;
        const resume = (failed?: { readonly error: unknown }): void => {
          job.isWaiting = false;
          job.failure = failed;
          this.#options.wake();
        };
        next.value.then(
          () => resume(),
          (error: unknown) => resume({ error }),
        );
      }
    } catch (error) {
      this.#begin(lane, undefined);
      this.#failed(error);
    }
    return true;
  }

  #failed(error: unknown): void {
    this.#hot.recover(error);
    const text = toFault(error).message;
    if (this.#fault?.text !== text) this.#options.note('error', `telemetry cannot be brought into its files: ${text}`);
    this.#fault = { text, retryAt: performance.now() + retryMs };
  }

  #healed(): void {
    if (this.#fault === undefined) return;
    this.#fault = undefined;
    this.#options.note('info', 'telemetry is brought into its files again');
  }
}
