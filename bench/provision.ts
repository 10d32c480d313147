/**
 * Ten thousand devices that are switched on together ask for their credentials, over HTTP and over MQTT. Some names
 * are asked for twice at the same time: exactly one of the two may get it.
 */
import { createNodeDeviceHttp } from '#sdk/device/node-http.ts';
import { type ProvisionAnswer, parseProvisionAnswer, provisionOverHttp } from '#sdk/device/provision.ts';
import { createLimiter } from '../server/src/simulate/limiter.ts';
import { type BenchOptions, type BenchResult, type Figure, percentile } from './lib/bench.ts';
import { connectPacket, isConnack, isPublish, openLoadConnection } from './lib/mqtt-load.ts';
import { cpuSeconds, memoryBytes } from './lib/process-usage.ts';
import { type BenchServer, createDataDir, startServer } from './lib/server.ts';

const deviceCount = 10_000;
/** Of these names a second device asks as well. */
const contestedCount = 500;
/** HTTP connections; more requests than that wait in the loader. */
const httpConnections = 512;
/** Connections that are being opened at once: the kernel's accept queue is 511 long. All stay open until the answer. */
const openingAtOnce = 256;

interface Keys {
  readonly provisionDeviceKey: string;
  readonly provisionDeviceSecret: string;
}
type Ask = (name: string) => Promise<ProvisionAnswer>;

interface Outcome {
  readonly figures: Figure[];
  readonly failures: string[];
  readonly tokens: string[];
}

export async function run({ log }: BenchOptions): Promise<BenchResult> {
  const dataDir = await createDataDir();
  const server = await startServer(dataDir.path);
  const http = createNodeDeviceHttp({ maxConnections: httpConnections });
  try {
    const client = await server.signIn();
    const profile = await client.profiles.create({
      name: 'Bench',
      provisioning: { strategy: 'ALLOW_CREATE_NEW_DEVICES', rateLimit: '1000000:1' },
    });
    const keys = {
      provisionDeviceKey: profile.provisioning.key,
      provisionDeviceSecret: profile.provisioning.secret ?? '',
    };
    const overHttp = await measure('HTTP', server, log, (name) =>
      provisionOverHttp(server.httpUrl, { deviceName: name, ...keys }, http),
    );
    const overMqtt = await measure('MQTT', server, log, createMqttAsk(server.mqttUrl, keys));

    const failures = [...overHttp.failures, ...overMqtt.failures];
    const tokens = [...overHttp.tokens, ...overMqtt.tokens];
    if (new Set(tokens).size !== tokens.length) failures.push('Two devices hold the same credentials.');
    log('trying every token …');
    const dead = await countDead(tokens, (token) => answersToToken(http, server, token));
    if (dead > 0) failures.push(`${dead} credentials do not work.`);
    const names = new Map<string, number>();
    for await (const device of client.devices.all()) names.set(device.name, (names.get(device.name) ?? 0) + 1);
    if (names.size !== 2 * deviceCount) failures.push(`${names.size} devices exist; ${2 * deviceCount} asked.`);
    const twice = [...names.values()].filter((count) => count > 1).length;
    if (twice > 0) failures.push(`${twice} names exist twice.`);

    const { peakBytes } = memoryBytes(server.pid);
    return {
      name: 'provision',
      summary: `${deviceCount} devices at once through each transport, ${contestedCount} of the names asked for twice; every token is tried`,
      figures: [
        ...overHttp.figures,
        ...overMqtt.figures,
        { name: 'credentials that do not work', value: dead, unit: '', goal: '0' },
        { name: 'names that exist twice', value: twice, unit: '', goal: '0' },
        { name: 'server memory at its peak', value: peakBytes / 1e6, unit: 'MB' },
      ],
      failures,
    };
  } finally {
    http.close();
    await server.stop();
    await dataDir.remove();
  }
}

async function measure(title: string, server: BenchServer, log: BenchOptions['log'], ask: Ask): Promise<Outcome> {
  const name = (index: number): string => `${title.toLowerCase()}-${index}`;
  const asked = Array.from({ length: deviceCount }, (_, i) => name(i));
  // The rivals ask right after the first, so that both are on their way together.
  const requests = asked.flatMap((own, i) => (i % (deviceCount / contestedCount) === 0 ? [own, own] : [own]));
  const latencies: number[] = [];
  const successes = new Map<string, number>();
  const tokens: string[] = [];
  const faults = new Map<string, number>();
  let refused = 0;

  const cpuBefore = cpuSeconds(server.pid);
  const startedMs = performance.now();
  await Promise.all(
    requests.map(async (own) => {
      const sentMs = performance.now();
      try {
        const answer = await ask(own);
        latencies.push(performance.now() - sentMs);
        if (answer.status !== 'SUCCESS') {
          refused++;
        } else if (answer.credentialsType === 'ACCESS_TOKEN') {
          successes.set(own, (successes.get(own) ?? 0) + 1);
          tokens.push(answer.credentialsValue);
        }
      } catch (error) {
        const text = error instanceof Error ? error.message : String(error);
        faults.set(text, (faults.get(text) ?? 0) + 1);
      }
    }),
  );
  const seconds = (performance.now() - startedMs) / 1000;
  const cpu = cpuSeconds(server.pid) - cpuBefore;
  log(`${title}: ${requests.length} requests in ${seconds.toFixed(1)} s`);

  const failures = [...faults].map(([text, count]) => `${title}: ${count} × ${text}`);
  const lost = asked.filter((own) => !successes.has(own)).length;
  const twice = [...successes.values()].filter((count) => count > 1).length;
  if (lost > 0) failures.push(`${title}: ${lost} devices got no credentials.`);
  if (twice > 0) failures.push(`${title}: ${twice} names were given twice.`);
  if (refused !== contestedCount && faults.size === 0) {
    failures.push(`${title}: ${refused} requests were refused; ${contestedCount} were contested.`);
  }
  return {
    tokens,
    failures,
    figures: [
      { name: `${title}: devices provisioned`, value: successes.size, unit: '', goal: String(deviceCount) },
      { name: `${title}: rate`, value: requests.length / seconds, unit: '/s' },
      { name: `${title}: answer, median (all asked at once)`, value: percentile(latencies, 0.5), unit: 'ms' },
      { name: `${title}: answer, slowest`, value: percentile(latencies, 1), unit: 'ms' },
      { name: `${title}: server CPU per request`, value: (cpu / requests.length) * 1e6, unit: 'µs' },
    ],
  };
}

function createMqttAsk(mqttUrl: string, keys: Keys): Ask {
  const opening = createLimiter(openingAtOnce);
  return async (name) => {
    const connection = await opening(() => openLoadConnection(mqttUrl));
    try {
      // Pipelined, as devices with a slow radio do: nothing waits for the CONNACK.
      connection.send(
        connectPacket('', 'provision'),
        { cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '/provision/response', qos: 1 }] },
        {
          cmd: 'publish',
          messageId: 2,
          topic: '/provision/request',
          qos: 1,
          dup: false,
          retain: false,
          payload: JSON.stringify({ deviceName: name, ...keys }),
        },
      );
      const { payload } = await connection.next(isPublish);
      return parseProvisionAnswer(payload.toString());
    } finally {
      connection.destroy();
    }
  };
}

/** Half of the tokens show themselves over HTTP, half over MQTT. */
async function answersToToken(
  http: ReturnType<typeof createNodeDeviceHttp>,
  server: BenchServer,
  token: string,
): Promise<boolean> {
  if (token.charCodeAt(0) % 2 === 0) {
    const answer = await http.send({ method: 'GET', url: `${server.httpUrl}/api/v1/${token}/attributes` });
    return answer.status === 200;
  }
  const connection = await openLoadConnection(server.mqttUrl);
  try {
    connection.send(connectPacket('', token));
    return (await connection.next(isConnack)).returnCode === 0;
  } finally {
    connection.destroy();
  }
}

async function countDead(tokens: readonly string[], works: (token: string) => Promise<boolean>): Promise<number> {
  const limit = createLimiter(openingAtOnce);
  const answers = await Promise.all(tokens.map((token) => limit(() => works(token).catch(() => false))));
  return answers.filter((answer) => !answer).length;
}
