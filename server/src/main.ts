#!/usr/bin/env node
/** The command line. Each command is a file in cli/, loaded only when it is called. */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// Compiled code of the modules below is kept beside the packages, in a folder that nobody else can write: from the
// second start on this saves a third of a second. Where it cannot be written, everything works without.
enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/gapura', import.meta.url)));
const { runCommandLine } = await import('./cli/run.ts');
await runCommandLine(process.argv.slice(2));
