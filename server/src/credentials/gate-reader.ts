import { inBatches } from '../db/in-batches.ts';
import type { Db } from '../db/schema.ts';
import type { Clock } from '../lib/clock.ts';
import type { Sealer } from '../lib/seal.ts';
import { lookupHash, supersededLookupHash } from './lookup.ts';
import { type GateRow, selectForGate } from './queries.ts';

interface Question {
  readonly key: string;
  resolve(rows: readonly GateRow[]): void;
  reject(error: unknown): void;
}

/**
 * Reads what stands under a key. A fleet that comes back asks for all of its devices at once, so all questions of one turn
 * of the event loop, of which each connection has at most two, go to the database together.
 */
export function createGateReader(deps: {
  readonly db: Db;
  readonly sealer: Sealer;
  readonly clock: Clock;
}): (key: string) => Promise<readonly GateRow[]> {
  const { db, sealer, clock } = deps;
  let waiting: Question[] = [];

  async function read(questions: readonly Question[]): Promise<void> {
    const found = new Map<string, GateRow[]>();
    const hashesOf = ({ key }: Question): readonly [string, string] => [
      lookupHash(sealer, key),
      supersededLookupHash(sealer, key),
    ];
    const hashes = questions.map(hashesOf);
    for (const lookupHashes of inBatches(hashes.flat())) {
      for (const row of await selectForGate(db, { lookupHashes }, clock.now())) {
        const rows = found.get(row.lookup_hash);
        if (rows === undefined) found.set(row.lookup_hash, [row]);
        else rows.push(row);
      }
    }
    for (const [i, { resolve }] of questions.entries()) {
      const [current = '', superseded = ''] = hashes[i] ?? [];
      // The newest credentials come first, and those that were superseded are the older ones.
      resolve([...(found.get(current) ?? []), ...(found.get(superseded) ?? [])]);
    }
  }

  return (key) =>
    new Promise((resolve, reject) => {
      if (waiting.push({ key, resolve, reject }) > 1) return;
      setImmediate(() => {
        const questions = waiting;
        waiting = [];
        read(questions).catch((error: unknown) => {
          for (const question of questions) question.reject(error);
        });
      });
    });
}
