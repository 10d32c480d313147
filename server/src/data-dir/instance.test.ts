import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../db/open.ts';
import type { Db } from '../db/schema.ts';
import { createSealer } from '../lib/seal.ts';
import { openInstance } from './instance.ts';

let directory: string;
let db: Db;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gapura-instance-'));
  db = await openDatabase(join(directory, 'gapura.sqlite'));
});
afterEach(async () => {
  await db.destroy();
  await rm(directory, { recursive: true });
});

test('the instance keeps its id', async () => {
  const sealer = createSealer(randomBytes(32));
  const first = await openInstance(db, sealer);
  expect(await openInstance(db, sealer)).toEqual(first);
});

test('a master key that is not the one of the database is refused', async () => {
  await openInstance(db, createSealer(randomBytes(32)));
  await expect(openInstance(db, createSealer(randomBytes(32)))).rejects.toThrow(/does not belong to the database/);
});
