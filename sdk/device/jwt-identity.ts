/** Who a device with JWT credentials is, and where it keeps that. */
import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { DeviceKey } from './jwt-proofs.ts';

export interface JwtIdentity {
  readonly deviceId: string;
  /** The `aud` of bearer tokens. */
  readonly instance: string;
  /** The key that the server has accepted. */
  readonly current: DeviceKey;
  /** The next one, stored before its first use. */
  readonly next?: DeviceKey;
}

export interface IdentityStore {
  /** undefined when nothing is stored. */
  load(): Promise<JwtIdentity | undefined>;
  /** Resolves when a power cut cannot lose it any more. */
  save(identity: JwtIdentity): Promise<void>;
}

/** A file that only its owner may read; it is replaced as a whole, so a power cut leaves the old or the new one. */
export function createFileIdentityStore(path: string): IdentityStore {
  return {
    async load() {
      try {
        return JSON.parse(await readFile(path, 'utf8')) as JwtIdentity; // our own file
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
        throw error;
      }
    },
    async save(identity) {
      const next = await open(`${path}.next`, 'w', 0o600);
      try {
        await next.writeFile(JSON.stringify(identity));
        await next.sync();
      } finally {
        await next.close();
      }
      await rename(`${path}.next`, path);
      const folder = await open(dirname(path), 'r');
      await folder.sync().finally(() => folder.close());
    },
  };
}

/** For devices that live as long as their process, and for tests. */
export function createMemoryIdentityStore(identity?: JwtIdentity): IdentityStore {
  let kept = identity;
  return {
    load: async () => kept,
    save: async (identity) => {
      kept = identity;
    },
  };
}
