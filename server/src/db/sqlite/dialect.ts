/**
 * Kysely on `node:sqlite`: reads run on the main thread (a few µs, WAL readers never wait), writes and transactions run
 * in the writer thread. A read outside of a transaction sees every commit that has been acknowledged.
 */
import { DatabaseSync } from 'node:sqlite';
import {
  type CompiledQuery,
  type DatabaseConnection,
  type DatabaseIntrospector,
  type Dialect,
  type DialectAdapter,
  type Driver,
  type Kysely,
  type QueryCompiler,
  type QueryResult,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import type { SqlValue } from './protocol.ts';
import { createStatementCache } from './statements.ts';
import { SqliteWriter } from './writer.ts';

/** Kysely need not queue the users of the database: the writer thread keeps transactions apart. */
class ConcurrentSqliteAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

/** @param path of the database file; its folder exists */
export function createSqliteDialect(path: string): Dialect {
  return {
    createAdapter: (): DialectAdapter => new ConcurrentSqliteAdapter(),
    createDriver: (): Driver => new SqliteDriver(path),
    createQueryCompiler: (): QueryCompiler => new SqliteQueryCompiler(),
    createIntrospector: (db: Kysely<unknown>): DatabaseIntrospector => new SqliteIntrospector(db),
  };
}

class SqliteDriver implements Driver {
  readonly #path: string;
  #writer: SqliteWriter | undefined;
  #reader: DatabaseSync | undefined;
  #prepare: ReturnType<typeof createStatementCache> | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  async init(): Promise<void> {
    this.#writer = await SqliteWriter.open(this.#path);
    this.#reader = new DatabaseSync(this.#path, { readOnly: true, timeout: 5000 });
    this.#prepare = createStatementCache(this.#reader);
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    if (this.#writer === undefined || this.#prepare === undefined) throw new Error('The database is not open.');
    return new SqliteConnection(this.#writer, this.#prepare);
  }

  async beginTransaction(connection: SqliteConnection): Promise<void> {
    await connection.begin();
  }

  async commitTransaction(connection: SqliteConnection): Promise<void> {
    await connection.end('COMMIT');
  }

  async rollbackTransaction(connection: SqliteConnection): Promise<void> {
    await connection.end('ROLLBACK');
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {
    this.#reader?.close();
    await this.#writer?.close();
  }
}

class SqliteConnection implements DatabaseConnection {
  readonly #writer: SqliteWriter;
  readonly #prepare: ReturnType<typeof createStatementCache>;
  /** The number of the transaction that is open on this connection, or 0. */
  #transaction = 0;

  constructor(writer: SqliteWriter, prepare: ReturnType<typeof createStatementCache>) {
    this.#writer = writer;
    this.#prepare = prepare;
  }

  async begin(): Promise<void> {
    const transaction = this.#writer.newTransaction();
    await this.#writer.run('BEGIN IMMEDIATE', [], transaction);
    this.#transaction = transaction;
  }

  async end(sql: 'COMMIT' | 'ROLLBACK'): Promise<void> {
    // A COMMIT that fails (disk full) leaves the transaction open: Kysely then rolls back on this connection.
    await this.#writer.run(sql, [], this.#transaction);
    this.#transaction = 0;
  }

  async executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    const parameters = query.parameters.map(toSqlValue);
    if (this.#transaction === 0 && query.query.kind === 'SelectQueryNode') {
      return { rows: this.#prepare(query.sql).all(...parameters) as R[] };
    }
    return toResult(await this.#writer.run(query.sql, parameters, this.#transaction));
  }

  /** Rows one by one, outside of transactions. The reader's snapshot stays open meanwhile: read swiftly. */
  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    for (const row of this.#prepare(query.sql).iterate(...query.parameters.map(toSqlValue))) yield { rows: [row as R] };
  }
}

function toResult<R>(reply: { rows: readonly unknown[]; changes: number }): QueryResult<R> {
  return { rows: reply.rows as R[], numAffectedRows: BigInt(reply.changes) };
}

function toSqlValue(value: unknown): SqlValue {
  if (value === undefined || value === null) return null;
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number' || typeof value === 'string' || typeof value === 'bigint') return value;
  if (value instanceof Uint8Array) return value;
  throw new TypeError(`A ${typeof value} cannot be stored; convert it first.`);
}
