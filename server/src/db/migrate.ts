import { type Kysely, sql } from 'kysely';
import { type Migration, Migrator } from 'kysely/migration';
import { StartupError } from '../errors.ts';
import * as foundation from './migrations/0001-foundation.ts';

/** In the order in which they ran; a name is never changed and never removed. */
const migrations: Record<string, Migration> = {
  '0001-foundation': foundation,
};

/** What this program knows; a database or backup that has others was written by a newer one. */
export const migrationNames: readonly string[] = Object.keys(migrations);

/**
 * Brings the database to this program's version.
 * @throws StartupError when the database was written by a newer Gapura
 */
export async function migrate<T>(db: Kysely<T>): Promise<void> {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrations } });
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true });
  if (tables.some((table) => table.name === 'kysely_migration')) {
    const applied = await sql<{ name: string }>`select name from kysely_migration`.execute(db);
    const unknown = applied.rows.map((row) => row.name).filter((name) => !migrationNames.includes(name));
    if (unknown.length > 0) {
      throw new StartupError(
        `The data directory was written by a newer Gapura (its database has ${unknown.join(', ')}). Start that version, or restore a backup that this one made.`,
      );
    }
  }
  const { error } = await migrator.migrateToLatest();
  if (error !== undefined) throw error;
}
