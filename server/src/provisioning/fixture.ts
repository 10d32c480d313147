/** A provisioner over a real database, for tests. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FakeClock } from '../../test/fake-clock.ts';
import { createAttributes } from '../attributes/attributes.ts';
import type { AuditEntry } from '../audit/audit.ts';
import { createMemoryBus } from '../bus/memory.ts';
import { createCredentials } from '../credentials/credentials.ts';
import type { Arrival } from '../credentials/gate.ts';
import { openDatabase } from '../db/open.ts';
import { createNonces } from '../device-tokens/nonce.ts';
import { createDeviceCreator, type NewDevice } from '../devices/create-devices.ts';
import { createSealer } from '../lib/seal.ts';
import { uuidv7 } from '../lib/uuid.ts';
import { createMetrics } from '../metrics.ts';
import { createProfiles } from '../profiles/profiles.ts';
import { createProvisioner } from './create-provisioner.ts';
import type { ProvisionProfile } from './deps.ts';
import type { ProvisioningLimitSettings } from './limits.ts';

export type Provisioning = Awaited<ReturnType<typeof openProvisioning>>;

export const plain: Arrival = { transport: 'http', secure: false, address: '192.0.2.1' };

export async function openProvisioning(limits: Partial<ProvisioningLimitSettings> = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'gapura-provisioning-'));
  const db = await openDatabase(join(directory, 'gapura.sqlite'));
  const clock = new FakeClock();
  const sealer = createSealer(randomBytes(32));
  const bus = createMemoryBus(throwFault);
  const metrics = createMetrics();
  const audit: AuditEntry[] = [];
  const warnings: { detail: object; message: string }[] = [];
  /** How many devices each call was asked to make. */
  const batches: number[] = [];
  const nonces = createNonces({ sealer, clock });
  const profiles = createProfiles({ db, sealer, clock, bus });
  const creator = createDeviceCreator({ db, sealer, clock, bus });
  const credentials = createCredentials({ db, sealer, clock, bus, onFault: throwFault });
  const devices = {
    createDevices(requests: readonly NewDevice[]) {
      batches.push(requests.length);
      return creator.createDevices(requests);
    },
  };
  const provisioner = createProvisioner({
    db,
    profiles,
    devices,
    credentials,
    attributes: createAttributes({ db, clock, bus, activity: async () => new Map() }),
    audit: { record: (entry) => void audit.push(entry) },
    metrics,
    clock,
    securityEvents: { record() {} },
    nonces,
    instanceId: 'instance',
    log: { warn: (detail, message) => void warnings.push({ detail, message }) },
    limits,
  });

  async function addTenant(): Promise<string> {
    const id = uuidv7();
    await db.insertInto('tenants').values({ id, name: id, created_at: 0 }).execute();
    return id;
  }
  const tenantId = await addTenant();

  return {
    db,
    clock,
    creator,
    credentials,
    metrics,
    audit,
    warnings,
    batches,
    tenantId,
    addTenant,
    provisioner,
    nonces,
    profiles,

    /** A profile with key `key-<name>` and secret `secret-<name>` that lets new devices in. */
    async addProfile(name: string, settings: Partial<Omit<ProvisionProfile, 'id' | 'name' | 'secret'>> = {}) {
      const { tenantId: owner = tenantId, tlsOnly = false, ...provisioning } = settings;
      const secret = `secret-${name}`;
      const { id } = await profiles.create(owner, {
        name,
        tlsOnly,
        provisioning: { strategy: 'ALLOW_CREATE_NEW_DEVICES', key: `key-${name}`, secret, ...provisioning },
      });
      const profile = await profiles.findByProvisionKey(`key-${name}`);
      if (profile?.id !== id) throw new Error('The profile is not found by its key.');
      return profile;
    },

    /** A device that a person made. */
    async addDevice(profile: ProvisionProfile, device: Partial<NewDevice> & { name: string }) {
      const [made] = await creator.createDevices([
        {
          tenantId: profile.tenantId,
          profileId: profile.id,
          credentials: { type: 'ACCESS_TOKEN', token: `token-of-${device.name}` },
          ...device,
        },
      ]);
      if (made === undefined || 'refused' in made) throw new Error(`The device was refused: ${made?.refused}`);
      return made;
    },

    /** Asks as a device would, with the right key and secret of the profile. @returns the answer's JSON text */
    async ask(profile: ProvisionProfile, members: object = {}, arrival: Arrival = plain): Promise<string> {
      return this.send(
        JSON.stringify({ provisionDeviceKey: keyOf(profile), provisionDeviceSecret: profile.secret, ...members }),
        arrival,
      );
    },

    /** Sends a request as it stands. @returns the answer's JSON text, or `malformed: …`, `rate_limited: …` */
    async send(payload: string | Uint8Array, arrival: Arrival = plain): Promise<string> {
      const outcome = await provisioner.handle(Buffer.from(payload), arrival);
      if (outcome.kind === 'answered') return JSON.stringify(outcome.body);
      return outcome.kind === 'malformed' ? `malformed: ${outcome.message}` : `rate_limited: ${outcome.retryAfterMs}`;
    },

    async provisionState(deviceId: string): Promise<string | undefined> {
      const row = await db
        .selectFrom('attributes')
        .select('value')
        .where('device_id', '=', deviceId)
        .where('scope', '=', 'server')
        .where('key', '=', 'provisionState')
        .executeTakeFirst();
      return row?.value;
    },

    async deviceNamed(name: string) {
      return db.selectFrom('devices').selectAll().where('name', '=', name).executeTakeFirst();
    },

    async close() {
      await provisioner.idle();
      await db.destroy();
      await rm(directory, { recursive: true });
    },
  };
}

function throwFault(error: unknown): never {
  throw error;
}

export function keyOf(profile: ProvisionProfile): string {
  return `key-${profile.name}`;
}

export const notFound = '{"errorMsg":"Provision data was not found!","status":"NOT_FOUND"}';
export const failure = '{"errorMsg":"Failed to provision device!","status":"FAILURE"}';
