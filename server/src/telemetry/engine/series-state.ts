/**
 * What is known of every series without reading: its latest point, and up to when retention took its points. Kept in
 * memory by the number of the series, and on disk in pages of a thousand series, written when points are sealed.
 */
import type { HotLog } from './hot-log.ts';
import { isTextual, Points } from './points.ts';
import type { Steps } from './steps.ts';

const pageShift = 10;
const pageSeries = 1 << pageShift;
/** Pages written in one transaction: about half a megabyte. */
const pagesPerStep = 16;

/** Stands for the kind of the latest value. */
export const noLatest = 0xff;
/** The latest point was deleted: it has to be looked for. */
export const unknownLatest = 0xfe;

/** Somebody looks for the latest point of a series; what comes meanwhile is kept here, the latest of it. */
export interface LatestSearch {
  readonly meanwhile: Points;
}

export class SeriesState {
  #latestTs = new Float64Array(0);
  #number = new Float64Array(0);
  #kind = new Uint8Array(0);
  /** Of a textual series `#number` says which of these is its value; a map would cost more than all the rest of `note`. */
  readonly #texts: string[] = [];
  readonly #freeTexts: number[] = [];
  /** What retention took: points before `floorMs` that came in segments up to `floorSegment`. */
  #floorMs = new Float64Array(0);
  #floorSegment = new Float64Array(0);
  readonly #searches = new Map<number, LatestSearch>();
  readonly #dirty = new Set<number>();
  /** While the database says that pages are missing something; another one each time. */
  #missing: object | undefined;
  /** The page that was marked last; -1 when it may have been written since. */
  #lastDirty = -1;

  /** Bytes of memory, about. */
  get capacity(): number {
    return this.#kind.length;
  }

  reserve(maxSeries: number): void {
    if (maxSeries < this.capacity) return;
    const pages = Math.ceil((Math.max(maxSeries, this.capacity * 1.5) + 1) / pageSeries);
    const capacity = pages * pageSeries;
    const grow = <T extends Float64Array | Uint8Array>(to: T, from: T): T => {
      to.set(from);
      return to;
    };
    this.#latestTs = grow(new Float64Array(capacity), this.#latestTs);
    this.#number = grow(new Float64Array(capacity), this.#number);
    this.#kind = grow(new Uint8Array(capacity).fill(noLatest), this.#kind);
    this.#floorMs = grow(new Float64Array(capacity).fill(-Infinity), this.#floorMs);
    this.#floorSegment = grow(new Float64Array(capacity), this.#floorSegment);
  }

  /**
   * A point was stored. Of one time the last one to come counts. Only after `reserve`.
   * @returns whether no point of the series is later
   */
  note(series: number, ts: number, kind: number, number: number, text: string | undefined): boolean {
    const known = this.#kind[series] ?? noLatest;
    // While the latest is unknown, a point may be older than the one that would be found.
    if (known === unknownLatest) {
      if (this.#searches.size > 0) this.#noteMeanwhile(series, ts, kind, number, text);
      return false;
    }
    if (known !== noLatest && (this.#latestTs[series] ?? 0) > ts) return false;
    this.#latestTs[series] = ts;
    if (text !== undefined) {
      this.#keepText(series, text);
    } else {
      if (isTextual(known)) this.#dropText(series);
      this.#number[series] = number;
    }
    this.#kind[series] = kind;
    this.#mark(series);
    return true;
  }

  /** `noLatest`, `unknownLatest`, or the kind of its value. */
  latestKind(series: number): number {
    return this.#kind[series] ?? noLatest;
  }

  latestTs(series: number): number {
    return this.#latestTs[series] ?? 0;
  }

  /** Adds the latest point, whose kind is known, to `points`. */
  addLatest(series: number, points: Points): void {
    points.add(this.latestTs(series), this.latestKind(series), this.#number[series] ?? 0, this.#textOf(series));
  }

  /** Points in [fromMs, toMs) were deleted. */
  forget(series: number, fromMs: number, toMs: number): void {
    // Who looks may have found what is deleted now.
    this.#searches.delete(series);
    const ts = this.latestTs(series);
    if (this.latestKind(series) !== noLatest && ts >= fromMs && ts < toMs) this.#set(series, unknownLatest);
  }

  /** Begins to look for the latest point of a series, or goes on with those who do. */
  search(series: number): LatestSearch {
    const search = this.#searches.get(series) ?? { meanwhile: new Points(1) };
    this.#searches.set(series, search);
    return search;
  }

  /** It was not looked for to the end. */
  giveUp(series: number): void {
    this.#searches.delete(series);
  }

  /**
   * The latest was looked for and is the last of `points`, or what came meanwhile.
   * @returns false when something was deleted meanwhile: it is to be looked for again
   */
  settle(series: number, search: LatestSearch, points: Points): boolean {
    if (this.latestKind(series) !== unknownLatest) return true;
    if (this.#searches.get(series) !== search) return false;
    this.#searches.delete(series);
    this.#set(series, noLatest);
    this.#noteLast(series, points);
    this.#noteLast(series, search.meanwhile);
    return true;
  }

  #noteMeanwhile(series: number, ts: number, kind: number, number: number, text: string | undefined): void {
    const meanwhile = this.#searches.get(series)?.meanwhile;
    if (meanwhile === undefined || (meanwhile.length > 0 && (meanwhile.ts[0] ?? 0) > ts)) return;
    meanwhile.clear();
    meanwhile.add(ts, kind, number, text);
  }

  #noteLast(series: number, points: Points): void {
    const i = points.length - 1;
    if (i < 0) return;
    const kind = points.kind[i] ?? 0;
    const number = points.number[i] ?? 0;
    this.note(series, points.ts[i] ?? 0, kind, number, isTextual(kind) ? points.texts[number] : undefined);
  }

  floorMs(series: number, segment: number): number {
    return segment <= (this.#floorSegment[series] ?? 0) ? (this.#floorMs[series] ?? -Infinity) : -Infinity;
  }

  /** @returns false when it would bring points back: an older floor is higher */
  raiseFloor(series: number, beforeMs: number, segment: number): boolean {
    this.reserve(series);
    if (beforeMs < (this.#floorMs[series] ?? -Infinity)) return false;
    this.#floorMs[series] = beforeMs;
    this.#floorSegment[series] = segment;
    this.#mark(series);
    return true;
  }

  /** Writes what has changed until now. */
  *persist(hot: HotLog): Steps<void> {
    const missing = this.#missing;
    yield* this.#write(hot);
    // One that began meanwhile misses what changed meanwhile.
    if (missing === undefined || this.#missing !== missing) return;
    hot.writeStatePages([], { missing: false });
    this.#missing = undefined;
  }

  /**
   * Writes what has changed in the place of segments, which are not needed once all is written. When it is cut off
   * before, the latest points are looked for in the files after the next start.
   */
  *persistInsteadOf(segment: number, hot: HotLog): Steps<void> {
    this.#missing = {};
    yield* this.#write(hot, segment);
    yield* this.persist(hot);
  }

  /** What the pages say may be older than what was known: only the files know. Call it when all pages are loaded. */
  doubtAll(lastSeries: number): void {
    this.#missing = {};
    this.reserve(lastSeries);
    for (let series = 1; series <= lastSeries; series++) this.#set(series, unknownLatest);
  }

  /**
   * What changes while it writes is left for the next time: under load all pages change with every commit.
   * @param instead of segments up to this one
   */
  *#write(hot: HotLog, instead?: number): Steps<void> {
    const changed = [...this.#dirty];
    for (let from = 0; from < changed.length; from += pagesPerStep) {
      const pages = changed.slice(from, from + pagesPerStep).filter((page) => this.#dirty.has(page));
      hot.writeStatePages(
        pages.map((page) => ({ page, data: this.#encode(page) })),
        instead === undefined ? {} : { upto: instead, missing: this.#missing !== undefined },
      );
      for (const page of pages) this.#dirty.delete(page);
      this.#lastDirty = -1;
      yield;
    }
  }

  load(page: number, data: Uint8Array): void {
    const from = page * pageSeries;
    this.reserve(from + pageSeries - 1);
    const bytes = data.slice();
    const head = new DataView(bytes.buffer);
    const count = pageSeries;
    let at = 8;
    this.#latestTs.set(new Float64Array(bytes.buffer, at, count), from);
    at += 8 * count;
    this.#number.set(new Float64Array(bytes.buffer, at, count), from);
    at += 8 * count;
    if (head.getUint32(0, true) === 1) {
      this.#floorMs.set(new Float64Array(bytes.buffer, at, count), from);
      at += 8 * count;
      this.#floorSegment.set(new Float64Array(bytes.buffer, at, count), from);
      at += 8 * count;
    }
    this.#kind.set(new Uint8Array(bytes.buffer, at, count), from);
    at += count;
    const textBytes = head.getUint32(4, true);
    const texts: [number, string][] =
      textBytes === 0 ? [] : JSON.parse(Buffer.from(bytes.buffer, at, textBytes).toString('utf8'));
    const textOf = new Map(texts);
    for (let series = from; series < from + count; series++) {
      if (isTextual(this.latestKind(series))) this.#number[series] = this.#addText(textOf.get(series) ?? '');
    }
  }

  /** Whether there are floors u32, bytes of texts u32, the columns, the texts as JSON. */
  #encode(page: number): Uint8Array {
    const from = page * pageSeries;
    const to = from + pageSeries;
    const floors = this.#floorMs.subarray(from, to);
    const hasFloors = floors.some((floor) => floor !== -Infinity);
    const texts: [number, string][] = [];
    for (let series = from; series < to; series++) {
      const text = this.#textOf(series);
      if (text !== undefined) texts.push([series, text]);
    }
    const text = texts.length === 0 ? '' : JSON.stringify(texts);
    const textBytes = Buffer.byteLength(text);
    const bytes = new Uint8Array(8 + pageSeries * (hasFloors ? 33 : 17) + textBytes);
    const head = new DataView(bytes.buffer);
    head.setUint32(0, hasFloors ? 1 : 0, true);
    head.setUint32(4, textBytes, true);
    let at = 8;
    const columns = [this.#latestTs, this.#number, ...(hasFloors ? [this.#floorMs, this.#floorSegment] : [])];
    for (const column of columns) {
      new Float64Array(bytes.buffer, at, pageSeries).set(column.subarray(from, to));
      at += 8 * pageSeries;
    }
    bytes.set(this.#kind.subarray(from, to), at);
    at += pageSeries;
    if (textBytes > 0) Buffer.from(bytes.buffer, at, textBytes).write(text, 'utf8');
    return bytes;
  }

  /** Points come in order of series, mostly: a page is marked once for many. */
  #mark(series: number): void {
    const page = series >>> pageShift;
    if (page === this.#lastDirty) return;
    this.#lastDirty = page;
    this.#dirty.add(page);
  }

  #set(series: number, kind: number): void {
    if (isTextual(this.latestKind(series))) this.#dropText(series);
    this.#kind[series] = kind;
    this.#mark(series);
  }

  #textOf(series: number): string | undefined {
    return isTextual(this.latestKind(series)) ? this.#texts[this.#number[series] ?? 0] : undefined;
  }

  /** While the kind of the series is still the one before. */
  #keepText(series: number, text: string): void {
    if (isTextual(this.latestKind(series))) this.#texts[this.#number[series] ?? 0] = text;
    else this.#number[series] = this.#addText(text);
  }

  #addText(text: string): number {
    const place = this.#freeTexts.pop() ?? this.#texts.length;
    this.#texts[place] = text;
    return place;
  }

  #dropText(series: number): void {
    const place = this.#number[series] ?? 0;
    this.#texts[place] = '';
    this.#freeTexts.push(place);
  }
}
