/**
 * Puts a staged restore in place. `gapura restore` leaves a verified backup in `restore-pending/files` with a
 * `plan.json`; whoever holds the lock next moves the old state aside and the new state in. Each step is a rename and
 * may be done twice, so a process that dies in the middle is no harm: the next start finishes.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { StartupError } from '../errors.ts';
import { syncDirectory } from '../lib/write-file-atomically.ts';
import { type DataDirLayout, databaseCompanions, stateEntries } from './layout.ts';

export interface RestorePlan {
  /** Names in `restore-pending/files`, each one of the state's entries. */
  readonly entries: readonly string[];
  /** Name in the data directory under which the old state is kept. */
  readonly keepOldIn: string;
}

export const planFile = 'plan.json';
export const stagedFiles = 'files';

export function isRestorePending(layout: DataDirLayout): boolean {
  return existsSync(join(layout.restorePending, planFile));
}

/**
 * Finishes a staged restore. Only for the holder of the lock, before anything of the state is opened.
 * @returns where the old state is kept, or undefined when nothing was staged
 */
export function finishRestore(layout: DataDirLayout): string | undefined {
  if (!isRestorePending(layout)) return undefined;
  const plan = readPlan(layout);
  const staged = join(layout.restorePending, stagedFiles);
  const old = join(layout.root, plan.keepOldIn);
  mkdirSync(old, { recursive: true, mode: 0o700 });

  for (const name of withCompanions(stateEntries)) {
    const current = join(layout.root, name);
    const isNew = plan.entries.includes(name) && !existsSync(join(staged, name));
    if (!isNew && existsSync(current)) renameSync(current, join(old, name));
  }
  syncDirectory(old);
  for (const name of plan.entries) {
    if (existsSync(join(staged, name))) renameSync(join(staged, name), join(layout.root, name));
  }
  syncDirectory(layout.root);
  rmSync(layout.restorePending, { recursive: true });
  if (readdirSync(old).length > 0) return old;
  rmSync(old, { recursive: true });
  return undefined;
}

function withCompanions(names: readonly string[]): string[] {
  return names.flatMap((name) =>
    name.endsWith('.sqlite') ? [name, ...databaseCompanions.map((suffix) => name + suffix)] : [name],
  );
}

function readPlan(layout: DataDirLayout): RestorePlan {
  const path = join(layout.restorePending, planFile);
  const plan: Partial<RestorePlan> = JSON.parse(readFileSync(path, 'utf8'));
  const { entries, keepOldIn } = plan;
  const isName = (name: unknown): boolean => typeof name === 'string' && stateEntries.includes(name);
  if (!Array.isArray(entries) || !entries.every(isName) || !/^before-restore-[\w-]+$/.test(keepOldIn ?? '')) {
    throw new StartupError(`${path} is no plan of a restore. Remove ${layout.restorePending} and restore again.`);
  }
  return { entries, keepOldIn: keepOldIn ?? '' };
}
