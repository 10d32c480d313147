/**
 * The device API over HTTP with all that is on the way of a telemetry message but the database: tokens come from a map
 * and the store takes everything at once. What is left is the cost of the protocol, the parser and the batches.
 */
import http from 'node:http';
import { createMemoryBus } from '../../server/src/bus/memory.ts';
import type { DeviceIdentity } from '../../server/src/credentials/gate.ts';
import { createIngest } from '../../server/src/ingest/create-ingest.ts';
import { systemClock } from '../../server/src/lib/clock.ts';
import { createMetrics } from '../../server/src/metrics.ts';
import { createDeviceHttpApi } from '../../server/src/transports/http/device-http-api.ts';
import { noDeviceTokens } from '../../server/test/no-device-tokens.ts';

const metrics = createMetrics();
const log = { error: console.error, info: console.error };
const bus = createMemoryBus((error) => console.error(error));
const devices = new Map<string, DeviceIdentity>();
const sessions = { touch() {}, requested() {}, wait: () => () => {} };

function byAccessToken(token: string): DeviceIdentity {
  let device = devices.get(token);
  if (device === undefined) {
    device = Object.freeze({
      tenantId: 'tenant',
      deviceId: `device-${token}`,
      deviceName: token,
      isGateway: false,
      credentialsId: token,
      credentialsExpireAt: null,
      policy: {
        profileId: 'profile',
        tlsOnly: false,
        tokenInPath: true,
        minAuth: 'token' as const,
        requireNonce: false,
      },
    });
    devices.set(token, device);
  }
  return device;
}

const attributes = { write: async () => {}, read: async () => new Map() };
const ingest = createIngest({
  store: { append: async () => {} },
  ...{ attributes, sessions, bus, metrics, clock: systemClock, log },
});
const api = createDeviceHttpApi({
  ...noDeviceTokens,
  gate: { byAccessToken },
  provisioner: { handle: async () => ({ kind: 'malformed', message: '' }) },
  ...{ ingest, attributes, sessions, metrics, clock: systemClock, log },
});

const server = http.createServer((request, response) => api.handle(request, response, false));
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(typeof address === 'object' && address !== null ? address.port : '');
});
