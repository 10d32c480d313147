// Joins the libraries that consist of hundreds of small modules into one file each, beside the packages. Node spends
// 35 to 70 KB on every module that it loads: this saves a running Gapura 12 MB. scripts/launch.mjs uses the result when
// it belongs to the installed versions. Everything works the same without it, only with more memory.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const output = join(root, 'node_modules', '.cache', 'gapura-libraries');

/** By package: the paths under which it is imported. Only packages of ES modules without state of their own. */
const imported = {
  kysely: ['kysely', 'kysely/migration'],
  typebox: ['typebox', 'typebox/compile'],
};
/** Raise it when this file makes something else of the same versions. */
const format = 1;

const versions = Object.fromEntries(
  Object.keys(imported).map((name) => {
    const description = readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8');
    return [name, JSON.parse(description).version];
  }),
);
const index = join(output, 'index.json');

/** What has been made, if it is whole: the index is written last. */
function made() {
  if (!existsSync(index)) return undefined;
  const { format, versions } = JSON.parse(readFileSync(index, 'utf8'));
  return JSON.stringify([format, versions]);
}

if (made() !== JSON.stringify([format, versions])) {
  const fresh = `${output}-${process.pid}`;
  try {
    const { build } = await import('vite');
    const specifiers = Object.values(imported).flat();
    const files = Object.fromEntries(specifiers.map((name) => [name, `${name.replaceAll('/', '-')}.mjs`]));
    await build({
      root,
      configFile: false,
      logLevel: 'warn',
      ssr: { noExternal: true },
      build: {
        ssr: true,
        outDir: fresh,
        emptyOutDir: true,
        copyPublicDir: false,
        minify: false,
        rolldownOptions: {
          input: Object.fromEntries(specifiers.map((name) => [name.replaceAll('/', '-'), name])),
          preserveEntrySignatures: 'strict',
          output: { entryFileNames: '[name].mjs', chunkFileNames: 'shared-[name].mjs' },
        },
      },
    });
    writeFileSync(join(fresh, 'index.json'), `${JSON.stringify({ format, versions, files }, null, 2)}\n`);
    mkdirSync(join(output, '..'), { recursive: true });
    rmSync(output, { recursive: true, force: true });
    renameSync(fresh, output);
  } catch (error) {
    rmSync(fresh, { recursive: true, force: true });
    console.error(
      `The libraries could not be bundled (${error.message}). Gapura runs without, with 12 MB more memory.`,
    );
  }
}
