import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isUniqueViolation, openDatabase } from '../open.ts';
import type { Db } from '../schema.ts';

let directory: string;
let db: Db;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gapura-db-'));
  db = await openDatabase(join(directory, 'gapura.sqlite'));
});

afterEach(async () => {
  await db.destroy();
  await rm(directory, { recursive: true });
});

const setting = (name: string, value = 'v') => ({ name, value });
const names = async (): Promise<string[]> =>
  (await db.selectFrom('settings').select('name').orderBy('name').execute()).map((row) => row.name);

test('a read sees a write that was acknowledged', async () => {
  for (let i = 0; i < 50; i++) {
    await db
      .insertInto('settings')
      .values(setting(`s${i}`))
      .execute();
    expect(await names()).toContain(`s${i}`);
  }
});

test('a failed statement in a shared commit leaves the others standing', async () => {
  await db.insertInto('settings').values(setting('taken')).execute();
  const results = await Promise.allSettled(
    ['a', 'taken', 'b'].map((name) => db.insertInto('settings').values(setting(name)).execute()),
  );
  expect(results.map((result) => result.status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(isUniqueViolation((results[1] as PromiseRejectedResult).reason)).toBe(true);
  expect(await names()).toEqual(['a', 'b', 'taken']);
});

test('a transaction that fails leaves nothing, and a write beside it is not part of it', async () => {
  let beside: Promise<unknown> | undefined;
  const failed = db.transaction().execute(async (trx) => {
    await trx.insertInto('settings').values(setting('inside')).execute();
    beside = db.insertInto('settings').values(setting('beside')).execute();
    expect(await trx.selectFrom('settings').select('name').execute()).toEqual([{ name: 'inside' }]);
    throw new Error('changed my mind');
  });
  await expect(failed).rejects.toThrow('changed my mind');
  await beside;
  expect(await names()).toEqual(['beside']);
});

test('transactions at the same time run one after the other', async () => {
  await db.insertInto('settings').values(setting('counter', '0')).execute();
  await Promise.all(
    Array.from({ length: 40 }, () =>
      db.transaction().execute(async (trx) => {
        const row = await trx.selectFrom('settings').select('value').where('name', '=', 'counter').executeTakeFirst();
        await trx
          .updateTable('settings')
          .set({ value: String(Number(row?.value) + 1) })
          .where('name', '=', 'counter')
          .execute();
      }),
    ),
  );
  expect(await db.selectFrom('settings').select('value').executeTakeFirst()).toEqual({ value: '40' });
});

test('the database of a newer Gapura is refused with a sentence that says so', async () => {
  await db
    .insertInto('kysely_migration' as 'settings')
    .values({ name: '9999-future', timestamp: 'now' } as never)
    .execute();
  await expect(openDatabase(join(directory, 'gapura.sqlite'))).rejects.toThrow(/newer Gapura .*9999-future/);
});
