/** The fleet of the demo: a greenhouse, a cold chain and the meters of a workshop, each with a profile of its own. */
import type { GapuraClient } from '#sdk/client.ts';
import { type Fleet, startFleet } from './fleet.ts';
import { planFleet } from './fleet-plan.ts';
import { coldChain } from './models/cold-chain.ts';
import { energyMeter } from './models/energy-meter.ts';
import { greenhouse } from './models/greenhouse.ts';
import { provisioningKeysOf } from './provisioning-profile.ts';
import type { Transport } from './uplink.ts';

const groups = [
  { kind: greenhouse, count: 10 },
  { kind: coldChain, count: 8 },
  { kind: energyMeter, count: 7 },
] as const;

export const demoDeviceCount = groups.reduce((sum, { count }) => sum + count, 0);

/** Quick enough to see lines grow, slow enough to read the log. */
const intervalMs = 2_000;

/**
 * Makes the profiles; the devices then provision themselves over the wire.
 * @param client signed in as one who may make profiles and see their secrets
 * @param transports dealt out in turn
 */
export async function startDemoFleet(client: GapuraClient, transports: readonly Transport[]): Promise<Fleet> {
  const plans = await Promise.all(
    groups.map(async ({ kind, count }) => {
      const keys = await provisioningKeysOf(client, kind.profileName, kind.description);
      return planFleet({ count, prefix: '', kinds: [kind], transports, ...keys });
    }),
  );
  return startFleet({ devices: plans.flat(), intervalMs });
}
