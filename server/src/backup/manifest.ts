/** The first file of a backup: what it is, which version wrote it, and a SHA-256 of each file. */
import { Ajv } from 'ajv';
import { type Static, Type } from 'typebox';
import { migrationNames } from '../db/migrate.ts';
import { StartupError } from '../errors.ts';

export const manifestName = 'manifest.json';
/** A hundred bytes and more for each day of telemetry: this is enough for centuries. */
export const manifestLimitBytes = 32 * 1024 * 1024;
const formatVersion = 1;

/** Exactly the state of a data directory (see `data-dir/layout.ts`): no name can lead out of it. */
const FileName = Type.String({
  pattern:
    '^(telemetry\\.sqlite|telemetry/(hot\\.sqlite|[+-]?\\d{4,6}-\\d{2}-\\d{2}\\.day)|gapura\\.sqlite|master\\.key|gapura\\.json|tls/[A-Za-z0-9_-][A-Za-z0-9._-]{0,60})$',
});

const Manifest = Type.Object({
  format: Type.Literal('gapura-backup'),
  formatVersion: Type.Integer({ minimum: 1 }),
  gapuraVersion: Type.String({ pattern: '^\\d{1,6}\\.\\d{1,6}\\.\\d{1,6}$' }),
  createdAt: Type.String({ maxLength: 40 }),
  /** Of the entity database, in the order in which they ran. */
  migrations: Type.Array(Type.String({ maxLength: 200 }), { maxItems: 10_000 }),
  files: Type.Array(
    Type.Object({
      name: FileName,
      sizeBytes: Type.Integer({ minimum: 0 }),
      sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
    }),
    { maxItems: 100_000 },
  ),
});
export type Manifest = Static<typeof Manifest>;

const isManifest = new Ajv({ strict: false }).compile<Manifest>(Manifest);

export function createManifest(content: Omit<Manifest, 'format' | 'formatVersion'>): string {
  return `${JSON.stringify({ format: 'gapura-backup', formatVersion, ...content } satisfies Manifest, null, 2)}\n`;
}

/**
 * @param version of this program
 * @throws StartupError when it is no manifest, or a newer Gapura wrote the backup
 */
export function parseManifest(text: string, version: string): Manifest {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    content = undefined;
  }
  const written = (content as Partial<Manifest> | null | undefined)?.gapuraVersion;
  if (typeof written === 'string' && isNewer(written, version)) {
    throw new StartupError(
      `The backup was made by Gapura ${written}; this is ${version}. Update Gapura, then restore again.`,
    );
  }
  if (!isManifest(content)) throw new StartupError('The file is no backup of Gapura: its manifest makes no sense.');
  const unknown = content.migrations.filter((name) => !migrationNames.includes(name));
  if (content.formatVersion > formatVersion || unknown.length > 0) {
    throw new StartupError('The backup was made by a newer Gapura. Update Gapura, then restore again.');
  }
  const names = content.files.map((file) => file.name);
  if (new Set(names).size !== names.length || !names.includes('gapura.sqlite') || !names.includes('master.key')) {
    throw new StartupError('The backup is not whole: its manifest lacks the database or the master key.');
  }
  return content;
}

/** Whether version `a` comes after `b`, both MAJOR.MINOR.PATCH. */
function isNewer(a: string, b: string): boolean {
  const [left, right] = [a, b].map((text) => text.split('.').map(Number));
  for (let i = 0; i < 3; i++) {
    const difference = (left?.[i] ?? 0) - (right?.[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}
