/**
 * The one writer of the entity database, in a thread of its own so that the main thread never waits for the disk.
 * Statements that stand alone and arrive while a commit runs share the next commit.
 */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import type { SqlValue, WriteReply, WriteRequest } from './protocol.ts';
import { createStatementCache } from './statements.ts';

if (parentPort === null) throw new Error('This file runs as a worker thread.');
const port = parentPort;
const { path } = workerData as { path: string };

const database = new DatabaseSync(path, { timeout: 5000 });
database.exec('PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY;');
const prepare = createStatementCache(database);

let waiting: WriteRequest[] = [];
/** The number of the transaction that is open, or 0. All that does not belong to it waits. */
let open = 0;
let scheduled = false;
let closing = false;
port.on('message', (request: WriteRequest | 'close') => {
  if (request === 'close') closing = true;
  else waiting.push(request);
  if (!scheduled) {
    scheduled = true;
    setImmediate(drain);
  }
});
port.postMessage('ready');

function drain(): void {
  scheduled = false;
  const requests = waiting;
  waiting = [];
  let group: WriteRequest[] = [];
  for (const request of requests) {
    if (open !== 0 && request.transaction !== open) {
      waiting.push(request);
    } else if (request.transaction === 0) {
      group.push(request);
    } else {
      commitGroup(group);
      group = [];
      port.postMessage([runInTransaction(request)]);
    }
  }
  commitGroup(group);
  if (open === 0 && waiting.length > 0) drain();
  if (closing && waiting.length === 0) {
    database.close();
    port.close();
  }
}

function runInTransaction(request: WriteRequest): WriteReply {
  const begins = request.sql.startsWith('BEGIN');
  if (!begins && !database.isTransaction) {
    // SQLite rolls a transaction back by itself after some faults (disk full, I/O error).
    open = 0;
    if (request.sql === 'ROLLBACK') return { id: request.id, rows: [], changes: 0 };
    return failure(request, new Error('The transaction was rolled back after an earlier fault.'));
  }
  const reply = run(request);
  open = database.isTransaction ? request.transaction : 0;
  return reply;
}

/** One transaction for all: a statement that fails undoes only itself (SQLite's ABORT), the others stand. */
function commitGroup(group: readonly WriteRequest[]): void {
  const [first, ...more] = group;
  if (first === undefined) return;
  if (more.length === 0) {
    port.postMessage([run(first)]);
    return;
  }
  let replies: WriteReply[];
  try {
    database.exec('BEGIN IMMEDIATE');
    replies = group.map(run);
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    replies = group.map((request) => failure(request, error));
  }
  port.postMessage(replies);
}

function run(request: WriteRequest): WriteReply {
  try {
    const statement = prepare(request.sql);
    const parameters = request.parameters as SqlValue[];
    if (statement.columns().length > 0) {
      const rows = statement.all(...parameters) as Record<string, SqlValue>[];
      return { id: request.id, rows, changes: rows.length };
    }
    return { id: request.id, rows: [], changes: Number(statement.run(...parameters).changes) };
  } catch (error) {
    return failure(request, error);
  }
}

function failure(request: WriteRequest, error: unknown): WriteReply {
  const { message, code, errcode } = error as { message?: string; code?: string; errcode?: number };
  return {
    id: request.id,
    rows: [],
    changes: 0,
    error: { message: message ?? String(error), code: code ?? 'ERR_SQLITE_ERROR', errcode: errcode ?? 0 },
  };
}
