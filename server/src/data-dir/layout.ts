/** What lies where in a data directory. */
import { join } from 'node:path';

export interface DataDirLayout {
  readonly root: string;
  /** Entities: tenants, users, profiles, devices, credentials, attributes, audit. */
  readonly entityDatabase: string;
  /** Directory of the telemetry store. */
  readonly telemetry: string;
  /** The table of points that versions before 0.2 kept; taken over at the start. */
  readonly oldTelemetry: string;
  /** 32 random bytes in base64; without it no sealed secret of the databases can be read. */
  readonly masterKey: string;
  /** The certificate authority, the server certificate, and their keys. */
  readonly tls: string;
  /** Settings, written by hand; optional. */
  readonly config: string;
  /** Held open with an exclusive lock by the one process that uses the directory. */
  readonly lock: string;
  /** Which process that is, and whether it is ready (see `process-file.ts`). */
  readonly processFile: string;
  /** A verified backup that the next start puts in place (see `restore-pending.ts`). */
  readonly restorePending: string;
}

/** @param root absolute path of the data directory */
export function layoutOf(root: string): DataDirLayout {
  return {
    root,
    entityDatabase: join(root, 'gapura.sqlite'),
    telemetry: join(root, 'telemetry'),
    oldTelemetry: join(root, 'telemetry.sqlite'),
    masterKey: join(root, 'master.key'),
    tls: join(root, 'tls'),
    config: join(root, 'gapura.json'),
    lock: join(root, 'lock.sqlite'),
    processFile: join(root, 'process.json'),
    restorePending: join(root, 'restore-pending'),
  };
}

/** Files that SQLite keeps beside a database. */
export const databaseCompanions = ['-wal', '-shm', '-journal'] as const;

/**
 * What belongs to the state of a Gapura, by name in the data directory: a backup holds these, and a restore replaces
 * these and nothing else.
 */
export const stateEntries: readonly string[] = [
  'telemetry',
  'telemetry.sqlite',
  'gapura.sqlite',
  'master.key',
  'tls',
  'gapura.json',
];
