/** Memory of the whole server with 50,000 series in motion: its connections are few, what weighs is the telemetry. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchOptions, type BenchResult, type Figure, median } from './lib/bench.ts';
import { createFleet } from './lib/fleet.ts';
import { startMqttClients } from './lib/mqtt-clients.ts';
import { smartTracker } from './lib/payloads.ts';
import { memoryBytes } from './lib/process-usage.ts';
import { createDataDir, startServer } from './lib/server.ts';

const devices = 10_000;
/** Connected at once; the devices take turns. */
const connections = 1000;
/** Until what the load left behind is collected: V8 waits about ten seconds until it believes that nothing more comes. */
const settleMs = 15_000;
const sampleMs = 200;

export async function run({ full, log }: BenchOptions): Promise<BenchResult> {
  const dataDir = await createDataDir();
  // The first start compiles a new version and makes the certificates, which takes 40 MB that no later start takes.
  await (await startServer(dataDir.path)).stop();
  const server = await startServer(dataDir.path);
  try {
    const idle = memoryBytes(server.pid).residentBytes;
    const fleet = await createFleet(await server.signIn(), devices);
    const empty = memoryBytes(server.pid).residentBytes;
    const turns = full ? 10 : 2;
    /** During the last turn: all series are known, and all move. */
    const samples: number[] = [];
    for (let turn = 0; turn < turns; turn++) {
      for (let first = 0; first < devices; first += connections) {
        // Each turn has times of its own, so that nothing takes the place of what is there.
        const tsBase = Date.now() - 3_600_000;
        const clients = await startMqttClients({ port: server.mqttPort, connections, first, tsBase });
        const load = { qos: 1, window: 1, durationMs: 1500, rate: 10_000, payload: smartTracker.template } as const;
        const sampler = setInterval(() => {
          if (turn === turns - 1) samples.push(memoryBytes(server.pid).residentBytes);
        }, sampleMs);
        fleet.add(smartTracker, await clients.run(load), first);
        clearInterval(sampler);
        await clients.stop();
      }
      log(`turn ${turn + 1}: ${(memoryBytes(server.pid).residentBytes / 1e6).toFixed(0)} MB`);
    }
    await sleep(settleMs);
    const { residentBytes, peakBytes } = memoryBytes(server.pid);
    const figures: Figure[] = [
      { name: 'points stored', value: fleet.points, unit: 'points' },
      { name: 'resident right after the start', value: idle / 1e6, unit: 'MB' },
      { name: 'resident with 10,000 devices and no telemetry', value: empty / 1e6, unit: 'MB' },
      {
        name: 'resident while 50,000 series take 50,000 points/s, median',
        value: median(samples) / 1e6,
        unit: 'MB',
        goal: '≤ 150',
      },
      { name: `${settleMs / 1000} s after the last point`, value: residentBytes / 1e6, unit: 'MB' },
      { name: 'at its peak', value: peakBytes / 1e6, unit: 'MB' },
    ];
    return {
      name: 'memory',
      summary: `${devices} devices with 5 keys each, ${connections} connected at once, 50,000 points/s`,
      figures,
      failures: await fleet.failures(),
    };
  } finally {
    await server.stop();
    await dataDir.remove();
  }
}
