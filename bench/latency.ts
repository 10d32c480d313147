/**
 * How long a message takes at a given rate: from the moment it was due to its PUBACK (stored durably), and from a publish
 * to the live WebSocket of a browser.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import { createClient, type GapuraClient } from '#sdk/client.ts';
import { type BenchOptions, type BenchResult, type Figure, percentile } from './lib/bench.ts';
import { targetOf } from './lib/brokers.ts';
import { createFleet } from './lib/fleet.ts';
import { startMqttClients } from './lib/mqtt-clients.ts';
import { smartMeter } from './lib/payloads.ts';
import { threadSeconds } from './lib/process-usage.ts';
import { createDataDir, startServer } from './lib/server.ts';

const connections = 1000;
const rates = [1000, 10_000, 40_000];
/** Unacknowledged messages of a connection: far more than there should ever be. */
const window = 1000;
const probeEveryMs = 50;
const probeToken = 'bench-probe-token';

export async function run({ full, log }: BenchOptions): Promise<BenchResult> {
  const durationMs = full ? 20_000 : 5000;
  const dataDir = await createDataDir();
  const gapura = await startServer(dataDir.path);
  targetOf(gapura);
  const figures: Figure[] = [];
  const failures: string[] = [];
  try {
    const client = await gapura.signIn();
    const fleet = await createFleet(client, connections);
    const load = await startMqttClients({ port: gapura.mqttPort, connections });
    // Outside a browser the live connection takes an API key, not a cookie.
    const { key: apiKey } = await client.apiKeys.create({ name: 'bench', role: 'owner' });
    const probe = await createProbe(createClient({ baseUrl: gapura.httpUrl, apiKey }), gapura.mqttUrl);
    // Not counted: code is being compiled.
    fleet.add(smartMeter, await load.run({ qos: 1, window: 10, durationMs: 1500, payload: smartMeter.template }));
    for (const rate of rates) {
      const before = threadSeconds(gapura.pid).all;
      const probing = probe.run(durationMs);
      const result = await load.run({ qos: 1, window, durationMs, rate, payload: smartMeter.template });
      const cores = (threadSeconds(gapura.pid).all - before) / result.seconds;
      const live = await probing;
      fleet.add(smartMeter, result);
      if (result.lost > 0) failures.push(`${result.lost} connections broke at ${rate}/s.`);
      if (result.acknowledged !== result.sent) {
        failures.push(`${result.acknowledged} of ${result.sent} messages were acknowledged at ${rate}/s.`);
      }
      const at = `${rate.toLocaleString('en')}/s`;
      figures.push(
        { name: `${at}: PUBACK, p50`, value: result.p50Ms, unit: 'ms' },
        { name: `${at}: PUBACK, p99`, value: result.p99Ms, unit: 'ms', ...(rate === 10_000 && { goal: '≤ 25' }) },
        { name: `${at}: PUBACK, p99.9`, value: result.p999Ms, unit: 'ms' },
        { name: `${at}: live WebSocket, p50`, value: percentile(live, 0.5), unit: 'ms' },
        { name: `${at}: live WebSocket, p99`, value: percentile(live, 0.99), unit: 'ms' },
        { name: `${at}: server`, value: cores, unit: 'cores' },
        { name: `${at}: due and not sent in time`, value: result.notSent, unit: '' },
      );
      log(`${at}: PUBACK p99 ${result.p99Ms} ms, live p99 ${percentile(live, 0.99).toFixed(1)} ms of ${live.length}`);
    }
    await probe.end();
    await load.stop();
    // The probe is a device beyond the fleet's.
    failures.push(...(await fleet.failures()));
    return {
      name: 'latency',
      summary: `${connections} connections, QoS 1, SMART_METER, ${durationMs / 1000} s a rate; a device beside them is watched in a browser's way`,
      figures,
      failures,
    };
  } finally {
    await gapura.stop();
    await dataDir.remove();
  }
}

/** One device whose every message is timed until the live connection tells of it. */
async function createProbe(client: GapuraClient, mqttUrl: string) {
  const { id } = await client.devices.create({
    name: 'probe',
    credentials: { type: 'ACCESS_TOKEN', token: probeToken },
  });
  const sentMs = new Map<number, number>();
  let latencies: number[] = [];
  const subscribed = Promise.withResolvers<void>();
  const subscription = client.live.subscribe(
    { deviceIds: [id], topics: ['telemetry'] },
    {
      onSnapshot: () => subscribed.resolve(),
      onChanges(changes) {
        for (const change of changes) {
          for (const [n, startedMs] of sentMs) {
            if (!JSON.stringify(change).includes(`:${n}}`) && !JSON.stringify(change).includes(`:${n},`)) continue;
            latencies.push(performance.now() - startedMs);
            sentMs.delete(n);
          }
        }
      },
      onError: subscribed.reject,
    },
  );
  await subscribed.promise;
  const device = await mqtt.connectAsync(mqttUrl, { username: probeToken, reconnectPeriod: 0 });
  let next = 1_000_000;
  return {
    async run(durationMs: number): Promise<readonly number[]> {
      latencies = [];
      const endMs = performance.now() + durationMs;
      while (performance.now() < endMs) {
        const n = next++;
        sentMs.set(n, performance.now());
        await device.publishAsync('v1/devices/me/telemetry', `{"probe":${n}}`, { qos: 1 });
        await sleep(probeEveryMs);
      }
      await sleep(200);
      return latencies;
    },
    async end() {
      subscription.end();
      client.live.close();
      await device.endAsync();
    },
  };
}
