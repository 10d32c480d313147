/** The brokers that Gapura is measured against, each a process of its own on loopback. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { pin } from './mqtt-clients.ts';
import { type BenchServer, freePorts } from './server.ts';

/** What a load can be sent to. */
export interface MqttTarget {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
  readonly tlsPort: number;
  stop(): Promise<void>;
}

export function targetOf(server: BenchServer): MqttTarget {
  pin(server);
  return { name: 'Gapura', pid: server.pid, port: server.mqttPort, tlsPort: server.mqttsPort, stop: server.stop };
}

/** Both present the certificate of Gapura, so that their handshakes cost the same. @param dataDir of Gapura */
export async function startBrokers(dataDir: string, log: (line: string) => void): Promise<MqttTarget[]> {
  const cert = join(dataDir, 'tls', 'server.pem');
  const key = join(dataDir, 'tls', 'server.key');
  const mosquitto = await startMosquitto(cert, key);
  if (mosquitto === undefined) log('MOSQUITTO IS MISSING (Debian: apt-get install mosquitto): no comparison with it');
  return [...(mosquitto === undefined ? [] : [mosquitto]), await startAedes(cert, key)];
}

/** e.g. `2.0.11`; undefined when it is not installed. */
export function mosquittoVersion(): string | undefined {
  const { stdout } = spawnSync(mosquittoPath(), ['-h'], { encoding: 'utf8' });
  return /version (\S+)/.exec(stdout ?? '')?.[1];
}

/** Debian installs it where the path of a user does not lead. */
const mosquittoPath = (): string =>
  spawnSync('/usr/sbin/mosquitto', ['-h']).error === undefined ? '/usr/sbin/mosquitto' : 'mosquitto';

async function startMosquitto(cert: string, key: string): Promise<MqttTarget | undefined> {
  if (mosquittoVersion() === undefined) return undefined;
  const folder = await mkdtemp(join(tmpdir(), 'gapura-mosquitto-'));
  await copyFile(cert, join(folder, 'server.pem'));
  await copyFile(key, join(folder, 'server.key'));
  // Started by root it becomes another user, who has to read these.
  await Promise.all([
    chmod(folder, 0o755),
    ...['server.pem', 'server.key'].map((name) => chmod(join(folder, name), 0o644)),
  ]);
  const [port = 0, tlsPort = 0] = await freePorts(2);
  const settings = [
    'allow_anonymous true', // it checks nobody: its best case
    'persistence false',
    'set_tcp_nodelay true', // without it each TLS handshake takes 40 ms
    'log_dest none',
    `listener ${port} 127.0.0.1`,
    `listener ${tlsPort} 127.0.0.1`,
    `certfile ${join(folder, 'server.pem')}`,
    `keyfile ${join(folder, 'server.key')}`,
  ];
  const file = join(folder, 'mosquitto.conf');
  await writeFile(file, `${settings.join('\n')}\n`);
  // Its limit of open files is what it inherits.
  const child = spawn('sh', ['-c', 'ulimit -n "$(ulimit -Hn)"; exec "$0" -c "$1"', mosquittoPath(), file], {
    // It tells of every TLS connection that ends without a goodbye.
    stdio: 'ignore',
  });
  const target = ownProcess('Mosquitto', child, port, tlsPort, () => rm(folder, { recursive: true }));
  await untilListening(port);
  pin(child);
  return target;
}

async function startAedes(cert: string, key: string): Promise<MqttTarget> {
  const path = fileURLToPath(new URL('aedes-broker.ts', import.meta.url));
  const child = spawn(process.execPath, [path, cert, key], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const { port, tlsPort } = JSON.parse(line.toString()) as { port: number; tlsPort: number };
  pin(child);
  return ownProcess('Aedes', child, port, tlsPort);
}

function ownProcess(
  name: string,
  child: ReturnType<typeof spawn>,
  port: number,
  tlsPort: number,
  cleanUp?: () => Promise<void>,
): MqttTarget {
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit').then(() => process.removeListener('exit', kill));
  return {
    ...{ name, pid: child.pid ?? 0, port, tlsPort },
    async stop() {
      child.kill('SIGKILL');
      await ended;
      await cleanUp?.();
    },
  };
}

async function untilListening(port: number): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const socket = connect(port, '127.0.0.1');
    const reached = await Promise.race([
      once(socket, 'connect').then(() => true),
      new Promise<boolean>((resolve) => socket.once('error', () => resolve(false))),
    ]).catch(() => false);
    socket.destroy();
    if (reached) return;
    await sleep(10);
  }
  throw new Error(`Nothing listens on port ${port}.`);
}
