/** A fleet that comes back at once: connect, log in, say goodbye; over TCP and with a full TLS 1.3 handshake. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type BenchOptions, type BenchResult, type Figure, median } from './lib/bench.ts';
import { type MqttTarget, startBrokers, targetOf } from './lib/brokers.ts';
import { createFleet } from './lib/fleet.ts';
import { startMqttClients } from './lib/mqtt-clients.ts';
import { threadSeconds } from './lib/process-usage.ts';
import { createDataDir, startServer } from './lib/server.ts';

/** Connections on their way at once. */
const concurrency = 50;
/** Devices that come one after the other: more than are on their way, as a fleet is. */
const devices = 2000;
const goals = { TCP: 0.5, 'TLS 1.3': 0.7 } as const;

export async function run({ full, log }: BenchOptions): Promise<BenchResult> {
  const rounds = full ? 5 : 4;
  const counts = { TCP: full ? 20_000 : 10_000, 'TLS 1.3': full ? 3000 : 1500 };
  const dataDir = await createDataDir();
  const gapura = await startServer(dataDir.path);
  const peers = await startBrokers(dataDir.path, log);
  const targets = [targetOf(gapura), ...peers];
  const figures: Figure[] = [];
  const failures: string[] = [];
  try {
    await createFleet(await gapura.signIn(), devices);
    for (const kind of ['TCP', 'TLS 1.3'] as const) {
      const micros = new Map<MqttTarget, number[]>(targets.map((target) => [target, []]));
      const rates = new Map<MqttTarget, number[]>(targets.map((target) => [target, []]));
      for (let i = 0; i <= rounds; i++) {
        for (const target of targets) {
          const tls = kind !== 'TCP';
          const clients = await startMqttClients({ port: tls ? target.tlsPort : target.port, connections: 0, tls });
          const before = threadSeconds(target.pid).all;
          const storm = await clients.storm(counts[kind], concurrency, devices);
          await sleep(200);
          const used = ((threadSeconds(target.pid).all - before) / storm.connected) * 1e6;
          await clients.stop();
          if (storm.connected !== counts[kind]) {
            failures.push(`${target.name}, ${kind}: ${storm.connected} of ${counts[kind]} connected.`);
          }
          // The first round does not count: code is being compiled.
          if (i === 0) continue;
          micros.get(target)?.push(used);
          rates.get(target)?.push(storm.connected / storm.seconds);
        }
      }
      const ownMicros = micros.get(targets[0] ?? failed()) ?? [];
      const own = median(ownMicros);
      for (const target of targets) {
        const used = median(micros.get(target) ?? []);
        figures.push(
          { name: `${kind}, ${target.name} CPU`, value: used, unit: 'µs' },
          { name: `${kind}, ${target.name} rate`, value: median(rates.get(target) ?? []), unit: '/s' },
        );
        if (target.pid === gapura.pid) continue;
        const goal = target.name === 'Mosquitto' ? { goal: `≥ ${goals[kind]}` } : {};
        figures.push({
          name: `${kind}, connects per CPU second ÷ ${target.name}`,
          // Round by round: what else the machine does changes from one to the next.
          value: median((micros.get(target) ?? []).map((peer, i) => peer / (ownMicros[i] ?? Number.NaN))),
          unit: '',
          ...goal,
        });
      }
      log(`${kind}: Gapura ${own.toFixed(0)} µs`);
    }
    return {
      name: 'connects',
      summary: `CONNECT, CONNACK, DISCONNECT, ${concurrency} at once of ${devices} devices, full handshakes with P-256; Gapura looks up who it is, the others let everybody in. Mutual TLS: not measured, Gapura does not ask for client certificates yet`,
      figures,
      failures,
    };
  } finally {
    for (const peer of peers) await peer.stop();
    await gapura.stop();
    await dataDir.remove();
  }
}

function failed(): never {
  throw new Error('There is nothing to measure.');
}
