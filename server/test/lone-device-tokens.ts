import { randomBytes } from 'node:crypto';
import type { JwtKey } from '../src/credentials/jwt-keys.ts';
import { createDeviceTokens, type DeviceTokens } from '../src/device-tokens/device-tokens.ts';
import { createNonces } from '../src/device-tokens/nonce.ts';
import type { Clock } from '../src/lib/clock.ts';
import { createSealer } from '../src/lib/seal.ts';
import { createJwtKeyOf } from './jwt-key.ts';

/** The verification of device tokens by itself, of the instance `instance`: these keys are in memory, and no others exist. */
export function createLoneDeviceTokens(keys: readonly JwtKey[], clock: Clock): DeviceTokens {
  const byKid = new Map(keys.map((key) => [key.kid, key]));
  return createDeviceTokens({
    keys: {
      peek: (kid) => byKid.get(kid) ?? null,
      find: async () => undefined,
      ofDevice: async () => [],
      changes: 0,
      used: () => undefined,
      raiseFloor: async () => undefined,
    },
    nonces: createNonces({ sealer: createSealer(randomBytes(32)), clock }),
    serverKey: { kid: 'srv', publicKey: createJwtKeyOf(randomBytes(32)).key },
    instanceId: 'instance',
    clock,
  });
}
