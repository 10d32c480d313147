/** What a process has used, from Linux's /proc. */
import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ: the kernel tells times to programs in hundredths of a second on every machine Node runs on. */
const ticksPerSecond = 100;

/** User and system time of all threads since the start of the process, seconds. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The second field is the name in brackets and may hold spaces: count from its end.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Resident memory now and at its peak, bytes. */
export function memoryBytes(pid: number): { residentBytes: number; peakBytes: number } {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1');
  const kib = (field: string): number =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? Number.NaN);
  return { residentBytes: kib('VmRSS') * 1024, peakBytes: kib('VmHWM') * 1024 };
}

/** Time on a core since the start, by the scheduler's own count (ns), of the first thread and of all. */
export function threadSeconds(pid: number): { main: number; all: number } {
  const secondsOf = (thread: string): number =>
    Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'latin1').split(' ', 1)[0]) / 1e9;
  const threads = readdirSync(`/proc/${pid}/task`);
  return { main: secondsOf(String(pid)), all: threads.reduce((total, thread) => total + secondsOf(thread), 0) };
}

/** Memory that is the process's own, with its share of what it has in common with others, bytes. */
export function proportionalBytes(pid: number): number {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'latin1');
  return Number(/^Pss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? Number.NaN) * 1024;
}
