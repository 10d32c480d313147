/**
 * The storage thread: the only one that touches the files of the engine. Appends that wait share the next commit;
 * questions, deletes and the keeping of the files are done in small steps between commits, so that none of them holds up
 * an acknowledgement.
 */
import { parentPort, workerData } from 'node:worker_threads';
import {
  type Answer,
  backgroundTurnMs,
  type Call,
  commitPointsLimit,
  type EngineStatus,
  queryTurnMs,
  type ThreadOptions,
} from '../protocol.ts';
import { BatchNames, type NamedBatch } from './batch-names.ts';
import { Engine } from './engine.ts';
import { toFault } from './hot-log.ts';
import type { Steps } from './steps.ts';
import { takeOver } from './take-over.ts';

if (parentPort === null) throw new Error('This file runs as a worker thread.');
const port = parentPort;
const answer = (message: Answer): void => port.postMessage(message);

const options = workerData as ThreadOptions;
const note = (level: 'info' | 'warn' | 'error', text: string): void => answer({ kind: 'noted', level, text });
const engine = new Engine({
  directory: options.path,
  headPoints: options.headPoints,
  maxSizeBytes: options.maxSizeBytes,
  note,
  wake: schedule,
});

interface Append {
  readonly id: number;
  readonly batch: NamedBatch;
}
interface Task {
  readonly id: number;
  readonly steps: Steps<unknown>;
}

/** How often the engine looks for work in the background and says how it is doing, ms. */
const tickMs = 1000;

const names = new BatchNames();
const appends: Append[] = [];
const tasks: Task[] = [];
let scheduled = false;
let isOpen = false;
let closing = false;
let told = '';

port.on('message', (message: Call | 'close') => {
  if (message === 'close') closing = true;
  else if (message.name === 'append') appends.push({ id: message.id, batch: names.take(message.input) });
  else tasks.push({ id: message.id, steps: begin(message) });
  schedule();
});

const ticker = setInterval(() => {
  if (!isOpen) return;
  engine.tick(Date.now());
  tellStatus();
  schedule();
}, tickMs);

try {
  await engine.open();
  if (options.takeOver !== undefined) await takeOver(options.takeOver, engine, note);
  isOpen = true;
  tellStatus();
  answer({ kind: 'opened', fault: undefined });
  schedule();
} catch (error) {
  clearInterval(ticker);
  answer({ kind: 'opened', fault: toFault(error) });
  port.close();
}

function begin(call: Exclude<Call, { name: 'append' }>): Steps<unknown> {
  const { questions, deletes } = engine;
  switch (call.name) {
    case 'latest':
      return questions.latest(call.input);
    case 'range':
      return questions.range(call.input);
    case 'aggregate':
      return questions.aggregate(call.input);
    case 'downsample':
      return questions.downsample(call.input);
    case 'stats':
      return questions.stats(call.input);
    case 'deleteRange':
      return deletes.deleteRange(call.input);
    case 'deleteDevice':
      return deletes.deleteDevice(call.input);
    case 'retain':
      return deletes.retain(call.input);
  }
}

function schedule(): void {
  if (scheduled || !isOpen) return;
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
  const isIdle = appends.length === 0 && tasks.length === 0;
  const hasMore = engine.work(performance.now() + backgroundTurnMs, isIdle);
  if (closing && appends.length === 0) close();
  else if (hasMore || tasks.length > 0 || (appends.length > 0 && !isHeld)) schedule();
}

/** The head is full: the next commit waits for the background work, which wakes the thread when it goes on. */
let isHeld = false;

function commit(): void {
  isHeld = false;
  const group: Append[] = [];
  let points = 0;
  for (let next = appends[0]; next !== undefined && points < commitPointsLimit; next = appends[0]) {
    const obstacle = engine.obstacle(points + next.batch.ts.length);
    if (obstacle !== undefined && group.length > 0) break;
    // Also while it closes: what was taken is stored as long as the files take it.
    if (obstacle === 'wait') {
      isHeld = true;
      return;
    }
    appends.shift();
    if (obstacle !== undefined) {
      answer({ kind: 'committed', ids: [next.id], points: 0, seconds: 0, fault: { message: obstacle, errcode: 0 } });
      continue;
    }
    group.push(next);
    points += next.batch.ts.length;
  }
  if (group.length === 0) return;
  const startMs = performance.now();
  let fault: ReturnType<typeof toFault> | undefined;
  try {
    engine.append(group.map((append) => append.batch));
  } catch (error) {
    fault = toFault(error);
  }
  const seconds = (performance.now() - startMs) / 1000;
  answer({ kind: 'committed', ids: group.map((append) => append.id), points, seconds, fault });
}

function step(task: Task): void {
  try {
    const { done, value } = engine.longestStep.time(() => task.steps.next());
    if (done !== true) tasks.push(task);
    else answer({ kind: 'answered', id: task.id, output: value });
  } catch (error) {
    answer({ kind: 'failed', id: task.id, fault: toFault(error) });
  }
}

function tellStatus(): void {
  const status: EngineStatus = engine.status;
  const text = JSON.stringify(status);
  if (text === told) return;
  told = text;
  answer({ kind: 'status', status });
}

/** What is not answered is refused on the other side when the thread ends. */
function close(): void {
  isOpen = false;
  clearInterval(ticker);
  try {
    engine.close();
  } finally {
    port.close();
  }
}
