import type { Transaction } from 'kysely';
import { isUniqueViolation } from '../db/open.ts';
import type { Db, Tables } from '../db/schema.ts';

/** SHA-256 of the one-time token, base64url. */
const tokenSetting = 'setup_token_hash';
/** When the set-up was completed, ms. Its primary key lets exactly one of two set-ups win. */
const doneSetting = 'setup_completed_at';

export async function isSetUp(db: Db): Promise<boolean> {
  return (await readSetting(db, doneSetting)) !== undefined;
}

export function findTokenHash(db: Db): Promise<string | undefined> {
  return readSetting(db, tokenSetting);
}

export async function storeTokenHash(db: Db, tokenHash: string): Promise<void> {
  await db
    .insertInto('settings')
    .values({ name: tokenSetting, value: tokenHash })
    .onConflict((conflict) => conflict.column('name').doUpdateSet({ value: tokenHash }))
    .execute();
}

/** Marks the set-up as done and forgets the token. @returns false when it was done before */
export async function markSetUp(trx: Transaction<Tables>, nowMs: number): Promise<boolean> {
  try {
    await trx
      .insertInto('settings')
      .values({ name: doneSetting, value: String(nowMs) })
      .execute();
  } catch (error) {
    if (isUniqueViolation(error)) return false;
    throw error;
  }
  await trx.deleteFrom('settings').where('name', '=', tokenSetting).execute();
  return true;
}

async function readSetting(db: Db, name: string): Promise<string | undefined> {
  return (await db.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirst())?.value;
}
