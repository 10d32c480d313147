import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { preparedLimit } from './protocol.ts';

/** Prepares each SQL text once and keeps the most recently used ones. */
export function createStatementCache(database: DatabaseSync): (sql: string) => StatementSync {
  const prepared = new Map<string, StatementSync>();
  return (sql) => {
    let statement = prepared.get(sql);
    if (statement !== undefined) {
      prepared.delete(sql);
    } else {
      statement = database.prepare(sql);
      const oldest = prepared.size >= preparedLimit ? prepared.keys().next().value : undefined;
      if (oldest !== undefined) prepared.delete(oldest);
    }
    prepared.set(sql, statement);
    return statement;
  };
}
