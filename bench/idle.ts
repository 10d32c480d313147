/** What a connection costs that says nothing: memory of the server with thousands of them, over TCP and over TLS. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { BenchOptions, BenchResult, Figure } from './lib/bench.ts';
import { type MqttTarget, startBrokers, targetOf } from './lib/brokers.ts';
import { createFleet } from './lib/fleet.ts';
import { startMqttClients } from './lib/mqtt-clients.ts';
import { proportionalBytes } from './lib/process-usage.ts';
import { createDataDir, startServer } from './lib/server.ts';

const goals = { plain: '≤ 8', tls: '≤ 55' };
/** Until what the handshakes left behind is collected. */
const settleMs = 4000;

export async function run({ full, log }: BenchOptions): Promise<BenchResult> {
  const connections = 10_000;
  const tlsConnections = full ? 10_000 : 2000;
  const dataDir = await createDataDir();
  const gapura = await startServer(dataDir.path);
  const peers = await startBrokers(dataDir.path, log);
  const figures: Figure[] = [];
  const failures: string[] = [];
  try {
    await createFleet(await gapura.signIn(), connections);
    for (const target of [targetOf(gapura), ...peers]) {
      // A first wave, so that what the process keeps for good does not count as the connections'.
      await weigh(target, Math.floor(connections / 4), false);
      const plain = await weigh(target, connections, false);
      const tls = await weigh(target, tlsConnections, true);
      log(`${target.name}: ${plain.kibEach.toFixed(1)} KiB, TLS ${tls.kibEach.toFixed(1)} KiB`);
      const own = target.name === 'Gapura';
      figures.push(
        { name: `${target.name}, plain`, value: plain.kibEach, unit: 'KiB', ...(own && { goal: goals.plain }) },
        { name: `${target.name}, TLS 1.3`, value: tls.kibEach, unit: 'KiB', ...(own && { goal: goals.tls }) },
      );
      if (plain.open !== connections || tls.open !== tlsConnections) {
        failures.push(`${target.name} took ${plain.open} and ${tls.open} connections.`);
      }
    }
    return {
      name: 'idle',
      summary: `memory (PSS) that ${connections} idle sessions add, and ${tlsConnections} over TLS, each after CONNECT`,
      figures,
      failures,
    };
  } finally {
    for (const peer of peers) await peer.stop();
    await gapura.stop();
    await dataDir.remove();
  }
}

async function weigh(
  target: MqttTarget,
  connections: number,
  tls: boolean,
): Promise<{ open: number; kibEach: number }> {
  await sleep(settleMs);
  const before = proportionalBytes(target.pid);
  const clients = await startMqttClients({ port: tls ? target.tlsPort : target.port, connections, tls });
  await sleep(settleMs);
  const kibEach = (proportionalBytes(target.pid) - before) / 1024 / connections;
  await clients.stop();
  return { open: clients.open, kibEach };
}
