/** The import route over a real socket and a real database, for tests. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { Role } from '#contract/common.ts';
import type { ImportEvent, ImportSummary } from '#contract/import.ts';
import { createAttributes } from '../attributes/attributes.ts';
import type { AuditEntry } from '../audit/audit.ts';
import { createMemoryBus } from '../bus/memory.ts';
import { createCredentials } from '../credentials/credentials.ts';
import { openDatabase } from '../db/open.ts';
import { createDeviceCreator } from '../devices/create-devices.ts';
import { createDevices } from '../devices/devices.ts';
import { createPlatformApi } from '../http/platform-api.ts';
import { systemClock } from '../lib/clock.ts';
import { createSealer } from '../lib/seal.ts';
import { uuidv7 } from '../lib/uuid.ts';
import { createMetrics } from '../metrics.ts';
import { createProfiles } from '../profiles/profiles.ts';
import { createDeviceImport, type DeviceImportDeps } from './import-devices.ts';
import { registerImportRoutes } from './routes.ts';

export type ImportFixture = Awaited<ReturnType<typeof openImport>>;

export async function openImport(limits: NonNullable<DeviceImportDeps['limits']> = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'gapura-import-'));
  const db = await openDatabase(join(directory, 'gapura.sqlite'));
  const clock = systemClock;
  const sealer = createSealer(new Uint8Array(32).fill(1));
  const onFault = (error: unknown): never => {
    throw error;
  };
  const bus = createMemoryBus(onFault);
  const metrics = createMetrics();
  const audited: AuditEntry[] = [];
  const profiles = createProfiles({ db, sealer, clock, bus });
  const creator = createDeviceCreator({ db, sealer, clock, bus });
  const activity = async () => new Map();
  const devices = createDevices({ db, clock, bus, creator, profiles, instanceId: 'instance', activity });
  const attributes = createAttributes({ db, clock, bus, activity });
  const credentials = createCredentials({ db, sealer, clock, bus, onFault });
  const log = pino({ level: 'silent' });
  const imports = createDeviceImport({
    db,
    creator,
    devices,
    attributes,
    profiles,
    audit: { record: (entry) => void audited.push(entry) },
    metrics,
    clock,
    log,
    limits,
  });
  const tenantId = uuidv7();
  await db.insertInto('tenants').values({ id: tenantId, name: 'mine', created_at: 0 }).execute();
  await profiles.createDefault(tenantId);
  let role: Role = 'operator';
  const { api } = await createPlatformApi(
    {
      log,
      authenticate: async () => ({ kind: 'api_key', id: 'key', tenantId, name: 'script', role }),
      bodyLimitBytes: 1000,
    },
    (api) => registerImportRoutes(api, { imports, clock }),
  );
  const url = `${await api.listen({ host: '127.0.0.1', port: 0 })}/v1/devices/import`;

  return {
    db,
    url,
    tenantId,
    profiles,
    devices,
    creator,
    attributes,
    credentials,
    metrics,
    audited,
    actAs(other: Role): void {
      role = other;
    },

    post(body: RequestInit['body'], query = '', headers: Record<string, string> = {}): Promise<Response> {
      return fetch(url + query, {
        method: 'POST',
        headers: { 'content-type': 'text/csv', ...headers },
        body: body ?? null,
        // Node asks for it when a body is a stream.
        duplex: 'half',
      } as RequestInit);
    },

    /** Imports and returns the summary. */
    async summary(body: RequestInit['body'], query = ''): Promise<ImportSummary> {
      const response = await this.post(body, query);
      if (response.status !== 200) throw new Error(await response.text());
      return (await response.json()) as ImportSummary;
    },

    /** Imports and returns all events of the NDJSON answer. */
    async events(body: RequestInit['body'], query = ''): Promise<ImportEvent[]> {
      const response = await this.post(body, query, { accept: 'application/x-ndjson' });
      const lines = (await response.text()).trimEnd().split('\n');
      return lines.map((line) => JSON.parse(line) as ImportEvent);
    },

    async names(): Promise<string[]> {
      return (await db.selectFrom('devices').select('name').orderBy('name').execute()).map((row) => row.name);
    },

    async device(name: string) {
      const row = await db.selectFrom('devices').selectAll().where('name', '=', name).executeTakeFirst();
      if (row === undefined) throw new Error(`There is no device ${name}.`);
      const read = async (scope: 'server' | 'shared') =>
        Object.fromEntries(
          [...(await attributes.read({ tenantId, deviceId: row.id }, scope))]
            .filter(([key]) => key !== 'active' && !/^last[A-Z]/.test(key))
            .map(([key, { value }]) => [key, value]),
        );
      return {
        row,
        server: await read('server'),
        shared: await read('shared'),
        credentials: (await credentials.read(tenantId, row.id)).credentials,
      };
    },

    async close() {
      await api.close();
      await db.destroy();
      await rm(directory, { recursive: true });
    },
  };
}
