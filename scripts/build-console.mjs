// Builds the console (web/) into web/dist, and only when what it is made of has changed: the hash of its sources is kept
// beside the result, so `npm start` costs a few milliseconds when there is nothing to do. Runs on any Node from 20 on;
// the build itself runs on the pinned one.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const output = join(root, 'web', 'dist');
const marker = join(output, '.sources');

/** What ends up in the console, or decides how. Tests and documents do not. */
const sources = [
  'web/src',
  'web/public',
  'web/index.html',
  'web/vite.config.ts',
  'sdk',
  'contract',
  'package-lock.json',
];
const isSource = (name) => !/(\.test\.tsx?|\.md)$/.test(name);

function filesOf(path) {
  const full = join(root, path);
  if (!existsSync(full)) return [];
  try {
    return readdirSync(full, { withFileTypes: true })
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .flatMap((entry) => filesOf(`${path}/${entry.name}`));
  } catch (error) {
    if (error.code === 'ENOTDIR') return isSource(path) ? [path] : [];
    throw error;
  }
}

const hash = createHash('sha256');
for (const path of sources.flatMap(filesOf))
  hash
    .update(`${path}\0`)
    .update(readFileSync(join(root, path)))
    .update('\0');
const wanted = hash.digest('hex');

if (!existsSync(marker) || readFileSync(marker, 'utf8').trim() !== wanted) {
  console.log('Building the console …');
  // Beside its place, so that a server that runs from the former build never sees half of the new one.
  const fresh = join(root, 'web', `.dist-${process.pid}`);
  const former = join(root, 'web', `.dist-${process.pid}-former`);
  const runtime = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const args = [vite, 'build', 'web', '--outDir', fresh, '--emptyOutDir', '--logLevel', 'warn'];
  const result = spawnSync(existsSync(runtime) ? runtime : process.execPath, args, {
    cwd: root,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  if (result.status !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    console.error('The console could not be built; the lines above say why. Gapura itself runs without it.');
    process.exit(process.argv.includes('--required') ? (result.status ?? 1) : 0);
  }
  writeFileSync(join(fresh, '.sources'), `${wanted}\n`);
  if (existsSync(output)) renameSync(output, former);
  renameSync(fresh, output);
  rmSync(former, { recursive: true, force: true });
}
