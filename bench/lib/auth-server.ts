/** A whole Gapura with many devices that have keys, and a way around the gate that exists in this process alone. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { createClient } from '#sdk/client.ts';
import { createCookieFetch } from '#sdk/cookie-fetch.ts';
import { createApp } from '../../server/src/app.ts';
import { configOf } from '../../server/src/config.ts';
import type { DeviceIdentity } from '../../server/src/credentials/gate.ts';
import type { BenchDevice } from './auth-requests.ts';

/** What the server says of itself once it is ready. */
export interface BenchWorld {
  readonly url: string;
  /** Where the name in the path is believed. */
  readonly openUrl: string;
  readonly instance: string;
  readonly devices: readonly BenchDevice[];
}

/** The answer to `{ countDevicesWith: key }`. */
export interface PointsSeen {
  readonly intruders: number;
}

const creators = 50;
const owner = { email: 'bench@example.org', password: 'wobbly-lantern-quarry-92' };

const dataDir = mkdtempSync(join(tmpdir(), 'gapura-bench-'));
process.once('exit', () => rmSync(dataDir, { recursive: true, force: true }));
process.once('disconnect', () => process.exit());

/** The devices whose names are believed. */
const open = new Map<string, DeviceIdentity>();
const app = await createApp({
  config: configOf({
    ...{ dataDir, host: '127.0.0.1', httpPort: 0, httpsPort: 0, mqttPort: 0, mqttsPort: 0 },
    ...{ ownerEmail: owner.email, ownerPassword: owner.password, logLevel: 'silent' },
  }),
  log: pino({ level: 'silent' }),
  inPlaceOfGate: (gate) => ({
    ...gate,
    byAccessToken: (token, arrival) => open.get(token) ?? gate.byAccessToken(token, arrival),
  }),
});
const { httpPort } = await app.start();
const url = `http://127.0.0.1:${httpPort}`;
const client = createClient({ baseUrl: url, fetch: createCookieFetch() });
const { tenant } = await client.session.signIn(owner);

const count = Number(process.argv[2]);
const devices: BenchDevice[] = [];
let instance = '';
let next = 0;

async function createDevices(): Promise<void> {
  for (let i = next++; i < count; i = next++) {
    const name = `bench-${i}`;
    const kid = `k${String(i).padStart(9, '0')}`; // as long as those that the server makes
    const key = randomBytes(32).toString('base64url');
    const device = await client.devices.create({ name, credentials: { type: 'JWT', alg: 'HS256', kid, key } });
    if (device.credentials.type !== 'JWT') throw new Error('The device has no key.');
    const { deviceId = '', instance: aud = '' } = device.credentials;
    instance = aud;
    devices[i] = { id: device.id, deviceId, name, kid, key };
    open.set(name, {
      ...{ tenantId: tenant.id, deviceId: device.id, deviceName: name, isGateway: false },
      ...{ credentialsId: kid, credentialsExpireAt: null },
      policy: { profileId: device.profileId, tlsOnly: false, tokenInPath: true, minAuth: 'token', requireNonce: false },
    });
  }
}
await Promise.all(Array.from({ length: creators }, createDevices));

process.on('message', async ({ countDevicesWith }: { countDevicesWith: string }) => {
  let intruders = 0;
  for (let i = 0; i < devices.length; i += 200) {
    const deviceIds = devices.slice(i, i + 200).map(({ id }) => id);
    const latest = await client.telemetry.latestOf(deviceIds, [countDevicesWith]);
    intruders += Object.values(latest).filter((keys) => Object.keys(keys).length > 0).length;
  }
  process.send?.({ intruders } satisfies PointsSeen);
});
process.send?.({ url, openUrl: url, instance, devices } satisfies BenchWorld);
