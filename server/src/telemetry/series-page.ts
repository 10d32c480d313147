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
  let characters = 0;
  let pointsLeft = pointsLimit;
  let next: SeriesPosition | undefined;
  let text = '{"series":[';
  let comma = '';
  for (let index = position.index; index < seriesCount && next === undefined; index++) {
    const deviceId = deviceIds[Math.floor(index / keys.length)] ?? '';
    const key = keys[index % keys.length] ?? '';
    if (!devices.has(deviceId)) continue;
    const isBegun = index === position.index && position.taken > 0;
    let taken = isBegun ? position.taken : 0;
    let afterMs = isBegun ? position.afterMs : 0;
    const atStart = { index, taken, afterMs };
    // A sampled series cannot be continued: one that may not fit any more begins the next page.
    const isTooLong = read.downsampleTo !== undefined && read.downsampleTo > pointsLeft && pointsLeft < pointsLimit;
    if (pointsLeft === 0 || characters > pageCharactersLimit || isTooLong) {
      next = atStart;
      break;
    }
    const limit = read.downsampleTo === undefined ? Math.min(read.limit - taken, pointsLeft) : read.limit;
    const pages = readSeries(store, { tenantId, deviceId }, key, {
      ...read,
      limit,
      ...(isBegun && { afterMs }),
    });
    text += `${comma}{"deviceId":${JSON.stringify(deviceId)},"key":${JSON.stringify(key)},"points":[`;
    comma = ',';
    let rowComma = '';
    let isCut = false;
    for await (const rows of pages) {
      text += rowComma + rows.map((row: Row) => `{${membersOf(row, columns)}}`).join(',');
      rowComma = ',';
      characters += text.length;
      taken += rows.length;
      pointsLeft -= rows.length;
      afterMs = rows.at(-1)?.ts ?? afterMs;
      yield text;
      text = '';
      isCut = characters > pageCharactersLimit && read.downsampleTo === undefined;
      if (isCut) break;
    }
    text += ']}';
    const mayGoOn = read.downsampleTo === undefined && taken < read.limit;
    if (mayGoOn && (isCut || pointsLeft === 0)) next = { index, taken, afterMs };
  }
  yield `${text}],"nextCursor":${next === undefined ? null : JSON.stringify(cursorAt(next))}}`;
}
