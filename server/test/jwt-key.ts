import { createSecretKey } from 'node:crypto';
import { deviceScopes } from '#contract/credentials.ts';
import type { JwtKey } from '../src/credentials/jwt-keys.ts';
import { HmacKey } from '../src/lib/hmac-sha256.ts';

/** The key of a device, as it stands in memory. */
export function createJwtKeyOf(secret: Uint8Array, kid = 'kid'): Extract<JwtKey, { alg: 'HS256' }> {
  return {
    kid,
    alg: 'HS256',
    key: createSecretKey(secret),
    hmac: new HmacKey(secret),
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
