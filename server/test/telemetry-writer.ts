/**
 * A process that writes telemetry as fast as it is acknowledged and says what was, until it is killed.
 * Arguments: the directory of the store, points in its memory, and which work runs beside the writing:
 * `append` alone, `upkeep` (sealing and merging all the time), or `delete` (retention and deletes as well). With two more
 * it kills itself in the middle of a piece of work (see `stages`), the given time that it passes there.
 */
import { writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { createBatchPacker } from '../src/telemetry/batch-packer.ts';
import { BatchNames } from '../src/telemetry/engine/batch-names.ts';
import { Engine } from '../src/telemetry/engine/engine.ts';
import { type Files, nodeFiles } from '../src/telemetry/engine/files.ts';
import { runThrough } from '../src/telemetry/engine/steps.ts';

const [directory = '', headPoints = '1000000', work = 'append', endIn, endAt = '1'] = process.argv.slice(2);
/** Directly to the pipe: nothing acknowledged may be lost in a buffer of this process. */
const say = (line: string): void => void writeSync(1, `${line}\n`);

/** What stands on the stack of a call to the disk while the engine is at it. */
const stages: Readonly<Record<string, readonly string[]>> = {
  commit: ['Engine.append'],
  seal: ['/seal.ts', 'append'],
  merge: ['mergeBlocks'],
  rewrite: ['rewriteDay'],
  retention: ['retain'],
  reclaim: ['reclaimSpace'],
};
Error.stackTraceLimit = 60;
let left = Number(endAt);

/** @param half what a kill in the middle of the call would leave */
function passing(call: string, half?: () => void): void {
  const marks = endIn === undefined ? undefined : stages[endIn];
  const stack = new Error().stack ?? '';
  if (marks === undefined || !marks.every((mark) => stack.includes(mark)) || --left > 0) return;
  half?.();
  say(`ends ${endIn} ${call}`);
  process.kill(process.pid, 'SIGKILL');
}

const files: Files = {
  ...nodeFiles,
  write(descriptor, bytes, position) {
    passing('write', () => nodeFiles.write(descriptor, bytes.subarray(0, bytes.length >> 1), position));
    nodeFiles.write(descriptor, bytes, position);
  },
  sync(descriptor) {
    passing('sync');
    return nodeFiles.sync(descriptor);
  },
  rename(from, to) {
    passing('rename');
    nodeFiles.rename(from, to);
    passing('renamed');
  },
  syncDirectory(path) {
    passing('syncDirectory');
    return nodeFiles.syncDirectory(path);
  },
};
const { exec } = DatabaseSync.prototype;
DatabaseSync.prototype.exec = function (sql: string): void {
  if (sql === 'commit') passing('commit');
  exec.call(this, sql);
  if (sql === 'commit') passing('committed');
};

const engine = new Engine({
  directory,
  files,
  headPoints: Number(headPoints),
  // A day that is over is written anew before enough blocks have gathered to be merged.
  times: { closedAfterMs: endIn === 'merge' ? Infinity : 0, restMs: 0, reclaimAfterMs: 0 },
  note: (level, text) => writeSync(2, `${level} ${text}\n`),
  wake: () => {},
});
await engine.open();
const packer = createBatchPacker();
const names = new BatchNames();

const dayMs = 86_400_000;
const devices = [0, 1, 2, 3];
for (let n = 0; ; n++) {
  // Every message of one number in one commit: the days of some lie back, as those of late points do.
  const messages = devices.map((device) => ({
    tenantId: 't',
    deviceId: `device-${device}`,
    points: ['a', 'b', 'c'].map((key) => ({ key, ts: (n % 3) * dayMs + n, value: `${key}-${n}` })),
  }));
  const batch = names.take(packer.pack(messages));
  while (engine.obstacle(batch.ts.length) !== undefined) {
    engine.work(performance.now() + 5);
    await new Promise((resolve) => setImmediate(resolve));
  }
  engine.append([batch]);
  say(`written ${n}`);
  if (work === 'delete' && n % 50 === 49) {
    // Of device 3 all that is older than the last hundred numbers goes; it is told before and after.
    const device = { tenantId: 't', deviceId: 'device-3' };
    for (let day = 0; day < 3; day++) {
      const span = { fromMs: day * dayMs, toMs: day * dayMs + n - 100 };
      if (span.toMs <= span.fromMs) continue;
      runThrough(engine.deletes.deleteRange({ device, keys: ['a'], ...span }));
      if (day === 2) {
        say(`deleted ${n - 100}`);
        runThrough(engine.deletes.retain({ tenantId: 't', beforeMs: n - 100, devices: ['device-2'] }));
        say(`retained ${n - 100}`);
      }
    }
  }
  // The space of what is deleted comes back when nothing else is to be done.
  if (endIn === 'reclaim' && n % 50 === 49) await engine.settle(Date.now());
  if (work !== 'append') {
    engine.tick(Date.now());
    engine.work(performance.now() + 1);
  }
  if (n % 8 === 0) await new Promise((resolve) => setImmediate(resolve));
}
