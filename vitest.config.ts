import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{contract,server,sdk,firmware,bench,scripts,web}/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    pool: 'forks',
    // The same as in scripts/launch.mjs, which says why.
    execArgv: ['--wasm-wrapper-tiering-budget=1000000000'],
  },
});
