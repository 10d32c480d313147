/** A page of several devices' series, written while it is read. */
import { pagePointsLimit } from '#contract/telemetry.ts';
import { membersOf } from './formats.ts';
import { columnsOf, type Row, readSeries, type SeriesRead } from './pages.ts';
import type { TelemetryStore } from './store.ts';

/** Where a page ended. */
export interface SeriesPosition {
  /** Of the series that is read next, in devices × keys. */
  readonly index: number;
  /** Its rows on the pages before. */
  readonly taken: number;
  /** `ts` of the last of them; without meaning when there are none. */
  readonly afterMs: number;
}

export interface SeriesQuestion {
  readonly deviceIds: readonly string[];
  readonly keys: readonly string[];
  readonly read: Omit<SeriesRead, 'afterMs'>;
  /** Where the page begins. */
  readonly position: SeriesPosition;
  /** The cursor of a page that begins there. */
  cursorAt(position: SeriesPosition): string;
}

/** Series whose first rows are asked for ahead: the storage thread answers them between two turns of this one. */
const seriesAhead = 16;
/** Rows that are asked for ahead at most: together no more than those of one question to the store. */
const rowsAhead = 5000;

/** Texts and JSON values may be long: a page with so many characters is ended before it has all its points. */
const pageCharactersLimit = 16 * 1024 * 1024;

/**
 * `{"series":[{"deviceId":…,"key":…,"points":[…]},…],"nextCursor":…}`
 * @param devices those of the question that exist
 * @param pointsLimit points in the page, fewer in tests
 */
export async function* writeSeriesPage(
  store: TelemetryStore,
  tenantId: string,
  devices: ReadonlySet<string>,
  question: SeriesQuestion,
  pointsLimit: number = pagePointsLimit,
): AsyncGenerator<string> {
  const { deviceIds, keys, read, position, cursorAt } = question;
  const columns = columnsOf(read);
  const seriesCount = deviceIds.length * keys.length;
  const isSampled = read.downsampleTo !== undefined;
  const ahead = Math.min(seriesAhead, Math.max(1, Math.floor(rowsAhead / Math.min(read.limit, rowsAhead))));
  const begun = new Map<number, BegunSeries>();
  let characters = 0;
  let pointsLeft = pointsLimit;
  let next: SeriesPosition | undefined;
  let text = '{"series":[';
  let comma = '';

  function begin(index: number): BegunSeries | undefined {
    const deviceId = deviceIds[Math.floor(index / keys.length)] ?? '';
    const key = keys[index % keys.length] ?? '';
    if (!devices.has(deviceId)) return undefined;
    const isContinued = index === position.index && position.taken > 0;
    const taken = isContinued ? position.taken : 0;
    const limit = isSampled ? read.limit : Math.min(read.limit - taken, pointsLeft);
    const afterMs = isContinued ? position.afterMs : 0;
    const pages = readSeries(store, { tenantId, deviceId }, key, { ...read, limit, ...(isContinued && { afterMs }) });
    const first = pages.next();
    // It may never be looked at; who looks at it learns of the fault all the same.
    first.catch(() => {});
    return { deviceId, key, taken, afterMs, first, pages };
  }

  let asked = position.index;
  try {
    for (let index = position.index; index < seriesCount && next === undefined; index++) {
      for (; asked < seriesCount && asked < index + ahead && pointsLeft > 0; asked++) {
        const one = begin(asked);
        if (one !== undefined) begun.set(asked, one);
      }
      const one = begun.get(index) ?? (asked <= index ? begin(index) : undefined);
      if (one === undefined) continue;
      const { deviceId, key, first, pages } = one;
      let { taken, afterMs } = one;
      // A sampled series cannot be continued: one that may not fit any more begins the next page.
      const isTooLong = (read.downsampleTo ?? 0) > pointsLeft && pointsLeft < pointsLimit;
      if (pointsLeft === 0 || characters > pageCharactersLimit || isTooLong) {
        next = { index, taken, afterMs };
        break;
      }
      text += `${comma}{"deviceId":${JSON.stringify(deviceId)},"key":${JSON.stringify(key)},"points":[`;
      comma = ',';
      let rowComma = '';
      let isCut = false;
      for (let page = await first; page.done !== true; page = await pages.next()) {
        // What was asked for ahead did not know yet how little room there would be.
        const rows = isSampled ? page.value : page.value.slice(0, pointsLeft);
        text += rowComma + rows.map((row: Row) => `{${membersOf(row, columns)}}`).join(',');
        rowComma = ',';
        characters += text.length;
        taken += rows.length;
        pointsLeft -= rows.length;
        afterMs = rows.at(-1)?.ts ?? afterMs;
        yield text;
        text = '';
        isCut = !isSampled && (characters > pageCharactersLimit || pointsLeft === 0);
        if (isCut) break;
      }
      begun.delete(index);
      await pages.return(undefined);
      text += ']}';
      const mayGoOn = !isSampled && taken < read.limit;
      if (mayGoOn && (isCut || pointsLeft === 0)) next = { index, taken, afterMs };
    }
    yield `${text}],"nextCursor":${next === undefined ? null : JSON.stringify(cursorAt(next))}}`;
  } finally {
    for (const { pages } of begun.values()) await pages.return(undefined).catch(() => {});
  }
}

/** A series whose first rows have been asked for. */
interface BegunSeries {
  readonly deviceId: string;
  readonly key: string;
  /** Its rows on the pages before, and the time of the last of them. */
  readonly taken: number;
  readonly afterMs: number;
  readonly first: Promise<IteratorResult<Row[], void>>;
  readonly pages: AsyncGenerator<Row[]>;
}
