import { defineCommand } from 'citty';
import { createBackup } from '../backup/create-backup.ts';
import { loadConfig } from '../config-load.ts';
import { layoutOf } from '../data-dir/layout.ts';
import { version } from '../version.ts';

export const command = defineCommand({
  meta: { name: 'backup', description: 'Write everything that Gapura keeps into one file, also while it runs' },
  args: {
    file: { type: 'positional', description: 'The file to write, such as gapura.tar.gz', required: true },
    force: { type: 'boolean', description: 'Replace the file if it is there' },
  },
  async run({ args }) {
    const { config } = loadConfig(process.env);
    const { sizeBytes } = await createBackup({
      layout: layoutOf(config.dataDir),
      target: args.file,
      force: args.force === true,
      version,
      nowMs: Date.now(),
    });
    console.log(`Wrote ${args.file} (${(sizeBytes / 1e6).toFixed(1)} MB) from ${config.dataDir}.`);
    console.log('It holds the master key and every credential: keep it as safe as the data directory itself.');
  },
});
