// Completes package-lock.json with the optional packages of other platforms. `npm install` leaves out what it could not
// find for this machine or in its registry at that moment, and `npm ci` then refuses the lock on every machine. Run it
// after `npm install`; `scripts/lock.test.ts` says when that was forgotten.
//
//     node scripts/complete-lock.mjs           writes what is missing
//     node scripts/complete-lock.mjs --check   only names it; exit code 1 when there is something
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('../package-lock.json', import.meta.url));
const lock = JSON.parse(readFileSync(file, 'utf8'));
const systems = {
  android: 'android',
  darwin: 'darwin',
  linux: 'linux',
  win: 'win32',
  win32: 'win32',
  freebsd: 'freebsd',
};
const processors = ['x64', 'arm64', 'arm', 'ia32', 'riscv64', 'ppc64', 's390x'];

const missing = new Map();
for (const entry of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`;
    // A range has no one version to lock; only exact ones are platform packages of their parent.
    if (lock.packages[path] === undefined && /^\d+\.\d+\.\d+[\w.-]*$/.test(version))
      missing.set(path, { name, version });
  }
}

if (process.argv.includes('--check')) {
  for (const { name, version } of missing.values()) console.error(`package-lock.json lacks ${name}@${version}`);
  process.exit(missing.size === 0 ? 0 : 1);
}

for (const [path, { name, version }] of missing) {
  const words = name.split(/[/-]/);
  const os = words.map((word) => systems[word]).find((word) => word !== undefined);
  const cpu = words.find((word) => processors.includes(word));
  lock.packages[path] = {
    version,
    ...(cpu && { cpu: [cpu] }),
    ...(words.includes('musl') && { libc: ['musl'] }),
    optional: true,
    ...(os && { os: [os] }),
  };
}
const [root, ...rest] = Object.entries(lock.packages);
lock.packages = Object.fromEntries([root, ...rest.sort(([a], [b]) => (a < b ? -1 : 1))]);
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${missing.size} packages added to package-lock.json.`);
