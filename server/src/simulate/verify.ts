/** Compares what devices counted as acknowledged with what the platform says is stored. */
import type { GapuraClient } from '#sdk/client.ts';
import { createLimiter } from './limiter.ts';
import type { SimulatedDevice } from './simulated-device.ts';

/** Questions at once: enough to be quick, few enough not to disturb others on the server. */
const concurrency = 8;
/** Device and server may disagree about the time a little, ms. */
const slackMs = 60_000;

/**
 * Every acknowledged message must be there. One that was sent and not acknowledged may be: its acknowledgement was lost.
 * More than was sent may not.
 * @param prefix what the names of the devices begin with
 * @param startedMs when the fleet began; older telemetry of the same devices is not counted
 * @returns one line for each device that differs
 */
export async function verifyFleet(
  client: GapuraClient,
  devices: readonly SimulatedDevice[],
  prefix: string,
  startedMs: number,
): Promise<string[]> {
  const idOf = new Map<string, string>();
  for await (const device of client.devices.all({ search: prefix })) idOf.set(device.name, device.id);

  const limit = createLimiter(concurrency);
  const faults = await Promise.all(
    devices.map((device) =>
      limit(async () => {
        const id = idOf.get(device.name);
        if (id === undefined) return device.acknowledged === 0 ? '' : `${device.name} does not exist.`;
        const key = device.kind.countedKey;
        const answer = await client.telemetry.aggregate(id, {
          keys: [key],
          from: startedMs,
          to: Date.now() + slackMs,
          functions: ['count'],
        });
        const stored = answer[key]?.[0]?.count ?? 0;
        if (stored < device.acknowledged)
          return `${device.name}: ${device.acknowledged} acknowledged, ${stored} stored.`;
        if (stored > device.sent) return `${device.name}: ${device.sent} sent, ${stored} stored.`;
        return '';
      }),
    ),
  );
  return faults.filter((fault) => fault !== '');
}
