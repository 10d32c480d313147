#!/usr/bin/env node
// Starts the command line with its compiled code kept beside the packages, in a folder that nobody else can write. This
// file is plain JavaScript, and the variable reaches the worker threads: with the cache warm no thread loads the
// TypeScript stripper, which saves 40 MB and half of the time of a start. Where the folder cannot be written, or
// without this file (`node server/src/main.ts`), everything works the same, only slower.
import { readFileSync } from 'node:fs';
import { enableCompileCache, registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

// Node's TypeScript stripper is WebAssembly. When several threads strip at once, V8 13.6 (Node 24) can free the code of
// a wrapper that it has just replaced by an optimised one, and the process ends by SIGSEGV (seen in
// WasmEngine::FreeDeadCode under Runtime_TierUpWasmToJSWrapper). Wrappers that are never replaced are never freed.
// (For the same reason the scripts of package.json start Node with --no-memory-protection-keys: with the keys, V8 has
// ended processes by "Check failed: jit_page.has_value()" when worker threads came and went.)
setFlagsFromString('--wasm-wrapper-tiering-budget=1000000000');

keepMemorySmall();

const modules = new URL('../node_modules/', import.meta.url);
process.env['NODE_COMPILE_CACHE'] ??= fileURLToPath(new URL('.cache/gapura', modules));
enableCompileCache(process.env['NODE_COMPILE_CACHE']);
takeBundledLibraries(new URL('.cache/gapura-libraries/', modules));
await import('../server/src/main.ts');

/**
 * For a process that runs for months beside others (docs/adr/0005-idle-memory.md has the measurements).
 *
 * glibc reads its settings at the start of a process only, so this one begins anew once and keeps its id. Without
 * them the first large buffer that is given back (hashing a password takes 16 MB) teaches glibc to keep all buffers of up
 * to that size, in an arena for each thread. Who has set MALLOC_ARENA_MAX is left alone.
 */
function keepMemorySmall() {
  const isLasting = process.argv[2] === 'start' || process.argv[2] === 'demo';
  const { MALLOC_ARENA_MAX } = process.env;
  if (isLasting && process.platform === 'linux' && MALLOC_ARENA_MAX === undefined && process.execve !== undefined) {
    const settings = {
      MALLOC_ARENA_MAX: '2',
      MALLOC_MMAP_THRESHOLD_: String(2 ** 19),
      MALLOC_TRIM_THRESHOLD_: String(2 ** 21),
    };
    process.execve(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], {
      ...process.env,
      ...settings,
    });
  }
  // What lives longer doubles before it is collected; without this it grows up to four times on a large machine.
  setFlagsFromString('--heap-growing-percent=100');
  // Of the threads that are begun from here on. They hand on columns and keep few objects.
  setFlagsFromString('--max-semi-space-size=4');
}

/** Takes what scripts/bundle-libraries.mjs made, if it is there and of the versions that are installed. */
function takeBundledLibraries(directory) {
  let bundled;
  try {
    const { versions, files } = JSON.parse(readFileSync(new URL('index.json', directory), 'utf8'));
    for (const [name, version] of Object.entries(versions)) {
      const installed = JSON.parse(readFileSync(new URL(`${name}/package.json`, modules), 'utf8')).version;
      if (installed !== version) return;
    }
    bundled = new Map(Object.entries(files).map(([name, file]) => [name, new URL(file, directory).href]));
  } catch {
    return;
  }
  registerHooks({
    resolve(specifier, context, next) {
      const url = bundled.get(specifier);
      return url === undefined ? next(specifier, context) : { url, format: 'module', shortCircuit: true };
    },
  });
}
