/** Tells other processes of this machine who holds the data directory and whether it is ready. The lock is what counts. */
import { readFileSync, rmSync } from 'node:fs';
import { writeFileAtomically } from '../lib/write-file-atomically.ts';
import type { DataDirLayout } from './layout.ts';

export interface ProcessFile {
  readonly pid: number;
  readonly state: 'starting' | 'ready';
  /** When this state began, ms since the Unix epoch. */
  readonly since: number;
  /** Where the platform API is, once it is ready. */
  readonly url?: string;
}

export function writeProcessFile(layout: DataDirLayout, state: ProcessFile['state'], url?: string): void {
  const content: ProcessFile = { pid: process.pid, state, since: Date.now(), ...(url !== undefined && { url }) };
  writeFileAtomically(layout.processFile, `${JSON.stringify(content)}\n`, 0o600);
}

/** @returns undefined when there is none, or it makes no sense */
export function readProcessFile(layout: DataDirLayout): ProcessFile | undefined {
  try {
    const content: Partial<ProcessFile> = JSON.parse(readFileSync(layout.processFile, 'utf8'));
    const { pid, state, since } = content;
    // A pid of 0 or below would mean a group of processes to kill(2).
    if (!Number.isSafeInteger(pid) || pid === undefined || pid <= 0) return undefined;
    if ((state !== 'starting' && state !== 'ready') || typeof since !== 'number') return undefined;
    return { pid, state, since, ...(typeof content.url === 'string' && { url: content.url }) };
  } catch {
    return undefined;
  }
}

export function removeProcessFile(layout: DataDirLayout): void {
  rmSync(layout.processFile, { force: true });
}
