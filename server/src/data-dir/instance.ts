import type { Db } from '../db/schema.ts';
import { StartupError } from '../errors.ts';
import type { Sealer } from '../lib/seal.ts';
import { uuidv7 } from '../lib/uuid.ts';

/**
 * The id of this instance, made at first start, and the proof that master key and database belong together: a wrong key
 * would otherwise show only as devices that are all refused.
 * @throws StartupError when the database was written under another master key
 */
export async function openInstance(db: Db, sealer: Sealer): Promise<{ instanceId: string }> {
  const read = async (name: string): Promise<string | undefined> =>
    (await db.selectFrom('settings').select('value').where('name', '=', name).executeTakeFirst())?.value;
  const instanceId = (await read('instance_id')) ?? uuidv7();
  const proof = masterKeyProof(sealer, instanceId);
  const kept = await read('master_key_proof');
  if (kept !== undefined && kept !== proof) {
    throw new StartupError(
      'The master key does not belong to the database. Put the master.key of this database back into the data directory, or restore a backup.',
    );
  }
  if (kept === undefined) {
    await db
      .insertInto('settings')
      .values([
        { name: 'instance_id', value: instanceId },
        { name: 'master_key_proof', value: proof },
      ])
      .onConflict((conflict) => conflict.column('name').doNothing())
      .execute();
  }
  return { instanceId };
}

/** What only the holder of the master key can know of an instance. */
export function masterKeyProof(sealer: Sealer, instanceId: string): string {
  return sealer.lookupHash('master-key-proof', instanceId);
}
