/** The profile under which a simulated fleet provisions itself, found or made through the platform API. */
import type { Profile } from '#contract/profiles.ts';
import type { GapuraClient } from '#sdk/client.ts';
import { StartupError } from '../errors.ts';

export interface ProvisioningKeys {
  readonly provisionKey: string;
  readonly provisionSecret: string;
}

/** As fast as a fleet of ten thousand asks when it is switched on; simulated devices are no attackers. */
const fleetRateLimit = '100000:1';

/**
 * @param name of the profile; it is made when there is none
 * @throws StartupError when the profile does not let devices provision themselves, or the caller may not see its secret
 */
export async function provisioningKeysOf(
  client: GapuraClient,
  name: string,
  description: string,
): Promise<ProvisioningKeys> {
  const profile = (await findProfile(client, name)) ?? (await createProfile(client, name, description));
  const { strategy, key, secret } = profile.provisioning;
  if (strategy !== 'ALLOW_CREATE_NEW_DEVICES') {
    throw new StartupError(
      `The profile "${name}" has the strategy ${strategy}; set it to ALLOW_CREATE_NEW_DEVICES, or name another with --profile.`,
    );
  }
  if (secret === null) {
    throw new StartupError('This API key may not see provisioning secrets; use one with the role admin or owner.');
  }
  return { provisionKey: key, provisionSecret: secret };
}

async function findProfile(client: GapuraClient, name: string): Promise<Profile | undefined> {
  for await (const profile of client.profiles.all()) if (profile.name === name) return profile;
  return undefined;
}

function createProfile(client: GapuraClient, name: string, description: string): Promise<Profile> {
  return client.profiles.create({
    name,
    description,
    provisioning: { strategy: 'ALLOW_CREATE_NEW_DEVICES', rateLimit: fleetRateLimit },
  });
}
