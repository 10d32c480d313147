import { defineCommand } from 'citty';
import type { GapuraClient } from '#sdk/client.ts';
import { createNodeDeviceHttp } from '#sdk/device/node-http.ts';
import { parseDuration } from '../simulate/duration.ts';
import { startFleet } from '../simulate/fleet.ts';
import { planFleet } from '../simulate/fleet-plan.ts';
import { coldChain } from '../simulate/models/cold-chain.ts';
import { energyMeter } from '../simulate/models/energy-meter.ts';
import { greenhouse } from '../simulate/models/greenhouse.ts';
import type { ModelKind } from '../simulate/models/model.ts';
import { provisioningKeysOf } from '../simulate/provisioning-profile.ts';
import { showStatus, totalsText } from '../simulate/status.ts';
import { createHttpTransport, createMqttTransport, type Transport } from '../simulate/uplink.ts';
import { verifyFleet } from '../simulate/verify.ts';
import { oneLine } from './one-line.ts';
import { platformArgs, platformClient, platformUrl, trustAuthority } from './platform-address.ts';
import { UsageError } from './usage-error.ts';

const kinds: Readonly<Record<string, readonly ModelKind[]>> = {
  greenhouse: [greenhouse],
  'cold-chain': [coldChain],
  'energy-meter': [energyMeter],
  mixed: [greenhouse, coldChain, energyMeter],
};

/** One process holds a file per MQTT device; beyond this, several processes are the better simulator. */
const maxDevices = 20_000;

export const command = defineCommand({
  meta: { name: 'simulate', description: 'Run simulated devices that provision themselves and stream telemetry' },
  args: {
    devices: { type: 'string', default: '100', valueHint: 'COUNT', description: 'How many' },
    interval: { type: 'string', default: '1s', valueHint: 'TIME', description: 'Between two messages of a device' },
    transport: { type: 'enum', options: ['mqtt', 'http', 'both'], default: 'mqtt', description: 'How they send' },
    auth: { type: 'enum', options: ['token'], default: 'token', description: 'What they prove themselves with' },
    kind: { type: 'enum', options: Object.keys(kinds), default: 'mixed', description: 'What they measure' },
    ...platformArgs,
    mqtt: { type: 'string', default: 'mqtt://localhost:1883', description: 'Address of Gapura over MQTT' },
    'provision-key': {
      type: 'string',
      description: 'Of the profile that lets them in; without it, an API key finds or makes one',
    },
    'provision-secret': { type: 'string', description: 'Belongs to --provision-key' },
    profile: { type: 'string', default: 'Simulator', description: 'Name of the profile, with --api-key' },
    prefix: { type: 'string', default: 'sim', description: 'Begins the name of every device' },
    duration: { type: 'string', valueHint: 'TIME', description: 'Ends after that; without it, Ctrl-C does' },
    concurrency: { type: 'string', default: '64', description: 'Devices that provision or connect at once' },
    verify: { type: 'boolean', description: 'Afterwards compare with what is stored (needs an API key)' },
  },
  async run({ args }) {
    const count = wholeNumber('--devices', args.devices, maxDevices);
    const concurrency = wholeNumber('--concurrency', args.concurrency, 2_000);
    const intervalMs = duration('--interval', args.interval);
    const durationMs = args.duration === undefined ? undefined : duration('--duration', args.duration);
    const url = platformUrl('simulate', args);
    const client = platformClient('simulate', args);
    if (args.verify && client === undefined)
      throw new UsageError('simulate', '--verify reads back what is stored: give --api-key.');
    await trustAuthority(args.ca);

    const keys = await keysFor(client, args);
    const http = createNodeDeviceHttp();
    const transports: Transport[] = [];
    if (args.transport !== 'http') transports.push(createMqttTransport(args.mqtt));
    if (args.transport !== 'mqtt') transports.push(createHttpTransport(url, http));

    const startedMs = Date.now();
    const fleet = startFleet({
      devices: planFleet({ count, prefix: args.prefix, kinds: kinds[args.kind] ?? [], transports, ...keys }),
      intervalMs,
      concurrency,
    });
    const hide = showStatus(process.stdout, count, fleet.counters);
    const timer = durationMs === undefined ? undefined : setTimeout(() => void fleet.stop(), durationMs);
    const interrupt = (): void => void fleet.stop();
    process.once('SIGINT', interrupt);
    process.once('SIGTERM', interrupt);
    await fleet.finished;
    clearTimeout(timer);
    process.removeListener('SIGINT', interrupt);
    process.removeListener('SIGTERM', interrupt);
    hide();
    http.close();

    console.log(totalsText(count, fleet.counters, Date.now() - startedMs));
    for (const { text, count: times } of fleet.problems.list()) console.log(`  ${times} × ${text}`);
    if (fleet.counters.refused > 0 || fleet.counters.acknowledged === 0) process.exitCode = 1;
    if (args.verify && client !== undefined) {
      const faults = await verifyFleet(client, fleet.devices, args.prefix, startedMs).catch(oneLine('--verify'));
      for (const fault of faults.slice(0, 20)) console.log(`  ${fault}`);
      console.log(
        faults.length === 0
          ? 'Verified: everything acknowledged is stored, and nothing twice.'
          : `Not verified: ${faults.length} devices differ.`,
      );
      if (faults.length > 0) process.exitCode = 1;
    }
  },
});

async function keysFor(
  client: GapuraClient | undefined,
  args: { 'provision-key'?: string | undefined; 'provision-secret'?: string | undefined; profile: string },
): Promise<{ provisionKey: string; provisionSecret: string }> {
  const key = args['provision-key'];
  const secret = args['provision-secret'];
  if (key !== undefined && secret !== undefined) return { provisionKey: key, provisionSecret: secret };
  if (client === undefined || key !== undefined || secret !== undefined) {
    throw new UsageError('simulate', 'Give --provision-key and --provision-secret of a profile, or --api-key.');
  }
  return provisioningKeysOf(client, args.profile, 'Devices of gapura simulate').catch(oneLine('The profile'));
}

function wholeNumber(name: string, text: string, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new UsageError('simulate', `${name} is ${text}; a whole number from 1 to ${most} is needed.`);
}

function duration(name: string, text: string): number {
  const ms = parseDuration(text);
  if (ms !== undefined && ms >= 1) return ms;
  throw new UsageError('simulate', `${name} is ${text}; a time like 500ms, 1s, 5m or 2h is needed.`);
}
