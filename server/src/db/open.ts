import { Kysely } from 'kysely';
import { migrate } from './migrate.ts';
import type { Db, Tables } from './schema.ts';
import { createSqliteDialect } from './sqlite/dialect.ts';
import { SqliteError } from './sqlite/writer.ts';

/**
 * Opens the entity database and brings it to this program's version.
 * @param path of the SQLite file; its folder exists
 * @throws StartupError when a newer Gapura wrote it
 */
export async function openDatabase(path: string): Promise<Db> {
  const db = new Kysely<Tables>({ dialect: createSqliteDialect(path) });
  try {
    await migrate(db);
    return db;
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

/** SQLITE_CONSTRAINT_UNIQUE and SQLITE_CONSTRAINT_PRIMARYKEY (sqlite.org/rescode.html). */
const uniqueCodes = new Set([2067, 1555]);

/** Whether a statement failed because a row with the same unique value is there. */
export function isUniqueViolation(error: unknown): boolean {
  return error instanceof SqliteError && uniqueCodes.has(error.errcode);
}

/** Whether a statement failed because another row refers to this one (SQLITE_CONSTRAINT_FOREIGNKEY). */
export function isForeignKeyViolation(error: unknown): boolean {
  return error instanceof SqliteError && error.errcode === 787;
}
