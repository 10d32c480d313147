import { createHash, randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDataDir } from '../data-dir/data-dir.ts';
import { openInstance } from '../data-dir/instance.ts';
import { type DataDirLayout, layoutOf } from '../data-dir/layout.ts';
import { openDatabase } from '../db/open.ts';
import { createSealer } from '../lib/seal.ts';
import { createBackup } from './create-backup.ts';
import { restoreBackup } from './restore.ts';
import { tarEnd, tarHeader, tarPadding } from './tar.ts';

let directory: string;
let layout: DataDirLayout;
let file: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gapura-backup-'));
  layout = layoutOf(join(directory, 'data'));
  file = join(directory, 'backup.tar.gz');
});
afterEach(() => rmSync(directory, { recursive: true }));

const version = '1.2.3';
const backUp = (extra: { force?: boolean; version?: string } = {}) =>
  createBackup({ layout, target: file, force: false, version, nowMs: Date.UTC(2026, 0, 2), ...extra });
const restore = (into = layout, nowMs = Date.UTC(2026, 0, 3)) =>
  restoreBackup(into, { file, version, nowMs }, () => {});

/** A small Gapura: entity database with one setting, telemetry, certificates, settings file. */
async function makeData(name: string): Promise<void> {
  const dataDir = openDataDir(layout.root, () => {});
  const db = await openDatabase(layout.entityDatabase);
  await openInstance(db, createSealer(dataDir.masterKey));
  await db.insertInto('settings').values({ name, value: 'kept' }).execute();
  await db.destroy();
  mkdirSync(layout.telemetry, { recursive: true });
  const telemetry = new DatabaseSync(join(layout.telemetry, 'hot.sqlite'));
  telemetry.exec('PRAGMA journal_mode=WAL; CREATE TABLE IF NOT EXISTS points (v); INSERT INTO points VALUES (1)');
  telemetry.close();
  mkdirSync(layout.tls, { recursive: true });
  writeFileSync(join(layout.tls, 'ca.pem'), `ca of ${name}`);
  writeFileSync(layout.config, '{"httpPort": 9000}');
  dataDir.release();
}

function settingsOf(root: string): string[] {
  const database = new DatabaseSync(layoutOf(root).entityDatabase, { readOnly: true });
  try {
    const rows = database.prepare("select name from settings where value = 'kept'").all();
    return rows.map((row) => String(row['name']));
  } finally {
    database.close();
  }
}

/** The backup once more, with its content changed by `change` and its manifest made to fit or not. */
function rewrite(change: (files: Map<string, Buffer>) => void, options: { fitManifest?: boolean } = {}): void {
  const tar = gunzipSync(readFileSync(file));
  const files = new Map<string, Buffer>();
  for (let at = 0; tar[at] !== 0; ) {
    const name = tar.toString('utf8', at, at + 100).replace(/\0.*$/s, '');
    const size = Number.parseInt(tar.toString('utf8', at + 124, at + 135), 8);
    files.set(name, Buffer.from(tar.subarray(at + 512, at + 512 + size)));
    at += 512 + Math.ceil(size / 512) * 512;
  }
  change(files);
  if (options.fitManifest) {
    const manifest = JSON.parse(String(files.get('manifest.json')));
    manifest.files = [...files].slice(1).map(([name, content]) => ({
      name,
      sizeBytes: content.length,
      sha256: createHash('sha256').update(content).digest('hex'),
    }));
    files.set('manifest.json', Buffer.from(JSON.stringify(manifest)));
  }
  const parts = [...files].flatMap(([name, content]) => [
    tarHeader({ name, sizeBytes: content.length }, 0),
    content,
    tarPadding(content.length),
  ]);
  writeFileSync(file, gzipSync(Buffer.concat([...parts, tarEnd])));
}

function changeManifest(files: Map<string, Buffer>, change: Record<string, unknown>): void {
  const manifest = JSON.parse(String(files.get('manifest.json')));
  files.set('manifest.json', Buffer.from(JSON.stringify({ ...manifest, ...change })));
}

test('a backup restores into an empty folder as it was', async () => {
  await makeData('first');
  const key = readFileSync(layout.masterKey, 'utf8');
  await backUp();
  const other = layoutOf(join(directory, 'other'));
  expect(await restore(other)).toEqual({ keptOldIn: undefined, isServing: false });
  expect(readdirSync(other.root).sort()).toEqual(
    ['gapura.json', 'gapura.sqlite', 'lock.sqlite', 'master.key', 'telemetry', 'tls'].sort(),
  );
  expect(settingsOf(other.root)).toEqual(['first']);
  expect(readFileSync(other.masterKey, 'utf8')).toBe(key);
  expect(readFileSync(join(other.tls, 'ca.pem'), 'utf8')).toBe('ca of first');
  expect(readFileSync(other.config, 'utf8')).toBe('{"httpPort": 9000}');
});

test('the restored state replaces the one before, which is kept aside', async () => {
  await makeData('first');
  await backUp();
  await makeData('second');
  expect(settingsOf(layout.root)).toEqual(['first', 'second']);
  const { keptOldIn } = await restore();
  expect(keptOldIn).toBe(join(layout.root, 'before-restore-20260103T000000Z'));
  expect(settingsOf(layout.root)).toEqual(['first']);
  expect(settingsOf(keptOldIn ?? '')).toEqual(['first', 'second']);
});

test('a backup taken while both databases are written is sound and lacks no device that has telemetry', async () => {
  await makeData('first');
  const entities = new DatabaseSync(layout.entityDatabase);
  mkdirSync(layout.telemetry, { recursive: true });
  const telemetry = new DatabaseSync(join(layout.telemetry, 'hot.sqlite'));
  entities.exec('CREATE TABLE made (id INTEGER)');
  telemetry.exec('CREATE TABLE sent (id INTEGER, filler TEXT)');
  let id = 0;
  const write = (): void => {
    id++;
    entities.prepare('INSERT INTO made VALUES (?)').run(id);
    telemetry.prepare('INSERT INTO sent VALUES (?, ?)').run(id, 'x'.repeat(20_000));
  };
  write();
  const timer = setInterval(write, 3);
  try {
    for (let round = 0; round < 5; round++) {
      await backUp({ force: true });
      const other = layoutOf(join(directory, `other-${round}`));
      await restore(other);
      const read = (path: string, table: string): number => {
        const database = new DatabaseSync(path);
        const row = database.prepare(`select coalesce(max(id), 0) as last from ${table}`).get();
        database.close();
        return Number(row?.['last']);
      };
      const sent = read(join(other.telemetry, 'hot.sqlite'), 'sent');
      expect(sent).toBeGreaterThan(0);
      expect(read(other.entityDatabase, 'made')).toBeGreaterThanOrEqual(sent);
    }
  } finally {
    clearInterval(timer);
    entities.close();
    telemetry.close();
  }
});

test.skipIf(process.platform === 'win32')('a backup is for this user alone and leaves nothing beside it', async () => {
  await makeData('first');
  await backUp();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(directory).sort()).toEqual(['backup.tar.gz', 'data']);
});

test('a file that is there is replaced only by force', async () => {
  await makeData('first');
  writeFileSync(file, 'mine');
  await expect(backUp()).rejects.toThrow(/exists already\. .*--force/);
  expect(readFileSync(file, 'utf8')).toBe('mine');
  await backUp({ force: true });
  await restore(layoutOf(join(directory, 'other')));
});

test('a folder without a Gapura, and a target that cannot be written, are told', async () => {
  await expect(backUp()).rejects.toThrow(/There is no Gapura in .* GAPURA_DATA_DIR/);
  await makeData('first');
  file = join(directory, 'none', 'backup.tar.gz');
  await expect(backUp()).rejects.toThrow(/cannot be written \(ENOENT\)/);
});

test('a damaged backup is refused and changes nothing', async () => {
  await makeData('first');
  await backUp();
  const good = readFileSync(file);
  const damages: [string, () => void][] = [
    ['is no backup', () => writeFileSync(file, 'hello')],
    ['is no backup', () => writeFileSync(file, '')],
    ['is no backup', () => writeFileSync(file, good.subarray(0, good.length / 2))],
    ['is no backup', () => writeFileSync(file, gzipSync(randomBytes(4096)))],
    ['is no backup', () => rewrite((files) => files.get('gapura.sqlite')?.fill(1, 8000, 8010))],
    ['is no backup', () => rewrite((files) => files.delete('telemetry/hot.sqlite'))],
    ['is no backup', () => rewrite((files) => files.set('tls/extra.pem', Buffer.from('x')))],
    ['cannot be read', () => rmSync(file)],
  ];
  for (const [message, damage] of damages) {
    writeFileSync(file, good);
    damage();
    await expect(restore()).rejects.toThrow(message);
    expect(settingsOf(layout.root)).toEqual(['first']);
    expect(readdirSync(layout.root).filter((name) => name.startsWith('restore'))).toEqual([]);
  }
});

test('a file name that leads out of the data directory is refused', async () => {
  await makeData('first');
  await backUp();
  for (const name of ['../evil', 'tls/../../evil', '/tmp/evil', 'tls/..', 'lock.sqlite', 'tls/a/b']) {
    rewrite((files) => files.set(name, Buffer.from('x')), { fitManifest: true });
    await expect(restore()).rejects.toThrow(/manifest makes no sense/);
    rewrite((files) => files.delete(name), { fitManifest: true });
  }
  expect(existsSync(join(directory, 'evil'))).toBe(false);
});

test('a backup that announces more than the disk has room for is refused before anything is written', async () => {
  await makeData('first');
  await backUp();
  rewrite((files) => {
    const { files: listed } = JSON.parse(String(files.get('manifest.json'))) as { files: object[] };
    changeManifest(files, { files: listed.map((entry) => ({ ...entry, sizeBytes: 2 ** 52 })) });
  });
  await expect(restore()).rejects.toThrow(/There is no room for the backup/);
  expect(settingsOf(layout.root)).toEqual(['first']);
});

test('a backup of a newer version is refused', async () => {
  await makeData('first');
  for (const newer of ['1.2.4', '1.3.0', '2.0.0', '1.10.0']) {
    await backUp({ force: true, version: newer });
    await expect(restore()).rejects.toThrow(`made by Gapura ${newer}; this is 1.2.3. Update Gapura`);
  }
  await backUp({ force: true });
  rewrite((files) => changeManifest(files, { migrations: ['0001-foundation', '9999-future'] }));
  await expect(restore()).rejects.toThrow(/newer Gapura/);
  await backUp({ force: true });
  rewrite((files) => changeManifest(files, { formatVersion: 2 }));
  await expect(restore()).rejects.toThrow(/newer Gapura/);
});

test('a backup that would not start is refused', async () => {
  await makeData('first');
  await backUp();
  rewrite((files) => files.set('master.key', Buffer.from(`${randomBytes(32).toString('base64')}\n`)), {
    fitManifest: true,
  });
  await expect(restore()).rejects.toThrow(/its master key does not belong to its database/);
  await backUp({ force: true });
  rewrite((files) => files.set('gapura.sqlite', Buffer.alloc(8192, 7)), { fitManifest: true });
  await expect(restore()).rejects.toThrow(/gapura\.sqlite is damaged/);
  await backUp({ force: true });
  rewrite((files) => files.set('gapura.json', Buffer.from('{"httpPort":"x"}')), { fitManifest: true });
  await expect(restore()).rejects.toThrow(/"httpPort" in .* must be a port/);
  expect(settingsOf(layout.root)).toEqual(['first']);
});
