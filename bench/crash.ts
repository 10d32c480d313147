/** `kill -9` at moments that nobody chose, under load, again and again: what was acknowledged is there after each. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchOptions, type BenchResult, median } from './lib/bench.ts';
import { createFleet, type Fleet } from './lib/fleet.ts';
import { startMqttClients } from './lib/mqtt-clients.ts';
import { smartMeter } from './lib/payloads.ts';
import { createDataDir, startServer } from './lib/server.ts';

const connections = 200;
/** Between the first acknowledgement and the kill, ms. */
const longestRunMs = 1500;

export async function run({ full, log }: BenchOptions): Promise<BenchResult> {
  const kills = full ? 50 : 5;
  const dataDir = await createDataDir();
  let gapura = await startServer(dataDir.path);
  const failures: string[] = [];
  const readyMs: number[] = [];
  /** Sent and not acknowledged when a kill came: may be stored or not. */
  const uncertain = new Array<number>(connections).fill(0);
  let acknowledged = 0;
  let fleet: Fleet | undefined;
  try {
    fleet = await createFleet(await gapura.signIn(), connections);
    // Times go on from kill to kill, so that every message is a point of its own.
    let tsBase = Date.now() - 24 * 3_600_000;
    for (let i = 0; i < kills; i++) {
      const load = await startMqttClients({ port: gapura.mqttPort, connections, tsBase });
      const running = load.run({ qos: 1, window: 50, durationMs: 60_000, payload: smartMeter.template });
      await sleep(50 + Math.random() * longestRunMs);
      await gapura.kill();
      const result = await running;
      await load.stop();
      fleet.add(smartMeter, result);
      acknowledged += result.acknowledged;
      for (const [device, sent] of result.sentOf.entries()) {
        uncertain[device] = (uncertain[device] ?? 0) + sent - (result.acknowledgedOf[device] ?? 0);
      }
      tsBase += Math.max(...result.sentOf) + 1;
      gapura = await startServer(dataDir.path);
      readyMs.push(gapura.readyMs);
      const missing = await fleet.of(await gapura.signIn()).failures((device) => uncertain[device] ?? 0);
      failures.push(...missing.map((fault) => `After kill ${i + 1}: ${fault}`));
      log(
        `kill ${i + 1} of ${kills}: ${acknowledged} acknowledged so far, ${missing.length === 0 ? 'all there' : 'MISSING'}`,
      );
    }
    return {
      name: 'crash',
      summary: `${kills} × kill -9 under full load of ${connections} connections with 50 in flight; after each restart every key of every device is counted`,
      figures: [
        { name: 'messages acknowledged', value: acknowledged, unit: '' },
        { name: 'devices and keys with acknowledged points missing', value: failures.length, unit: '', goal: '0' },
        { name: 'ready again after a kill, median', value: median(readyMs), unit: 'ms' },
        { name: 'ready again after a kill, slowest', value: Math.max(...readyMs), unit: 'ms' },
      ],
      failures,
    };
  } finally {
    await gapura.stop();
    await dataDir.remove();
  }
}
