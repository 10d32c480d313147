import { defineCommand } from 'citty';
import { restoreBackup } from '../backup/restore.ts';
import { readBackupManifest } from '../backup/stage-restore.ts';
import { loadConfig } from '../config-load.ts';
import { layoutOf } from '../data-dir/layout.ts';
import { version } from '../version.ts';
import { ask } from './ask.ts';
import { UsageError } from './usage-error.ts';

export const command = defineCommand({
  meta: { name: 'restore', description: 'Verify a backup and put it in place, also while Gapura runs' },
  args: {
    file: { type: 'positional', description: 'A file that gapura backup wrote', required: true },
    yes: { type: 'boolean', alias: 'y', description: 'Do not ask' },
  },
  async run({ args }) {
    const { config } = loadConfig(process.env);
    const { createdAt } = await readBackupManifest(args.file, version);
    if (args.yes !== true && !(await confirm(config.dataDir, createdAt))) {
      console.log('Nothing was changed.');
      process.exitCode = 1;
      return;
    }
    const { keptOldIn, isServing } = await restoreBackup(
      layoutOf(config.dataDir),
      { file: args.file, version, nowMs: Date.now() },
      console.error,
    );
    console.log(`Restored the backup of ${createdAt} into ${config.dataDir}.`);
    if (keptOldIn !== undefined) console.log(`What was there before is in ${keptOldIn}; remove it when all is well.`);
    console.log(isServing ? 'Gapura serves the restored data now.' : 'Start Gapura to use it.');
  },
});

async function confirm(dataDir: string, createdAt: string): Promise<boolean> {
  if (!process.stdin.isTTY) throw new UsageError('restore', 'There is no terminal to ask on: say --yes to restore.');
  const answer = await ask(`Replace everything in ${dataDir} by the backup of ${createdAt}? [y/N] `);
  return /^y(es)?$/i.test(answer);
}
