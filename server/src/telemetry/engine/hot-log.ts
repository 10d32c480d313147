/**
 * `hot.sqlite`: what is small or new. Segments not yet sealed, the numbers of series, what was deleted, and the pages of
 * `SeriesState`. A commit is one transaction here, with synchronous=FULL.
 */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import type { Fault } from '../protocol.ts';
import type { DeviceRef } from '../store.ts';
import type { Tombstone } from './tombstones.ts';

const schemaVersion = 1;

/**
 * AUTOINCREMENT: a number that was given once is never given again. The files of days say up to which segment they hold
 * everything, and chunks know their series by its number alone.
 */
const tables = `
  create table if not exists series (
    id integer primary key autoincrement,
    tenant_id text not null,
    device_id text not null,
    key text not null,
    unique (tenant_id, device_id, key)
  ) strict;
  create table if not exists segment (id integer primary key autoincrement, data blob not null) strict;
  create table if not exists tombstone (
    id integer primary key autoincrement,
    series integer not null,
    from_ms integer not null,
    to_ms integer not null,
    after_segment integer not null
  ) strict;
  create table if not exists series_state (page integer primary key, data blob not null) strict;
  create table if not exists reclaim (day integer primary key) strict;
  create table if not exists dropped_device (
    tenant_id text not null,
    device_id text not null,
    last_series integer not null,
    primary key (tenant_id, device_id)
  ) strict;
`;

/**
 * Primary result codes after which only a new connection helps: SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_CANTOPEN,
 * SQLITE_NOTADB. After the others (busy, full, read-only) this one still answers questions and takes writes again once
 * the cause has gone.
 */
const brokenCodes = new Set([10, 11, 14, 26]);

/** A device that is being deleted: its series up to this one go. */
export interface DroppedDevice extends DeviceRef {
  readonly lastSeries: number;
}

export interface HotLogOptions {
  readonly path: string;
  /** The file never grows beyond this; undefined for as far as the disk goes. */
  readonly maxSizeBytes: number | undefined;
  /** For those who look while another process writes. */
  readonly readOnly?: boolean;
}

/** Rows as arrays, in the types that their statement says. */
type Rows<T extends readonly unknown[]> = readonly T[];

/** About what a transaction adds to the log beside its data: pages of trees, of the list of free pages. */
const logBytesPerTransaction = 16 * 1024;
/**
 * The log is copied into the file when so much is in it and nothing else waits (measured: 6 ms), and in any case at the
 * second (20 ms). SQLite would do it in the middle of a commit.
 */
const logBytesIdle = 4 * 2 ** 20;
const logBytesLimit = 16 * 2 ** 20;

/** No page of series: that it is there says what `isStateMissing` says. */
const missingPage = -1;
/** So much of the oldest segments goes at once when room is needed. */
const roomBytes = 2 * 2 ** 20;
const roomSegments = 2000;

/** Sealed segments deleted along with a commit: a few, so that the commit stays quick. */
const deletedPerCommit = 16;

export class HotLog {
  readonly #options: HotLogOptions;
  #connection: DatabaseSync | undefined;
  readonly #prepared = new Map<string, StatementSync>();
  #sealedUpto = 0;
  #lastSegment = 0;
  #segmentsToDelete = false;
  /** In the log since it was copied last; about. */
  #logBytes = 0;

  constructor(options: HotLogOptions) {
    this.#options = options;
  }

  /** The newest segment that was ever committed. */
  get lastSegment(): number {
    return this.#lastSegment;
  }

  open(): void {
    this.#lastSegment = this.#sequence('segment');
  }

  /** Prepares a statement once per connection; rows come as arrays. The few texts are all in this program. */
  prepare(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      this.#connection ??= connect(this.#options);
      statement = this.#connection.prepare(sql);
      statement.setReturnArrays(true);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }

  rows<T extends readonly unknown[]>(sql: string, ...parameters: (number | string)[]): Rows<T> {
    // The columns are those of the statement, which stands beside its type.
    return this.prepare(sql).all(...parameters) as unknown as Rows<T>;
  }

  /** Runs `work` in one durable transaction; all of it stands afterwards, or nothing. */
  transaction<T>(work: () => T): T {
    this.#connection ??= connect(this.#options);
    const connection = this.#connection;
    connection.exec('begin immediate');
    try {
      const result = work();
      connection.exec('commit');
      this.#logBytes += logBytesPerTransaction;
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some faults.
      if (connection.isTransaction) connection.exec('rollback');
      throw error;
    }
  }

  /** In a transaction. @returns the number of the segment */
  addSegment(data: Uint8Array): number {
    const { lastInsertRowid } = this.prepare('insert into segment (data) values (?)').run(data);
    this.#logBytes += data.length;
    if (this.#segmentsToDelete) this.#deleteSegments(deletedPerCommit);
    return Number(lastInsertRowid);
  }

  /** The transaction of `addSegment` was committed. */
  committed(segment: number): void {
    this.#lastSegment = segment;
  }

  /** Segments behind `after`, a page of them: those before the page may be deleted meanwhile. */
  segmentsAfter(after: number): Rows<[number, Uint8Array]> {
    return this.rows('select id, data from segment where id > ? order by id limit 32', after);
  }

  /** The points of segments up to this one are all in their files: the segments go, some with each commit. */
  sealed(upto: number): void {
    this.#sealedUpto = Math.max(this.#sealedUpto, upto);
    this.#segmentsToDelete = true;
  }

  get hasSegmentsToDelete(): boolean {
    return this.#segmentsToDelete;
  }

  /** For times without commits. */
  deleteSealedSegments(): void {
    this.transaction(() => this.#deleteSegments(4 * deletedPerCommit));
  }

  /** All segments at once, for those who look in from outside. */
  allSegments(): Rows<[number, Uint8Array]> {
    return this.rows('select id, data from segment order by id');
  }

  /** What `look` reads is of one moment, whatever another process writes meanwhile. */
  snapshot<T>(look: () => T): T {
    this.#connection ??= connect(this.#options);
    this.#connection.exec('begin');
    try {
      return look();
    } finally {
      this.#connection.exec('rollback');
    }
  }

  oldestSegment(): number {
    const [row] = this.rows<[number | null]>('select min(id) from segment');
    return row?.[0] ?? Number.MAX_SAFE_INTEGER;
  }

  /**
   * In one transaction.
   * @param upto some segments up to this one go before the pages are written, to make room for them
   * @param missing from now on the pages do not know all that those segments did, until it is said that they do
   */
  writeStatePages(
    pages: readonly { readonly page: number; readonly data: Uint8Array }[],
    { upto, missing }: { readonly upto?: number; readonly missing?: boolean } = {},
  ): void {
    this.transaction(() => {
      if (upto !== undefined) this.#makeRoom(upto);
      const statement = this.prepare(
        'insert into series_state (page, data) values (?, ?) on conflict (page) do update set data = excluded.data',
      );
      for (const { page, data } of pages) {
        statement.run(page, data);
        this.#logBytes += data.length;
      }
      if (missing === true) statement.run(missingPage, new Uint8Array(0));
      if (missing === false) this.prepare('delete from series_state where page = ?').run(missingPage);
    });
  }

  /** Whether there are segments gone whose latest points are in no page. */
  isStateMissing(): boolean {
    return this.rows('select 1 from series_state where page = ?', missingPage).length > 0;
  }

  statePages(): Rows<[number, Uint8Array]> {
    return this.rows('select page, data from series_state where page >= 0');
  }

  tombstones(): Tombstone[] {
    return this.rows<[number, number, number, number, number]>(
      'select id, series, from_ms, to_ms, after_segment from tombstone order by id',
    ).map(([id, series, fromMs, toMs, afterSegment]) => ({ id, series, fromMs, toMs, afterSegment }));
  }

  /** In a transaction. */
  addTombstone(series: number, fromMs: number, toMs: number): Tombstone {
    const afterSegment = this.#lastSegment;
    const { lastInsertRowid } = this.prepare(
      'insert into tombstone (series, from_ms, to_ms, after_segment) values (?, ?, ?, ?)',
    ).run(series, fromMs, toMs, afterSegment);
    return { id: Number(lastInsertRowid), series, fromMs, toMs, afterSegment };
  }

  /** In a transaction. */
  removeTombstone(id: number): void {
    this.prepare('delete from tombstone where id = ?').run(id);
  }

  /** Days whose files hold what retention hides: until they are written anew, whatever happens to the process. */
  reclaimDays(): number[] {
    return this.rows<[number]>('select day from reclaim').map(([day]) => day);
  }

  addReclaimDays(days: readonly number[]): void {
    this.transaction(() => {
      const statement = this.prepare('insert or ignore into reclaim (day) values (?)');
      for (const day of days) statement.run(day);
    });
  }

  removeReclaimDays(days: readonly number[]): void {
    this.transaction(() => {
      const statement = this.prepare('delete from reclaim where day = ?');
      for (const day of days) statement.run(day);
    });
  }

  /** In a transaction. */
  addDroppedDevice({ tenantId, deviceId, lastSeries }: DroppedDevice): void {
    this.prepare('insert or replace into dropped_device (tenant_id, device_id, last_series) values (?, ?, ?)').run(
      tenantId,
      deviceId,
      lastSeries,
    );
  }

  /** In a transaction. */
  removeDroppedDevice({ tenantId, deviceId }: DroppedDevice): void {
    this.prepare('delete from dropped_device where tenant_id = ? and device_id = ?').run(tenantId, deviceId);
  }

  droppedDevices(): DroppedDevice[] {
    return this.rows<[string, string, number]>('select tenant_id, device_id, last_series from dropped_device').map(
      ([tenantId, deviceId, lastSeries]) => ({ tenantId, deviceId, lastSeries }),
    );
  }

  /** Numbers of its series, some of them. */
  seriesOf({ tenantId, deviceId, lastSeries }: DroppedDevice, limit: number): number[] {
    return this.rows<[number]>(
      'select id from series where tenant_id = ? and device_id = ? and id <= ? limit ?',
      tenantId,
      deviceId,
      lastSeries,
      limit,
    ).map(([id]) => id);
  }

  /** In a transaction. */
  removeSeries(ids: readonly number[]): void {
    const statement = this.prepare('delete from series where id = ?');
    for (const id of ids) statement.run(id);
  }

  /**
   * Files of days may know more than this database when it is an older copy: what they used is not given again.
   * @param segment at least so high is the next number of a segment, minus one
   */
  skipNumbers(segment: number, series: number): void {
    this.transaction(() => {
      for (const [name, least] of [
        ['segment', segment],
        ['series', series],
      ] as const) {
        if (this.#sequence(name) >= least) continue;
        this.prepare('delete from sqlite_sequence where name = ?').run(name);
        this.prepare('insert into sqlite_sequence (name, seq) values (?, ?)').run(name, least);
      }
    });
    this.#lastSegment = this.#sequence('segment');
  }

  lastSeries(): number {
    return this.#sequence('series');
  }

  /** Whether the log is to be copied into the file now. @param isIdle nothing waits for the thread */
  isCheckpointDue(isIdle: boolean): boolean {
    return this.#logBytes >= (isIdle ? logBytesIdle : logBytesLimit);
  }

  /** Copies the log into the file. Those who read meanwhile are not waited for: what they need stays in the log. */
  checkpoint(): void {
    this.#logBytes = 0;
    this.prepare('pragma wal_checkpoint(passive)').all();
  }

  /** After a fault of the file itself the connection is made anew for the next call, so that it can recover. */
  recover(error: unknown): void {
    if (!brokenCodes.has(toFault(error).errcode & 0xff)) return;
    try {
      this.close();
    } catch {
      // It could not even be closed: it is given up.
    }
  }

  close(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    this.#prepared.clear();
    connection?.close();
  }

  #deleteSegments(limit: number): void {
    const { changes } = this.prepare(
      'delete from segment where id in (select id from segment where id <= ? order by id limit ?)',
    ).run(this.#sealedUpto, limit);
    if (Number(changes) < limit) this.#segmentsToDelete = false;
  }

  /** In a transaction. */
  #makeRoom(upto: number): void {
    let last: number | undefined;
    let bytes = 0;
    const oldest = 'select id, length(data) from segment where id <= ? order by id limit ?';
    for (const [id, size] of this.rows<[number, number]>(oldest, upto, roomSegments)) {
      last = id;
      bytes += size;
      if (bytes >= roomBytes) break;
    }
    if (last !== undefined) this.prepare('delete from segment where id <= ?').run(last);
  }

  #sequence(table: 'segment' | 'series'): number {
    const [row] = this.rows<[number]>('select seq from sqlite_sequence where name = ?', table);
    return row?.[0] ?? 0;
  }
}

function connect({ path, maxSizeBytes, readOnly = false }: HotLogOptions): DatabaseSync {
  if (readOnly) return new DatabaseSync(path, { readOnly, timeout: 5000 });
  // Nobody else writes to this file. One second is for a tool that looks into it.
  const connection = new DatabaseSync(path, { timeout: 1000 });
  try {
    // FULL: a commit waits until the disk has it. The log is copied into the file by `checkpoint` alone, between
    // commits; 8 MB of pages are kept in memory.
    connection.exec(
      'pragma journal_mode=wal; pragma synchronous=full; pragma wal_autocheckpoint=0; pragma journal_size_limit=33554432; pragma cache_size=-8192; pragma temp_store=memory;',
    );
    const version = Number(connection.prepare('pragma user_version').get()?.['user_version']);
    if (version > schemaVersion) throw new Error('it was written by a newer Gapura');
    connection.exec(`begin immediate; ${tables} commit;`);
    if (version < schemaVersion) connection.exec(`pragma user_version = ${schemaVersion}`);
    if (maxSizeBytes !== undefined) {
      const pageBytes = Number(connection.prepare('pragma page_size').get()?.['page_size']);
      connection.exec(`pragma max_page_count=${Math.max(1, Math.floor(maxSizeBytes / pageBytes))}`);
    }
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

/** What can cross to the main thread of something that was thrown. */
export function toFault(error: unknown): Fault {
  const { message, errcode } = error as { message?: string; errcode?: number };
  return { message: message ?? String(error), errcode: errcode ?? 0 };
}

/** Whether there is no room: SQLITE_FULL. */
export function isFull(error: unknown): boolean {
  return (toFault(error).errcode & 0xff) === 13;
}
