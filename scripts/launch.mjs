#!/usr/bin/env node
// Starts the command line with its compiled code kept beside the packages, in a folder that nobody else can write. This
// file is plain JavaScript, and the variable reaches the worker threads: with the cache warm no thread loads the
// TypeScript stripper, which saves 40 MB and half of the time of a start. Where the folder cannot be written, or
// without this file (`node server/src/main.ts`), everything works the same, only slower.
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

const directory = fileURLToPath(new URL('../node_modules/.cache/gapura', import.meta.url));
process.env['NODE_COMPILE_CACHE'] ??= directory;
enableCompileCache(process.env['NODE_COMPILE_CACHE']);
await import('../server/src/main.ts');
