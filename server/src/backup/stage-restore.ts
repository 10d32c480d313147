/** Unpacks a backup beside the data it will replace, and believes nothing of it before everything is verified. */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { createGunzip } from 'node:zlib';
import { loadConfig } from '../config-load.ts';
import { masterKeyProof } from '../data-dir/instance.ts';
import type { DataDirLayout } from '../data-dir/layout.ts';
import { parseMasterKey } from '../data-dir/master-key.ts';
import { planFile, type RestorePlan, stagedFiles } from '../data-dir/restore-pending.ts';
import { StartupError } from '../errors.ts';
import { createSealer } from '../lib/seal.ts';
import { syncDirectory, writeFileAtomically } from '../lib/write-file-atomically.ts';
import { type Manifest, manifestLimitBytes, manifestName, parseManifest } from './manifest.ts';
import { gather, readTar, type TarEntry, TarError } from './tar.ts';

export interface StageRequest {
  /** The backup. */
  readonly file: string;
  /** Of this program. */
  readonly version: string;
  readonly nowMs: number;
}

/**
 * Reads only the manifest, for a first look.
 * @throws StartupError when the file is no backup, or a newer Gapura made it
 */
export async function readBackupManifest(file: string, version: string): Promise<Manifest> {
  const found = new Error('found');
  let manifest: Manifest | undefined;
  await readArchive(file, async (entry, content) => {
    manifest = await takeManifest(entry, content, version);
    throw found;
  }).catch((error: unknown) => {
    if (error !== found) throw error;
  });
  if (manifest === undefined) throw noBackup(file);
  return manifest;
}

/**
 * Unpacks and verifies a backup, and leaves it as the data directory's pending restore: whoever holds the lock next
 * puts it in place.
 * @throws StartupError when anything is not right; nothing is left then
 */
export async function stageRestore(layout: DataDirLayout, request: StageRequest): Promise<RestorePlan> {
  const stamp = new Date(request.nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const staging = join(layout.root, `restore-staging-${stamp}-${process.pid}`);
  const files = join(staging, stagedFiles);
  try {
    await mkdir(files, { recursive: true, mode: 0o700 });
    const manifest = await unpack(request, files);
    await verify(files, manifest);
    const plan: RestorePlan = {
      entries: [...new Set(manifest.files.map(({ name }) => name.split('/')[0] ?? name))],
      keepOldIn: `before-restore-${stamp}`,
    };
    writeFileAtomically(join(staging, planFile), `${JSON.stringify(plan)}\n`, 0o600);
    syncDirectory(files);
    await rm(layout.restorePending, { recursive: true, force: true });
    await rename(staging, layout.restorePending);
    syncDirectory(layout.root);
    return plan;
  } catch (error) {
    await rm(staging, { recursive: true, force: true });
    if ((error as NodeJS.ErrnoException).code === 'ENOSPC') {
      throw noRoom(layout.root);
    }
    throw error;
  }
}

async function readArchive(file: string, onEntry: Parameters<typeof readTar>[1]): Promise<void> {
  const source = createReadStream(file);
  const gunzip = source.pipe(createGunzip());
  source.on('error', (error) => gunzip.destroy(error));
  try {
    await readTar(gunzip, onEntry);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (error instanceof TarError || code.startsWith('Z_')) throw noBackup(file, error);
    if (code === 'ENOENT' || code === 'EACCES' || code === 'EISDIR') {
      throw new StartupError(`The backup ${file} cannot be read (${code}). Check its name and rights.`);
    }
    throw error;
  } finally {
    source.destroy();
    gunzip.destroy();
  }
}

function noBackup(file: string, cause?: unknown): StartupError {
  return new StartupError(`${file} is no backup of Gapura, or it is damaged. Nothing was changed.`, { cause });
}

async function takeManifest(entry: TarEntry, content: AsyncIterable<Uint8Array>, version: string): Promise<Manifest> {
  if (entry.name !== manifestName || entry.sizeBytes > manifestLimitBytes)
    throw new TarError('No manifest comes first.');
  return parseManifest((await gather(content)).toString('utf8'), version);
}

async function unpack({ file, version }: StageRequest, files: string): Promise<Manifest> {
  let manifest: Manifest | undefined;
  const missing = new Map<string, Manifest['files'][number]>();
  await readArchive(file, async (entry, content) => {
    if (manifest === undefined) {
      manifest = await takeManifest(entry, content, version);
      for (const expected of manifest.files) missing.set(expected.name, expected);
      await requireRoom(files, manifest);
      return;
    }
    const expected = missing.get(entry.name);
    if (expected === undefined || expected.sizeBytes !== entry.sizeBytes) throw noBackup(file);
    missing.delete(entry.name);
    if ((await writeAndHash(join(files, expected.name), content)) !== expected.sha256) throw noBackup(file);
  });
  if (manifest === undefined || missing.size > 0) throw noBackup(file);
  return manifest;
}

/** A full disk would stop the Gapura that still works in the directory, and whoever made the backup can ask for it. */
async function requireRoom(folder: string, manifest: Manifest): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const neededBytes = manifest.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  if (neededBytes > bavail * bsize) throw noRoom(folder);
}

function noRoom(folder: string): StartupError {
  return new StartupError(`There is no room for the backup in ${folder}. Make room, then restore again.`);
}

async function writeAndHash(path: string, content: AsyncIterable<Uint8Array>): Promise<string> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const digest = createHash('sha256');
  const handle = await open(path, 'wx', 0o600);
  try {
    for await (const part of content) {
      digest.update(part);
      await handle.writeFile(part);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return digest.digest('hex');
}

/** The files are what the manifest says; do they also make a Gapura? */
async function verify(files: string, manifest: Manifest): Promise<void> {
  const refuse = (reason: string): never => {
    throw new StartupError(`The backup cannot be restored: ${reason}. Nothing was changed.`);
  };
  for (const { name } of manifest.files) {
    if (name.endsWith('.sqlite') && !isSoundDatabase(join(files, name))) refuse(`${name} is damaged`);
  }
  const key = parseMasterKey(await readFile(join(files, 'master.key'), 'utf8'));
  const { instance_id: instanceId, master_key_proof: proof } = readSettings(join(files, 'gapura.sqlite'));
  if (key === undefined || (instanceId !== undefined && masterKeyProof(createSealer(key), instanceId) !== proof)) {
    refuse('its master key does not belong to its database');
  }
  const settings = join(files, 'gapura.json');
  // The environment's part is not known here; the file itself must make sense, or the next start would fail.
  if (existsSync(settings)) loadConfig({}, { file: settings });
}

function isSoundDatabase(path: string): boolean {
  let database: DatabaseSync | undefined;
  try {
    database = new DatabaseSync(path);
    return database.prepare('pragma quick_check').get()?.['quick_check'] === 'ok';
  } catch {
    return false;
  } finally {
    database?.close();
  }
}

function readSettings(path: string): Record<string, string | undefined> {
  const database = new DatabaseSync(path);
  try {
    const rows = database.prepare('select name, value from settings').all();
    return Object.fromEntries(rows.map((row) => [String(row['name']), String(row['value'])]));
  } finally {
    database.close();
  }
}
