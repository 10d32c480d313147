// Installs what package-lock.json names, and only when something is missing or the lock has changed, so that
// `npm start` and `npm test` work in a fresh clone and cost nothing afterwards. Runs on any Node from 20 on:
// it comes before the pinned runtime (an optional dependency of this package) is there.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const marker = join(root, 'node_modules', '.gapura-setup');
const quiet = process.argv.includes('--quiet');

const major = Number(process.versions.node.split('.')[0]);
if (major < 20) {
  console.error(
    `Gapura's set-up needs Node 20 or newer; this is ${process.version}. Install a current Node and run the command again.`,
  );
  process.exit(1);
}

const lockHash = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');
const installed = existsSync(marker) ? readFileSync(marker, 'utf8').trim() : '';
const runtime = join(root, 'node_modules', '.bin', process.platform === 'win32' ? 'node.cmd' : 'node');

if (installed !== lockHash || !existsSync(runtime)) {
  if (!quiet) console.log('Installing the dependencies named in package-lock.json (the pinned Node 24 included) …');
  // The loglevel hides EBADENGINE notes: npm may run under an older Node here, the packages run under the pinned one.
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error', '--include=dev', '--include=optional'];
  const result = process.env['npm_execpath']
    ? spawnSync(process.execPath, [process.env['npm_execpath'], ...args], { cwd: root, stdio: 'inherit' })
    : spawnSync('npm', args, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' });
  if (result.status !== 0) {
    console.error('The installation failed; the lines above say why. Mend the cause and run the same command again.');
    process.exit(result.status ?? 1);
  }
  if (!existsSync(runtime)) {
    console.error(
      `No Node 24 package fits this machine (${process.platform}-${process.arch}). Install Node 24 yourself and start with it: node server/src/main.ts start`,
    );
    process.exit(1);
  }
  writeFileSync(marker, `${lockHash}\n`);
}
