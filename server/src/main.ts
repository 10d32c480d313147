/** The command line. Each command is a file in cli/, loaded only when it is called. */
import { enableCompileCache } from 'node:module';
import { fileURLToPath } from 'node:url';

// For who starts this file itself; scripts/launch.mjs has done it already and says what it is good for.
enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/gapura', import.meta.url)));
const { runCommandLine } = await import('./cli/run.ts');
await runCommandLine(process.argv.slice(2));
