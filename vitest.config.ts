import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{contract,server,sdk,firmware,bench,scripts,web}/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 30_000,
    // What is waited for comes later on a busy machine; the one second that is usual would be a limit of time in disguise.
    expect: { poll: { timeout: 15_000 } },
    // Browsers, processes and power cuts on a busy machine: CI tries once more and names what was flaky.
    retry: process.env['CI'] === undefined ? 0 : 1,
    pool: 'forks',
    // Against faults of V8 when worker threads come and go; scripts/launch.mjs says more.
    execArgv: ['--wasm-wrapper-tiering-budget=1000000000', '--no-memory-protection-keys'],
  },
});
