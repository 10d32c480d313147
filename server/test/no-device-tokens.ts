/** Stands in where a test or a benchmark has no devices with JSON Web Tokens: every token is refused. */
import type { DeviceHttpApiDeps } from '../src/transports/http/device-http-api.ts';

const refusal = { refused: 'invalid_token', reason: 'unknown_key' } as const;

function never(): never {
  throw new Error('There are no device tokens here.');
}

export const noDeviceTokens: Pick<DeviceHttpApiDeps, 'tokens' | 'tokenRequests' | 'securityEvents'> = {
  tokens: {
    bearer: () => refusal,
    signed: () => refusal,
    assertion: async () => refusal,
    faultOfPolicy: () => undefined,
    nonces: { make: () => 'nonce', isGood: () => false },
  },
  tokenRequests: { bySecret: async () => refusal, issue: never, nextKey: never },
  securityEvents: { record() {} },
};
