import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/**
 * The directions of `docs/ARCHITECTURE.md` are rules of biome.json. A rule that matches no file says nothing, so each
 * is shown a file that breaks it: the rule must see it, and must leave the lawful import beside it alone.
 */
const root = fileURLToPath(new URL('../..', import.meta.url));
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gapura-directions-'));
  const config = JSON.parse(await readFile(join(root, 'biome.json'), 'utf8')) as { vcs: object };
  await writeFile(join(folder, 'biome.json'), JSON.stringify({ ...config, vcs: { enabled: false } }));
});

afterAll(() => rm(folder, { recursive: true }));

/** What the linter says of a file at that place that imports that path. */
async function findings(file: string, importedPath: string): Promise<string> {
  const path = join(folder, file);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `import { a } from '${importedPath}';\n\nexport const b: unknown = a;\n`);
  const run = spawnSync(join(root, 'node_modules/.bin/biome'), ['lint', file], { cwd: folder, encoding: 'utf8' });
  const said = run.stdout + run.stderr;
  expect(said).toContain('Checked 1 file');
  return said;
}

describe('import directions', () => {
  test.each([
    ['contract/a.ts', 'node:fs'],
    ['contract/a.ts', '../server/src/errors.ts'],
    ['sdk/a.ts', '../server/src/errors.ts'],
    ['server/src/lib/a.ts', '../db/open.ts'],
    ['server/src/lib/a.ts', '#contract/errors.ts'],
    ['server/src/db/a.ts', '../devices/devices.ts'],
    ['server/src/bus/a.ts', '../telemetry/store.ts'],
    ['server/src/http/a.ts', '../users/users.ts'],
    ['server/src/devices/a.ts', '../profiles/queries.ts'],
    ['server/src/devices/a.ts', '../transports/mqtt/mqtt-server.ts'],
    ['server/src/dashboards/a.ts', '../devices/queries.ts'],
    ['server/src/db/a.ts', '../dashboards/dashboards.ts'],
    ['server/src/ingest/a.ts', '../transports/http/routes.ts'],
    ['server/src/sessions/a.ts', '../app.ts'],
    ['server/src/transports/mqtt/a.ts', '../../devices/queries.ts'],
    ['server/src/live/a.ts', '#sdk/client.ts'],
    ['web/src/features/devices/a.ts', '../../../../server/src/errors.ts'],
    ['web/src/live/a.ts', '../../../sdk/client.ts'],
    ['web/src/a.ts', 'node:fs'],
  ])('%s may not import %s', async (file, imported) => {
    expect(await findings(file, imported)).toContain('noRestrictedImports');
  });

  test.each([
    ['server/src/devices/a.ts', './queries.ts'],
    ['server/src/devices/a.ts', '../http/platform-api.ts'],
    ['server/src/transports/mqtt/a.ts', '../../ingest/ingest.ts'],
    ['sdk/a.ts', '#contract/errors.ts'],
    ['web/src/features/devices/a.ts', '#sdk/client.ts'],
    ['web/src/features/devices/a.ts', '../../ui/button.tsx'],
  ])('%s may import %s', async (file, imported) => {
    expect(await findings(file, imported)).not.toContain('noRestrictedImports');
  });
});
