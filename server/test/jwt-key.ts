import { createSecretKey } from 'node:crypto';
import { deviceScopes } from '#contract/credentials.ts';
import type { JwtKey } from '../src/credentials/jwt-keys.ts';

/** The key of a device, as it stands in memory. */
export function createJwtKeyOf(secret: Uint8Array, kid = 'kid'): JwtKey {
  return {
    kid,
    alg: 'HS256',
    key: createSecretKey(secret),
    identity: {
      tenantId: 'tenant',
      deviceId: 'device',
      deviceName: 'device',
      isGateway: false,
      credentialsId: `credentials of ${kid}`,
      credentialsExpireAt: null,
      policy: { profileId: 'profile', tlsOnly: false, tokenInPath: false, minAuth: 'bearer', requireNonce: false },
    },
    subject: 'device',
    enabled: true,
    rights: new Set(deviceScopes),
    isUnused: false,
    replayFloor: 0,
  };
}
