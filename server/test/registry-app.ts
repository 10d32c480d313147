/** Devices, profiles, credentials and attributes over a real database file, with a clock that stands still. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { type Role, roles } from '#contract/common.ts';
import type { Problem } from '#contract/errors.ts';
import { createAttributes } from '../src/attributes/attributes.ts';
import { registerAttributeRoutes } from '../src/attributes/routes.ts';
import type { AuditEntry } from '../src/audit/audit.ts';
import { createMemoryBus } from '../src/bus/memory.ts';
import type { BusMessage } from '../src/bus/subjects.ts';
import { createGate } from '../src/credentials/create-gate.ts';
import { createCredentials } from '../src/credentials/credentials.ts';
import { registerCredentialsRoutes } from '../src/credentials/routes.ts';
import { openDatabase } from '../src/db/open.ts';
import { createDeviceCreator, type NewDevice } from '../src/devices/create-devices.ts';
import { createDevices } from '../src/devices/devices.ts';
import { registerDeviceRoutes } from '../src/devices/routes.ts';
import { AppError } from '../src/errors.ts';
import { createPlatformApi, type PlatformApi } from '../src/http/platform-api.ts';
import { createSealer } from '../src/lib/seal.ts';
import { createProfiles } from '../src/profiles/profiles.ts';
import { registerProfileRoutes } from '../src/profiles/routes.ts';
import type { DeviceActivity } from '../src/sessions/sessions.ts';
import type { DeviceRef } from '../src/telemetry/store.ts';
import { FakeClock } from './fake-clock.ts';

export type RegistryApp = Awaited<ReturnType<typeof startRegistryApp>>;

/** What a test expects of a body is its own affair: it fails when it expects wrongly. */
export interface Answer<T> {
  readonly status: number;
  readonly headers: { readonly [name: string]: unknown };
  readonly body: T;
}

export async function startRegistryApp() {
  const directory = await mkdtemp(join(tmpdir(), 'gapura-registry-'));
  const db = await openDatabase(join(directory, 'gapura.sqlite'));
  const clock = new FakeClock();
  const faults: unknown[] = [];
  const onFault = (error: unknown): void => void faults.push(error);
  const bus = createMemoryBus(onFault);
  const sealer = createSealer(new Uint8Array(32).fill(7));
  const heard: BusMessage[] = [];
  for (const pattern of ['devices.*.*', 'profiles.*.*', 'attributes.*.*']) {
    bus.subscribe(pattern, (message) => heard.push(message));
  }
  const audited: AuditEntry[] = [];
  const audit = { record: (entry: AuditEntry): void => void audited.push(entry) };
  const forgotten: DeviceRef[] = [];
  const known = new Map<string, DeviceActivity>();
  const activity = async (_tenantId: string, ids: readonly string[]): Promise<Map<string, DeviceActivity>> =>
    new Map(ids.flatMap((id) => (known.has(id) ? [[id, known.get(id) as DeviceActivity]] : [])));

  const creator = createDeviceCreator({ db, sealer, clock, bus });
  const profiles = createProfiles({ db, sealer, clock, bus });
  const credentials = createCredentials({ db, sealer, clock, bus, onFault });
  const gate = createGate({ db, sealer, clock, bus });
  const onDeviceDeleted = async (device: DeviceRef): Promise<void> => void forgotten.push(device);
  const devices = createDevices({
    db,
    clock,
    bus,
    creator,
    profiles,
    instanceId: 'instance',
    activity,
    onDeviceDeleted,
  });
  const attributes = createAttributes({ db, clock, bus, activity });

  for (const id of ['t1', 't2']) {
    await db.insertInto('tenants').values({ id, name: id, created_at: 0 }).execute();
  }
  const profileId = (await profiles.createDefault('t1')).id;
  const otherProfileId = (await profiles.createDefault('t2')).id;
  heard.length = 0;

  const openApi = async (): Promise<PlatformApi> => {
    const { api } = await createPlatformApi(
      {
        log: pino({ level: 'silent' }),
        bodyLimitBytes: 1024 * 1024,
        // Who calls is said in a header: `viewer`, or `viewer of t2`.
        authenticate: async (request) => {
          const [role, tenantId = 't1'] = String(request.headers['x-caller'] ?? '').split(' of ');
          const isRole = (text: string | undefined): text is Role => roles.some((one) => one === text);
          if (!isRole(role)) throw new AppError('missing_credentials');
          return { kind: 'user', id: `id of ${role}`, tenantId, name: `${role}@example.com`, role };
        },
      },
      (instance) => {
        registerProfileRoutes(instance, { profiles, audit });
        registerDeviceRoutes(instance, { devices, audit });
        registerCredentialsRoutes(instance, { credentials, devices, audit, instanceId: 'instance' });
        registerAttributeRoutes(instance, { attributes, devices, audit });
      },
    );
    return api;
  };
  /** Made when the first request is: many tests need none. */
  let opened: Promise<PlatformApi> | undefined;

  return {
    db,
    clock,
    bus,
    sealer,
    creator,
    profiles,
    credentials,
    gate,
    devices,
    attributes,
    profileId,
    otherProfileId,
    /** What was published, audited, and told to the telemetry store, in order. */
    heard,
    audited,
    forgotten,
    /** What the sessions know of devices. */
    known,
    faults,
    published: (): string[] => heard.map((message) => message.kind),

    /** @param caller a role, or `role of tenant` */
    async request<T = Problem>(caller: string, method: string, url: string, body?: unknown): Promise<Answer<T>> {
      opened ??= openApi();
      const response = await (await opened).inject({
        method: method as 'GET',
        url,
        headers: { 'x-caller': caller, ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { payload: JSON.stringify(body) }),
      });
      const parsed: T = response.body === '' ? null : JSON.parse(response.body);
      return { status: response.statusCode, headers: response.headers, body: parsed };
    },

    /** A device of the first tenant. */
    async addDevice(name: string, more: Partial<NewDevice> = {}): Promise<{ deviceId: string; credentialsId: string }> {
      const request: NewDevice = {
        tenantId: 't1',
        profileId,
        name,
        credentials: { type: 'ACCESS_TOKEN', token: `token of ${name}`.replaceAll(' ', '-') },
        ...more,
      };
      const [made] = await creator.createDevices([request]);
      if (made === undefined || 'refused' in made) throw new Error(`not made: ${made?.refused}`);
      return made;
    },

    /** All bytes of the database as they stand in its files. */
    async fileBytes(): Promise<Buffer> {
      const names = await readdir(directory);
      return Buffer.concat(await Promise.all(names.map((name) => readFile(join(directory, name)))));
    },

    async stop(): Promise<void> {
      credentials.stop();
      await (await opened)?.close();
      await db.destroy();
      await rm(directory, { recursive: true });
    },
  };
}
