/** The connection of the storage thread: tables, prepared statements, and a way back after a fault. */
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { type Fault, schemaVersion, type ThreadOptions } from './protocol.ts';

/**
 * `series` gives a number to each (tenant, device, key). A series whose tenant is '' belongs to nobody any more: its
 * device was deleted and its points go one step at a time.
 */
const tables = `
  create table series (
    id integer primary key,
    tenant_id text not null,
    device_id text not null,
    key text not null,
    unique (tenant_id, device_id, key)
  ) strict;
  create table point (
    series integer not null,
    ts integer not null,
    kind integer not null,
    number real,
    text text,
    primary key (series, ts)
  ) strict, without rowid;
  pragma user_version = ${schemaVersion};
`;

/**
 * Primary result codes after which only a new connection helps: SQLITE_IOERR, SQLITE_CORRUPT, SQLITE_CANTOPEN,
 * SQLITE_NOTADB. After the others (busy, full, read-only) this one still answers questions and takes writes again once
 * the cause has gone.
 */
const brokenCodes = new Set([10, 11, 14, 26]);

export class TelemetryDatabase {
  readonly #options: ThreadOptions;
  #connection: DatabaseSync | undefined;
  readonly #prepared = new Map<string, StatementSync>();

  constructor(options: ThreadOptions) {
    this.#options = options;
  }

  /** The connection; opens the file when a fault closed it. */
  get #open(): DatabaseSync {
    this.#connection ??= connect(this.#options);
    return this.#connection;
  }

  /** Prepares a statement once per connection; rows come as arrays. The few texts are all in this program. */
  prepare(sql: string): StatementSync {
    let statement = this.#prepared.get(sql);
    if (statement === undefined) {
      statement = this.#open.prepare(sql);
      statement.setReturnArrays(true);
      this.#prepared.set(sql, statement);
    }
    return statement;
  }

  /** Runs `work` in one durable transaction; all of it stands afterwards, or nothing. */
  transaction<T>(work: () => T): T {
    const connection = this.#open;
    connection.exec('begin immediate');
    try {
      const result = work();
      connection.exec('commit');
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some faults.
      if (connection.isTransaction) connection.exec('rollback');
      throw error;
    }
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
}

function connect({ path, maxSizeBytes }: ThreadOptions): DatabaseSync {
  // Nobody else writes to this file. One second is for a tool that looks into it.
  const connection = new DatabaseSync(path, { timeout: 1000 });
  try {
    // FULL: a commit waits until the disk has it. The log may grow to 16 MB before it is copied into the file, because
    // small checkpoints write the same pages again and again; 16 MB of pages are kept in memory.
    connection.exec(
      'pragma journal_mode=wal; pragma synchronous=full; pragma wal_autocheckpoint=4000; pragma journal_size_limit=33554432; pragma cache_size=-16384; pragma temp_store=memory;',
    );
    const version = Number(connection.prepare('pragma user_version').get()?.['user_version']);
    if (version > schemaVersion) throw new Error('it was written by a newer Gapura');
    if (version === 0) connection.exec(`begin immediate; ${tables} commit;`);
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
