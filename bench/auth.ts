/**
 * What it costs to know who sends: the scenarios of a published evaluation of JWT for ESP32 devices, by its own method
 * (three repetitions of a single client) and by one that holds under load. docs/reference/jwt-evaluation.md explains it.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import {
  type BenchDevice,
  bearerOf,
  forgetSigned,
  intruderKey,
  requestsOf,
  type Scenario,
  scenarioNames,
  scenarios,
} from './lib/auth-requests.ts';
import type { BenchWorld, PointsSeen } from './lib/auth-server.ts';
import { type Bar, barPlot } from './lib/bar-plot.ts';
import { type BenchOptions, type BenchResult, type Figure, median, percentile } from './lib/bench.ts';
import { threadSeconds } from './lib/process-usage.ts';
import { type RequestLoad, sendRequests } from './lib/request-load.ts';

const connections = 50;
const manyDevices = 10_000;
const repetitions = 3;
/** The paper's Table 1, ms: an ESP32 over Wi-Fi against a server on the Internet. Ratios are what compares. */
const paper = { none: 159, bearerFirst: 278, wrongSecret: 1100 } as const;
const resultsFolder = fileURLToPath(new URL('results/', import.meta.url));

/** One scenario, sent by few devices or by many. */
interface Case {
  readonly scenario: Scenario;
  readonly devices: 'few' | 'many';
}

const cases: readonly Case[] = [
  { scenario: 'none', devices: 'few' },
  { scenario: 'bearer', devices: 'few' },
  { scenario: 'signed', devices: 'few' },
  { scenario: 'none', devices: 'many' },
  { scenario: 'bearerFirst', devices: 'many' },
  { scenario: 'signed', devices: 'many' },
  { scenario: 'replayed', devices: 'many' },
  { scenario: 'wrongSecret', devices: 'many' },
  { scenario: 'expired', devices: 'many' },
  { scenario: 'malformed', devices: 'many' },
  { scenario: 'unknownKey', devices: 'many' },
];
const nameOf = ({ scenario, devices }: Case): string =>
  `${scenarios[scenario].name}, ${devices === 'few' ? `${connections}` : manyDevices.toLocaleString('en')} devices`;

interface Round {
  readonly load: RequestLoad;
  /** Of the thread that serves, and of the whole process, µs per request. */
  readonly mainMicros: number;
  readonly allMicros: number;
}

export async function run({ full, log }: BenchOptions): Promise<BenchResult> {
  const rounds = full ? 9 : 5;
  const { server, world } = await startAuthServer();
  try {
    const failures: string[] = [];
    const single = await measureSingle(world, failures);
    log('single client measured');
    const results = new Map<Case, Round[]>(cases.map((one) => [one, []]));
    // The first round does not count: code is being compiled and keys are being read.
    for (let i = 0; i <= rounds; i++) {
      for (const one of inTurn(cases, i)) {
        const round = await measure(one, world, server);
        if (i === 0) continue;
        results.get(one)?.push(round);
        failures.push(...faultsOf(one, round.load));
      }
      if (i > 0) log(`round ${i} of ${rounds}: ${summaryOf(results)}`);
    }
    const seen = await ask(server);
    if (seen.intruders > 0) failures.push(`${seen.intruders} devices have points of requests that were refused.`);
    const report = toReport(results, single, world);
    await mkdir(resultsFolder, { recursive: true });
    await writeFile(`${resultsFolder}auth.svg`, report.plot);
    await writeFile(`${resultsFolder}auth.json`, `${JSON.stringify(report.data, null, 2)}\n`);
    log(`plot and numbers: ${resultsFolder}auth.{svg,json}`);
    return {
      name: 'auth',
      summary: `telemetry with each kind of credential over ${connections} kept connections, medians of ${rounds} rounds in turns; answered after the commit`,
      figures: report.figures,
      failures: [...new Set(failures)],
    };
  } finally {
    server.kill('SIGKILL');
  }
}

/** A signed request must come directly before it is replayed; all else begins elsewhere in each round. */
function inTurn(all: readonly Case[], round: number): Case[] {
  const free = all.filter(({ scenario }) => scenario !== 'replayed');
  const start = (round * 3) % free.length;
  return [...free.slice(start), ...free.slice(0, start)].flatMap((one) => {
    const replay = all.find(({ scenario }) => scenario === 'replayed');
    return one.scenario === 'signed' && one.devices === 'many' && replay !== undefined ? [one, replay] : [one];
  });
}

function listsOf({ scenario, devices }: Case, world: BenchWorld): Buffer[][] {
  const perConnection = manyDevices / connections;
  const order: BenchDevice[] = [];
  for (let connection = 0; connection < connections; connection++) {
    for (let i = 0; i < perConnection; i++) {
      const device = world.devices[devices === 'few' ? connection : connection * perConnection + i];
      if (device !== undefined) order.push(device);
    }
  }
  const requests = requestsOf(scenario, order, world.instance);
  return Array.from({ length: connections }, (_, i) => requests.slice(i * perConnection, (i + 1) * perConnection));
}

async function measure(one: Case, world: BenchWorld, server: ChildProcess): Promise<Round> {
  const pid = server.pid ?? 0;
  const lists = listsOf(one, world);
  const before = threadSeconds(pid);
  const load = await sendRequests(one.scenario === 'none' ? world.openUrl : world.url, lists);
  const after = threadSeconds(pid);
  const micros = (thread: 'main' | 'all'): number => ((after[thread] - before[thread]) / load.requests) * 1e6;
  return { load, mainMicros: micros('main'), allMicros: micros('all') };
}

/** Accepted is 200. Refused is 401, or 429 where the server has seen enough of an address. */
function share(scenario: Scenario, { statuses, requests }: RequestLoad): number {
  const good = scenarios[scenario].accepted
    ? (statuses.get(200) ?? 0)
    : (statuses.get(401) ?? 0) + (statuses.get(429) ?? 0);
  return good / requests;
}

function faultsOf(one: Case, load: RequestLoad): string[] {
  if (share(one.scenario, load) === 1) return [];
  return [`${nameOf(one)}: answers ${JSON.stringify(Object.fromEntries(load.statuses))}`];
}

interface Single {
  readonly scenario: Scenario | 'token';
  readonly latenciesMs: readonly number[];
  readonly status: number;
  readonly share: number;
}

/** As in the paper: one client, each request three times. Devices that the server has not met since its start. */
async function measureSingle(world: BenchWorld, failures: string[]): Promise<Single[]> {
  const singles: Single[] = [];
  // Beyond the devices of the load, each scenario with some of its own.
  let next = manyDevices;
  await sendRequests(world.url, [requestsOf('bearerFirst', world.devices.slice(-20), world.instance)]);
  for (const scenario of scenarioNames) {
    const url = scenario === 'none' ? world.openUrl : world.url;
    const devices = world.devices.slice(next, next + repetitions);
    next += repetitions;
    if (scenario === 'replayed') await sendRequests(url, [requestsOf('signed', devices, world.instance)]);
    if (scenario === 'bearer') await sendRequests(url, [requestsOf('bearer', devices, world.instance)]);
    const load = await sendRequests(url, [requestsOf(scenario, devices, world.instance)]);
    forgetSigned();
    const status = [...load.statuses.keys()][0] ?? 0;
    singles.push({ scenario, latenciesMs: load.latenciesMs, status, share: share(scenario, load) });
    if (share(scenario, load) !== 1) failures.push(`Single client, ${scenarios[scenario].name}: ${status}`);
  }
  singles.push(await measureTokenRequests(world, failures, world.devices.slice(next, next + repetitions)));
  return singles;
}

/** Bearer tokens that the server makes: what asking for one takes, and whether it is then good. */
async function measureTokenRequests(world: BenchWorld, failures: string[], devices: readonly BenchDevice[]) {
  const latenciesMs: number[] = [];
  let good = 0;
  for (const { kid, key } of devices) {
    const body = new URLSearchParams({ grant_type: 'client_credentials', client_id: kid, client_secret: key });
    const startedMs = performance.now();
    const answer = await fetch(`${world.url}/api/v1/auth/token`, { method: 'POST', body });
    const { access_token: token } = (await answer.json()) as { access_token?: string };
    latenciesMs.push(performance.now() - startedMs);
    const used = await fetch(`${world.url}/api/v1/telemetry`, {
      ...{ method: 'POST', body: '{"served":1}', headers: { authorization: `Bearer ${token}` } },
    });
    if (used.status === 200) good++;
    else failures.push(`A token of the server was answered with ${used.status}.`);
  }
  return { scenario: 'token', latenciesMs, status: 200, share: good / devices.length } as const;
}

function summaryOf(results: ReadonlyMap<Case, readonly Round[]>): string {
  return [...results]
    .map(([{ scenario }, rounds]) => `${scenario} ${rounds.at(-1)?.mainMicros.toFixed(0)} µs`)
    .join(', ');
}

function toReport(results: ReadonlyMap<Case, readonly Round[]>, single: readonly Single[], world: BenchWorld) {
  const roundsOf = (scenario: Scenario, devices: 'few' | 'many'): readonly Round[] =>
    [...results].find(([one]) => one.scenario === scenario && one.devices === devices)?.[1] ?? [];
  /** Round by round, so that what disturbed one round disturbed both sides of it. */
  const ratio = (
    [scenario, devices]: readonly [Scenario, 'few' | 'many'],
    [base, baseDevices]: readonly [Scenario, 'few' | 'many'],
    of: 'mainMicros' | 'allMicros',
  ): number => {
    const bases = roundsOf(base, baseDevices);
    return median(roundsOf(scenario, devices).map((round, i) => round[of] / (bases[i]?.[of] ?? Number.NaN)));
  };
  const goals = [
    ['bearer, token known ÷ no authentication', ['bearer', 'few'], ['none', 'few'], '≤ 1.05'],
    ['bearer, first time ÷ no authentication', ['bearerFirst', 'many'], ['none', 'many'], '≤ 1.35 (paper 1.75)'],
    ['signed ÷ no authentication', ['signed', 'many'], ['none', 'many'], '≤ 1.6'],
    ['wrong secret ÷ bearer, first time', ['wrongSecret', 'many'], ['bearerFirst', 'many'], '≤ 1.0 (paper 4.0)'],
  ] as const;
  const ratios = goals.flatMap(([name, one, base, goal]): Figure[] => [
    { name: `CPU, all threads: ${name}`, value: ratio(one, base, 'allMicros'), unit: '', goal },
    { name: `CPU, main thread: ${name}`, value: ratio(one, base, 'mainMicros'), unit: '' },
  ]);

  const table = [...results].map(([one, rounds]) => {
    const of = (value: (round: Round) => number): number => median(rounds.map(value));
    const latency = (at: number): number => of(({ load }) => percentile(load.latenciesMs, at));
    return {
      name: nameOf(one),
      ...one,
      requestsPerSecond: of(({ load }) => load.requests / load.seconds),
      mainMicros: of(({ mainMicros }) => mainMicros),
      allMicros: of(({ allMicros }) => allMicros),
      p50Ms: latency(0.5),
      p95Ms: latency(0.95),
      p99Ms: latency(0.99),
      rightShare: Math.min(...rounds.map(({ load }) => share(one.scenario, load))),
    };
  });
  const device = world.devices[0];
  const bytes =
    device === undefined
      ? { bearer: Number.NaN, signed: Number.NaN }
      : { bearer: bearerOf(device, world.instance).length, signed: tokenBytes(requestsOf('signed', [device], '')[0]) };
  const figures: Figure[] = [
    ...single.flatMap((one) => singleFigures(one)),
    ...table.flatMap((row): Figure[] => [
      { name: `${row.name}: rate`, value: row.requestsPerSecond, unit: '/s' },
      { name: '  CPU per request, all threads', value: row.allMicros, unit: 'µs' },
      { name: '  CPU per request, main thread', value: row.mainMicros, unit: 'µs' },
      { name: '  latency p50', value: row.p50Ms, unit: 'ms' },
      { name: '  latency p95', value: row.p95Ms, unit: 'ms' },
      { name: '  latency p99', value: row.p99Ms, unit: 'ms' },
      { name: '  answered as it should be', value: row.rightShare * 100, unit: '%', goal: '100' },
    ]),
    ...ratios,
    { name: 'bearer token', value: bytes.bearer, unit: 'B', goal: '200 to 300' },
    { name: 'signed token', value: bytes.signed, unit: 'B', goal: '200 to 300' },
  ];
  const base = median(roundsOf('none', 'many').map(({ allMicros }) => allMicros));
  const bars: Bar[] = table.map(({ name, scenario, allMicros, devices }) => {
    const reference = devices === 'many' && scenario in paper ? paper[scenario as keyof typeof paper] / paper.none : 0;
    return { name, value: allMicros / base, ...(reference > 1 && { reference }) };
  });
  const plot = barPlot(
    'CPU per request, as a multiple of no authentication',
    'Orange: the latency ratios of the published evaluation (valid token 1.75, wrong secret 6.9 times no authentication).',
    '×',
    bars,
  );
  return { figures, plot, data: { paper, single, table, ratios, bytes } };
}

function tokenBytes(request: Buffer | undefined): number {
  return /DeviceJWT (\S+)/.exec(request?.toString('latin1') ?? '')?.[1]?.length ?? Number.NaN;
}

function singleFigures({ scenario, latenciesMs, status, share }: Single): Figure[] {
  const name = scenario === 'token' ? 'token made by the server' : scenarios[scenario].name;
  const theirs = scenario in paper ? `paper ${paper[scenario as keyof typeof paper]}` : undefined;
  return [
    {
      name: `single client, ${name}: mean of ${latenciesMs.length} (status ${status}, right ${share * 100} %)`,
      value: latenciesMs.reduce((total, latency) => total + latency, 0) / latenciesMs.length,
      unit: 'ms',
      ...(theirs !== undefined && { goal: theirs }),
    },
  ];
}

async function startAuthServer(): Promise<{ server: ChildProcess; world: BenchWorld }> {
  const path = fileURLToPath(new URL('lib/auth-server.ts', import.meta.url));
  // Some devices more than the load has, for the single client.
  const server = fork(path, [String(manyDevices + 100)], { execArgv: ['--max-semi-space-size=4'] });
  process.once('exit', () => void server.kill('SIGKILL'));
  const [world] = (await Promise.race([
    once(server, 'message'),
    once(server, 'exit').then(([code]) => Promise.reject(new Error(`The server of the benchmark ended with ${code}.`))),
  ])) as [BenchWorld];
  return { server, world };
}

async function ask(server: ChildProcess): Promise<PointsSeen> {
  server.send({ countDevicesWith: intruderKey });
  const [seen] = (await once(server, 'message')) as [PointsSeen];
  return seen;
}
