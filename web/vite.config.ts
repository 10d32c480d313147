/** The console's build: hashed files under assets/, each also as gzip, so that a small server need not compress. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import tailwindcss from '@tailwindcss/vite';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const compressible = /\.(js|css|html|svg|json)$/;
/** Below, the headers weigh more than what is saved. */
const leastBytes = 1024;

function compress(): Plugin {
  let directory = '';
  return {
    name: 'gapura-compress',
    apply: 'build',
    configResolved: (config) => {
      directory = config.build.outDir;
    },
    closeBundle() {
      // A build that failed has left nothing; its own message says why.
      if (!existsSync(directory)) return;
      for (const entry of readdirSync(directory, { recursive: true, withFileTypes: true })) {
        const file = join(entry.parentPath, entry.name);
        if (!entry.isFile() || !compressible.test(entry.name)) continue;
        const content = readFileSync(file);
        if (content.length >= leastBytes) writeFileSync(`${file}.gz`, gzipSync(content, { level: 9 }));
      }
    },
  };
}

/** Where `npm run web:dev` finds the API. */
const api = process.env['GAPURA_URL'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  plugins: [react(), tailwindcss(), compress()],
  build: {
    // What Tailwind 4 asks for, too.
    target: ['chrome111', 'firefox128', 'safari16.4'],
    // The policy of the page allows no data: scripts, and small files are cheap over one connection.
    assetsInlineLimit: 0,
    manifest: true,
    reportCompressedSize: false,
    // The dictionaries of the password estimator are one large chunk of their own; budgets are held by a test.
    chunkSizeWarningLimit: 2000,
  },
  server: {
    port: 5173,
    proxy: {
      '/v1/live': { target: api, ws: true },
      '/v1': { target: api },
      '/ca.pem': { target: api },
      '/docs': { target: api },
    },
  },
});
