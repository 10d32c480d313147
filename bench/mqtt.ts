/**
 * Telemetry over MQTT, stored durably, beside brokers that acknowledge without storing: Mosquitto and, in the full form,
 * Aedes. In turns within one run, on the same cores; after each fleet all that was acknowledged is counted in the store.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchOptions, type BenchResult, type Figure, median } from './lib/bench.ts';
import { type MqttTarget, mosquittoVersion, startBrokers, targetOf } from './lib/brokers.ts';
import { createFleet } from './lib/fleet.ts';
import { type MqttClients, type RunResult, startMqttClients } from './lib/mqtt-clients.ts';
import { industrialPlc, type Payload, smartMeter, smartTracker } from './lib/payloads.ts';
import { threadSeconds } from './lib/process-usage.ts';
import { createDataDir, startServer } from './lib/server.ts';

interface Case {
  readonly connections: number;
  readonly payload: Payload;
  readonly qos: 0 | 1;
  readonly window: number;
}

interface Round {
  readonly run: RunResult;
  /** Of all threads of the server, for one message. */
  readonly microsPerMessage: number;
  readonly perSecond: number;
}

const fleets = [20, 50, 1000, 10_000];
/** For what the server still does when the last message has been acknowledged: sealing goes on for a while. */
const settleMs = 300;

/** @param full all of them; otherwise those that have a goal. @param only those whose titles hold this text */
function casesOf(full: boolean, only: string | undefined): Case[] {
  const cases: Case[] = [];
  for (const connections of fleets) {
    for (const payload of [smartMeter, smartTracker, industrialPlc]) {
      for (const qos of [1, 0] as const) {
        for (const window of [1, 50]) cases.push({ connections, payload, qos, window });
      }
    }
  }
  if (only !== undefined) return cases.filter((one) => titleOf(one).includes(only));
  return full ? cases : cases.filter((one) => goalOf(one) !== undefined && shortFleets(one).includes(one.connections));
}

/**
 * Cases that share their connections. Those with one message in flight come first: they store little, and millions of points
 * of the others are still being sealed and merged long after they were acknowledged, which would be counted as theirs.
 */
function groupsOf(cases: readonly Case[]): { readonly connections: number; readonly of: readonly Case[] }[] {
  const groups = Map.groupBy(cases, ({ window, connections }) => window * 1e6 + connections);
  return [...groups].sort(([a], [b]) => a - b).map(([key, of]) => ({ connections: key % 1e6, of }));
}

/** The fleets that the goals speak of. */
const shortFleets = ({ window }: Case): number[] => (window === 1 ? [50, 1000] : [20, 1000]);

/** The goals of the project, by case. */
function goalOf({ connections, payload, qos, window }: Case): number | undefined {
  if (payload !== smartMeter) return undefined;
  if (qos === 0) return window === 50 ? 1 : undefined;
  if (window === 50) return 2;
  return connections === 50 || connections === 1000 ? 0.75 : undefined;
}

export async function run({ full, only, log }: BenchOptions): Promise<BenchResult> {
  const rounds = full ? 5 : 2;
  // The short form takes less than two minutes.
  const durationMs = full ? 2000 : 1000;
  const cases = casesOf(full, only);
  if (cases.length === 0) throw new Error(`No case is named "${only}".`);
  const most = Math.max(...cases.map(({ connections }) => connections));
  const startedMs = Date.now();
  const dataDir = await createDataDir();
  const gapura = await startServer(dataDir.path);
  const peers = await startBrokers(dataDir.path, log);
  // The goals speak of Mosquitto, which comes first when it is installed.
  const targets = [targetOf(gapura), ...(full ? peers : peers.slice(0, 1))];
  const figures: Figure[] = [];
  const failures: string[] = [];
  try {
    const fleet = await createFleet(await gapura.signIn(), most);
    for (const [group, { connections, of }] of groupsOf(cases).entries()) {
      const clients = new Map<MqttTarget, MqttClients>();
      for (const target of targets) {
        // The messages of each group have an hour of their own, one for each millisecond: none replaces another's.
        const tsBase = startedMs - 3_600_000 * (1 + group);
        const opened = await startMqttClients({ port: target.port, connections, tsBase });
        if (opened.open !== connections)
          failures.push(`${target.name} took ${opened.open} of ${connections} sessions.`);
        clients.set(target, opened);
      }
      for (const one of of) {
        const results = new Map<MqttTarget, Round[]>(targets.map((target) => [target, []]));
        // The first round does not count: code is being compiled.
        for (let i = 0; i <= rounds; i++) {
          for (const [target, load] of clients) {
            const round = await measure(target, load, one, durationMs);
            if (target.pid === gapura.pid) fleet.add(one.payload, round.run);
            failures.push(...faultsOf(one, target, round.run));
            if (i > 0) results.get(target)?.push(round);
          }
        }
        const told = figuresOf(one, results);
        figures.push(...told);
        log(
          `${titleOf(one)}: ${told.map(({ name, value }) => `${name.split(', ').at(-1)} ${value.toFixed(2)}`).join(', ')}`,
        );
      }
      for (const load of clients.values()) await load.stop();
      const wrong = await fleet.failures();
      failures.push(...wrong.map((fault) => `${connections} connections: ${fault}`));
    }
    figures.push({ name: 'points acknowledged, each counted in the store', value: fleet.points, unit: '' });
    return {
      name: 'mqtt',
      summary: `${rounds} rounds of ${durationMs} ms each in turns; Gapura stores durably before it acknowledges, Mosquitto ${mosquittoVersion() ?? '(missing)'} and (in the full form, or without Mosquitto) Aedes 1.2.0 store nothing and let everybody in`,
      figures,
      failures,
    };
  } finally {
    for (const peer of peers) await peer.stop();
    await gapura.stop();
    await dataDir.remove();
  }
}

async function measure(target: MqttTarget, clients: MqttClients, one: Case, durationMs: number): Promise<Round> {
  const before = threadSeconds(target.pid).all;
  const result = await clients.run({ ...one, durationMs, payload: one.payload.template });
  await sleep(settleMs);
  const cpuSeconds = threadSeconds(target.pid).all - before;
  return {
    run: result,
    microsPerMessage: (cpuSeconds / result.acknowledged) * 1e6,
    perSecond: result.acknowledged / result.seconds,
  };
}

function faultsOf(one: Case, { name }: MqttTarget, { lost, sent, acknowledged }: RunResult): string[] {
  const faults: string[] = [];
  if (lost > 0) faults.push(`${titleOf(one)}: ${name} lost ${lost} connections.`);
  if (sent !== acknowledged) faults.push(`${titleOf(one)}: ${name} acknowledged ${acknowledged} of ${sent}.`);
  return faults;
}

const titleOf = ({ connections, payload, qos, window }: Case): string =>
  `${payload.name} QoS ${qos}, ${window} ${qos === 1 ? 'in flight' : 'a write'}, ${connections} connections`;

function figuresOf(one: Case, results: ReadonlyMap<MqttTarget, readonly Round[]>): Figure[] {
  const title = titleOf(one);
  const figures: Figure[] = [];
  let own = Number.NaN;
  for (const [{ name }, rounds] of results) {
    const micros = median(rounds.map(({ microsPerMessage }) => microsPerMessage));
    const rateGoal = name === 'Gapura' && one.payload === smartMeter && one.qos === 1 && one.window === 50;
    figures.push(
      { name: `${title}, ${name} CPU`, value: micros, unit: 'µs' },
      {
        ...{ name: `${title}, ${name} rate`, value: median(rounds.map(({ perSecond }) => perSecond)), unit: '/s' },
        ...(rateGoal && { goal: '≥ 100,000' }),
      },
    );
    if (name === 'Gapura') {
      own = micros;
      const load = median(rounds.map(({ run: { cpuSeconds, acknowledged } }) => (cpuSeconds / acknowledged) * 1e6));
      figures.push({ name: `${title}, CPU of the load`, value: load, unit: 'µs' });
    } else {
      const goal = goalOf(one);
      const ratio = { name: `${title}, messages per CPU second ÷ ${name}`, value: micros / own, unit: '' };
      figures.push({ ...ratio, ...(name === 'Mosquitto' && goal !== undefined && { goal: `≥ ${goal}` }) });
    }
  }
  return figures;
}
