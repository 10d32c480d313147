/**
 * The storage thread: the only one that touches `telemetry.sqlite`. Appends that wait share the next commit; questions
 * and deletes are done in small steps between commits, so that none of them holds up an acknowledgement.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { TelemetryDatabase, toFault } from './database.ts';
import { type Answer, type Call, commitPointsLimit, queryTurnMs, type ThreadOptions } from './protocol.ts';
import { createReading, type Steps } from './reading.ts';
import { SeriesIds } from './series-ids.ts';
import { createWriting } from './writing.ts';

if (parentPort === null) throw new Error('This file runs as a worker thread.');
const port = parentPort;
const answer = (message: Answer): void => port.postMessage(message);

const database = new TelemetryDatabase(workerData as ThreadOptions);
const series = new SeriesIds(database);
const reading = createReading(database, series);
const writing = createWriting(database, series);

type Append = Extract<Call, { name: 'append' }>;
interface Task {
  /** Undefined for work that nobody waits for. */
  readonly id: number | undefined;
  readonly steps: Steps<unknown>;
}

const appends: Append[] = [];
const tasks: Task[] = [];
let scheduled = false;
let closing = false;
let purging = false;

port.on('message', (message: Call | 'close') => {
  if (message === 'close') closing = true;
  else if (message.name === 'append') appends.push(message);
  else tasks.push({ id: message.id, steps: begin(message) });
  schedule();
});

try {
  tasks.push({ id: undefined, steps: purge() });
  // The first step looks for work and thereby opens the file.
  database.prepare('select 1').get();
  answer({ kind: 'opened', fault: undefined });
  schedule();
} catch (error) {
  answer({ kind: 'opened', fault: toFault(error) });
  port.close();
}

function begin(call: Exclude<Call, Append>): Steps<unknown> {
  switch (call.name) {
    case 'latest':
      return reading.latest(call.input);
    case 'range':
      return reading.range(call.input);
    case 'aggregate':
      return reading.aggregate(call.input);
    case 'stats':
      return reading.stats(call.input);
    case 'deleteRange':
      return writing.deleteRange(call.input);
    case 'deleteDevice':
      return deleteDevice(call.input);
    case 'retain':
      return writing.retain(call.input);
  }
}

function* deleteDevice(input: Extract<Call, { name: 'deleteDevice' }>['input']): Steps<undefined> {
  yield* writing.deleteDevice(input);
  if (!purging) tasks.push({ id: undefined, steps: purge() });
  return undefined;
}

function* purge(): Steps<undefined> {
  purging = true;
  try {
    yield* writing.purge();
  } finally {
    purging = false;
  }
  return undefined;
}

function schedule(): void {
  if (scheduled) return;
  scheduled = true;
  setImmediate(turn);
}

function turn(): void {
  scheduled = false;
  commit();
  const endMs = performance.now() + queryTurnMs;
  // Round robin: a short question passes a long one.
  for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
    step(task);
    if (performance.now() >= endMs) break;
  }
  if (appends.length > 0) {
    schedule();
  } else if (closing) {
    close();
  } else if (tasks.length > 0) {
    schedule();
  }
}

function commit(): void {
  const group: Append[] = [];
  let points = 0;
  for (let next = appends[0]; next !== undefined && points < commitPointsLimit; next = appends[0]) {
    appends.shift();
    group.push(next);
    points += next.input.ts.length;
  }
  if (group.length === 0) return;
  const startMs = performance.now();
  let fault: ReturnType<typeof toFault> | undefined;
  try {
    writing.append(group.map((append) => append.input));
  } catch (error) {
    fault = toFault(error);
    database.recover(error);
  }
  const seconds = (performance.now() - startMs) / 1000;
  answer({ kind: 'committed', ids: group.map((append) => append.id), points, seconds, fault });
}

function step(task: Task): void {
  try {
    const { done, value } = task.steps.next();
    if (done !== true) tasks.push(task);
    else if (task.id !== undefined) answer({ kind: 'answered', id: task.id, output: value });
  } catch (error) {
    database.recover(error);
    if (task.id !== undefined) answer({ kind: 'failed', id: task.id, fault: toFault(error) });
  }
}

/** What is not answered is refused on the other side when the thread ends. */
function close(): void {
  try {
    database.close();
  } finally {
    port.close();
  }
}
