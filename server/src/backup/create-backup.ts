/**
 * Copies a data directory into one file, also while a Gapura works on it: SQLite's online backup gives each database as
 * it was at one moment. Telemetry goes first, so the entities, copied later, lack no device that has data.
 */
import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, statSync } from 'node:fs';
import { copyFile, link, mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { DataDirLayout } from '../data-dir/layout.ts';
import { StartupError } from '../errors.ts';
import { syncDirectory } from '../lib/write-file-atomically.ts';
import { isDayFileName } from '../telemetry/engine/day.ts';
import { createManifest, manifestName } from './manifest.ts';
import { tarEnd, tarHeader, tarPadding } from './tar.ts';

export interface BackupRequest {
  readonly layout: DataDirLayout;
  /** The file to write. */
  readonly target: string;
  /** Whether a file of that name is replaced. */
  readonly force: boolean;
  /** Of this program. */
  readonly version: string;
  readonly nowMs: number;
}

/** Fast rather than small: databases shrink to a third already at this level. */
const gzipLevel = 1;
/** All pages in one step, so one read transaction sees one moment; in steps, a busy database would begin anew for ever. */
const allPages = 2 ** 31 - 1;

/**
 * @returns the size of the written file
 * @throws StartupError when there is nothing to back up, the target exists, or it cannot be written
 */
export async function createBackup(request: BackupRequest): Promise<{ sizeBytes: number }> {
  const { layout, force } = request;
  const target = resolve(request.target);
  if (!existsSync(layout.entityDatabase) || !existsSync(layout.masterKey)) {
    throw new StartupError(
      `There is no Gapura in ${layout.root} to back up. Set GAPURA_DATA_DIR to its data directory.`,
    );
  }
  if (!force && existsSync(target)) throw alreadyThere(target);

  // Beside the target, so that the last step is a rename within one file system.
  const work = `${target}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    await mkdir(work, { mode: 0o700 });
    const names = await copyState(layout, work);
    const migrations = readMigrations(join(work, 'gapura.sqlite'));
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(work, name);
        return { name, sizeBytes: statSync(path).size, sha256: await sha256Of(path) };
      }),
    );
    const manifest = createManifest({
      gapuraVersion: request.version,
      createdAt: new Date(request.nowMs).toISOString(),
      migrations,
      files,
    });
    const archive = join(work, 'archive');
    await pipeline(
      writeArchive(work, manifest, files, request.nowMs),
      createGzip({ level: gzipLevel }),
      createWriteStream(archive, { mode: 0o600, flags: 'wx', flush: true }),
    );
    // link(2) refuses to replace a file that appeared meanwhile; rename(2) replaces it.
    await (force ? rename(archive, target) : link(archive, target));
    syncDirectory(dirname(target));
    return { sizeBytes: statSync(target).size };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw alreadyThere(target);
    if (
      code === 'ENOENT' ||
      code === 'EACCES' ||
      code === 'EROFS' ||
      code === 'ENOSPC' ||
      code === 'ENOTDIR' ||
      code === 'EISDIR'
    ) {
      throw new StartupError(`The backup ${target} cannot be written (${code}). Name a file in a folder with room.`);
    }
    throw error;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function alreadyThere(target: string): StartupError {
  return new StartupError(`${target} exists already. Name another file, or replace it with --force.`);
}

/** @returns the names of the copied files */
async function copyState(layout: DataDirLayout, work: string): Promise<string[]> {
  const names: string[] = [];
  const copy = async (name: string): Promise<void> => {
    try {
      await copyFile(join(layout.root, name), join(work, name));
    } catch (error) {
      // A day whose last point expired: its file is gone.
      if (name.startsWith('telemetry/') && (error as NodeJS.ErrnoException).code === 'ENOENT') return;
      throw error;
    }
    names.push(name);
  };
  const copyDatabaseOf = async (name: string): Promise<void> => {
    if (!existsSync(join(layout.root, name))) return;
    await copyDatabase(join(layout.root, name), join(work, name));
    names.push(name);
  };
  // First the points that are in no file of a day: what leaves them meanwhile is then in the file that is copied later,
  // which says so. A copy of such a file is whole at any moment.
  await mkdir(join(work, 'telemetry'), { mode: 0o700 });
  await copyDatabaseOf('telemetry/hot.sqlite');
  for (const entry of existsSync(layout.telemetry) ? await readdir(layout.telemetry) : []) {
    if (isDayFileName(entry)) await copy(`telemetry/${entry}`);
  }
  await copyDatabaseOf('telemetry.sqlite');
  await copyDatabaseOf('gapura.sqlite');
  await copy('master.key');
  if (existsSync(layout.config)) await copy('gapura.json');
  if (existsSync(layout.tls)) {
    await mkdir(join(work, 'tls'), { mode: 0o700 });
    for (const entry of await readdir(layout.tls, { withFileTypes: true })) {
      if (entry.isFile() && !entry.name.endsWith('.tmp')) await copy(`tls/${entry.name}`);
    }
  }
  return names;
}

async function copyDatabase(from: string, to: string): Promise<void> {
  const source = new DatabaseSync(from, { readOnly: true, timeout: 5000 });
  try {
    await backup(source, to, { rate: allPages });
  } finally {
    source.close();
  }
}

function readMigrations(path: string): string[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    return database
      .prepare('select name from kysely_migration order by name')
      .all()
      .map((row) => String(row['name']));
  } finally {
    database.close();
  }
}

async function sha256Of(path: string): Promise<string> {
  const digest = createHash('sha256');
  for await (const part of createReadStream(path)) digest.update(part);
  return digest.digest('hex');
}

async function* writeArchive(
  work: string,
  manifest: string,
  files: readonly { readonly name: string; readonly sizeBytes: number }[],
  nowMs: number,
): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(manifest);
  yield tarHeader({ name: manifestName, sizeBytes: bytes.length }, nowMs);
  yield bytes;
  yield tarPadding(bytes.length);
  for (const { name, sizeBytes } of files) {
    yield tarHeader({ name, sizeBytes }, nowMs);
    yield* createReadStream(join(work, name));
    yield tarPadding(sizeBytes);
  }
  yield tarEnd;
}
