/** Three times what the server can take: memory stays bounded, acknowledgements keep coming, and none of them lies. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchOptions, BenchResult } from './lib/bench.ts';
import { targetOf } from './lib/brokers.ts';
import { createFleet } from './lib/fleet.ts';
import { startMqttClients } from './lib/mqtt-clients.ts';
import { smartMeter } from './lib/payloads.ts';
import { memoryBytes } from './lib/process-usage.ts';
import { createDataDir, startServer } from './lib/server.ts';

const connections = 1000;
/** Messages that a connection may have under way: clients that ignore every limit. */
const window = 10_000;
/** Messages that a device sends in one write, as in the calm run before: else the load would take a core for itself. */
const burst = 50;
const offeredShare = 3;
/** More than this is not bounded. */
const maxMemoryMb = 1000;

export async function run({ full, log }: BenchOptions): Promise<BenchResult> {
  const durationMs = full ? 120_000 : 20_000;
  const dataDir = await createDataDir();
  const gapura = await startServer(dataDir.path);
  targetOf(gapura);
  const failures: string[] = [];
  try {
    const fleet = await createFleet(await gapura.signIn(), connections);
    const load = await startMqttClients({ port: gapura.mqttPort, connections });
    const calm = await load.run({ qos: 1, window: burst, durationMs: 4000, payload: smartMeter.template });
    fleet.add(smartMeter, calm);
    const capacity = calm.acknowledged / calm.seconds;
    const rate = Math.round(capacity * offeredShare);
    log(`capacity ${Math.round(capacity)}/s, now ${rate}/s are offered`);

    const residentMb: number[] = [];
    let isOver = false;
    const watching = (async () => {
      while (!isOver) {
        residentMb.push(memoryBytes(gapura.pid).residentBytes / 1e6);
        await sleep(250);
      }
    })();
    const storm = await load.run({ qos: 1, window, durationMs, rate, burst, payload: smartMeter.template });
    isOver = true;
    await watching;
    fleet.add(smartMeter, storm);
    await load.stop();

    const half = Math.floor(residentMb.length / 2);
    const firstHalf = Math.max(...residentMb.slice(0, half));
    const secondHalf = Math.max(...residentMb.slice(half));
    const leastPerSecond = Math.min(...storm.perSecond);
    if (storm.lost > 0) failures.push(`${storm.lost} connections broke.`);
    if (storm.acknowledged !== storm.sent) {
      failures.push(`${storm.acknowledged} of ${storm.sent} sent messages were acknowledged in the end.`);
    }
    if (leastPerSecond === 0) failures.push('There was a second without any acknowledgement.');
    if (Math.max(firstHalf, secondHalf) > maxMemoryMb) failures.push(`Memory reached ${Math.round(secondHalf)} MB.`);
    failures.push(...(await fleet.failures()));
    return {
      name: 'overload',
      summary: `${connections} connections, SMART_METER, ${offeredShare} × capacity offered for ${durationMs / 1000} s, ${window} in flight each`,
      figures: [
        { name: 'capacity, 50 in flight', value: capacity, unit: '/s' },
        { name: 'offered', value: rate, unit: '/s' },
        { name: 'acknowledged under overload', value: storm.acknowledged / storm.seconds, unit: '/s' },
        { name: 'acknowledged in the worst second', value: leastPerSecond, unit: '/s', goal: '> 0' },
        { name: 'resident memory, highest of the first half', value: firstHalf, unit: 'MB' },
        { name: 'resident memory, highest of the second half', value: secondHalf, unit: 'MB', goal: 'bounded' },
        {
          name: 'messages acknowledged, each counted in the store',
          value: storm.acknowledged + calm.acknowledged,
          unit: '',
        },
      ],
      failures,
    };
  } finally {
    await gapura.stop();
    await dataDir.remove();
  }
}
