import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { SqlValue, WriteReply, WriteRequest } from './protocol.ts';

/** A statement that SQLite refused; `errcode` is its extended result code (sqlite.org/rescode.html). */
export class SqliteError extends Error {
  override readonly name = 'SqliteError';
  readonly errcode: number;
  constructor(message: string, errcode: number) {
    super(message);
    this.errcode = errcode;
  }
}

interface Pending {
  resolve(reply: WriteReply): void;
  reject(error: Error): void;
}

/** The main thread's end of the writer thread, which keeps one transaction open at a time. */
export class SqliteWriter {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #nextId = 1;
  #nextTransaction = 1;
  #failed: Error | undefined;

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (replies: readonly WriteReply[]) => {
      for (const reply of replies) {
        const pending = this.#pending.get(reply.id);
        this.#pending.delete(reply.id);
        if (reply.error === undefined) pending?.resolve(reply);
        else pending?.reject(new SqliteError(reply.error.message, reply.error.errcode));
      }
    });
    const fail = (error: Error): void => {
      this.#failed = error;
      for (const pending of this.#pending.values()) pending.reject(error);
      this.#pending.clear();
    };
    worker.on('error', fail);
    worker.on('exit', () => fail(this.#failed ?? new Error('The database writer has ended.')));
  }

  /** Opens (and creates) the database file and waits until the thread holds it. */
  static async open(path: string): Promise<SqliteWriter> {
    const worker = new Worker(new URL('./writer-thread.ts', import.meta.url), { workerData: { path } });
    await once(worker, 'message');
    return new SqliteWriter(worker);
  }

  /** A number for a new transaction. */
  newTransaction(): number {
    return this.#nextTransaction++;
  }

  /** Runs one statement; outside of a transaction (0) it resolves after its commit. */
  run(sql: string, parameters: readonly SqlValue[], transaction: number): Promise<WriteReply> {
    if (this.#failed !== undefined) return Promise.reject(this.#failed);
    const { promise, resolve, reject } = Promise.withResolvers<WriteReply>();
    const id = this.#nextId++;
    this.#pending.set(id, { resolve, reject });
    this.#worker.postMessage({ id, sql, parameters, transaction } satisfies WriteRequest);
    return promise;
  }

  async close(): Promise<void> {
    const ended = once(this.#worker, 'exit');
    this.#worker.postMessage('close');
    await ended;
  }
}
