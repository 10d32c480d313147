/** The parts of the platform that people meet (set-up to audit), on a real port, with a clock that stands still. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import type { CreatedApiKey } from '#contract/api-keys.ts';
import type { AuditRecord } from '#contract/audit.ts';
import type { Page, Role } from '#contract/common.ts';
import type { Problem } from '#contract/errors.ts';
import type { Session } from '#contract/session.ts';
import type { User } from '#contract/users.ts';
import { createApiKeys } from '../src/api-keys/api-keys.ts';
import { registerApiKeyRoutes } from '../src/api-keys/routes.ts';
import { createAudit } from '../src/audit/audit.ts';
import { registerAuditRoutes } from '../src/audit/routes.ts';
import { openDatabase } from '../src/db/open.ts';
import { createAuthenticator } from '../src/http/authentication.ts';
import { registerConsole } from '../src/http/console/console.ts';
import { createIdempotency } from '../src/http/idempotency.ts';
import { createIdempotencyStore } from '../src/http/idempotency-store.ts';
import { createPlatformApi, type PlatformApi } from '../src/http/platform-api.ts';
import { systemClock } from '../src/lib/clock.ts';
import { createSealer } from '../src/lib/seal.ts';
import { registerSetupRoutes } from '../src/setup/routes.ts';
import { createSetup } from '../src/setup/setup.ts';
import { registerTenantRoutes } from '../src/tenants/routes.ts';
import { createTenants } from '../src/tenants/tenants.ts';
import { createPasswordHasher } from '../src/users/password.ts';
import { createPasswordStrength } from '../src/users/password-strength.ts';
import { registerUserRoutes } from '../src/users/routes.ts';
import { registerSessionRoutes } from '../src/users/session-routes.ts';
import { createSignIn } from '../src/users/sign-in.ts';
import { createUserSessions } from '../src/users/user-sessions.ts';
import { createUsers } from '../src/users/users.ts';
import { FakeClock } from './fake-clock.ts';

export const ownerEmail = 'made@example.com';
export const goodPassword = 'teluk benoa 7 perahu kayu';
export const otherGoodPassword = 'sawah berundak 41 jatiluwih';

/** Shared by the apps of a test file: loading the dictionaries takes longer than most tests. */
const strength = createPasswordStrength({ clock: systemClock });

export type PeopleApp = Awaited<ReturnType<typeof startPeopleApp>>;

/** @typeParam T what the test expects of the body; a test that expects wrongly fails on it */
export interface Answer<T> {
  readonly status: number;
  readonly headers: Headers;
  readonly body: T;
  readonly text: string;
  /** What a browser would send from now on. */
  readonly cookie: string;
}

export async function startPeopleApp(addRoutes: (api: PlatformApi) => void = () => {}) {
  const directory = await mkdtemp(join(tmpdir(), 'gapura-people-'));
  const db = await openDatabase(join(directory, 'gapura.sqlite'));
  const clock = new FakeClock();
  const log = pino({ level: 'silent' });
  const counted: string[] = [];
  const createdTenants: string[] = [];
  let hashes = 0;

  const audit = createAudit({ db, bus: { publish: () => undefined }, clock, log });
  const hasher = createPasswordHasher({ memoryKib: 64, passes: 1, parallelism: 1 });
  const passwords = {
    ...hasher,
    verify: (...given: Parameters<typeof hasher.verify>) => {
      hashes++;
      return hasher.verify(...given);
    },
  };
  const tenants = createTenants({ db, clock, onTenantCreated: async (id) => void createdTenants.push(id) });
  const sessions = createUserSessions({ db, clock, log });
  const signIn = createSignIn({ db, clock, passwords, audit, log, countSignIn: (outcome) => counted.push(outcome) });
  const users = createUsers({ db, clock, passwords, strength, signIn, audit });
  const apiKeys = createApiKeys({ db, clock, audit, log });
  const setup = createSetup({ db, clock, audit, tenants, users });
  const authenticator = createAuthenticator({
    principalOfSession: sessions.principalOf,
    principalOfApiKey: apiKeys.authenticate,
  });
  const store = createIdempotencyStore({ db, clock, sealer: createSealer(new Uint8Array(32).fill(7)) });
  const idempotency = createIdempotency({ store, clock, log });

  const { api, routes } = await createPlatformApi(
    { log, authenticate: authenticator.authenticate, bodyLimitBytes: 64 * 1024 },
    (instance) => {
      idempotency.register(instance);
      registerSetupRoutes(instance, { setup, sessions, tenants });
      registerSessionRoutes(instance, { signIn, sessions, users, audit, tenants, apiKeys });
      registerUserRoutes(instance, { users });
      registerApiKeyRoutes(instance, { apiKeys });
      registerAuditRoutes(instance, { audit });
      registerTenantRoutes(instance, { tenants, audit });
      registerConsole(instance);
      addRoutes(instance);
    },
  );
  const url = await api.listen({ host: '127.0.0.1', port: 0 });

  /** @param auth a cookie, or an API key (`gpr_…`) */
  const request = async <T = Problem>(
    method: string,
    path: string,
    options: { auth?: string | undefined; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Answer<T>> => {
    const { auth, body } = options;
    const response = await fetch(url + path, {
      method,
      headers: {
        ...(auth !== undefined && (auth.startsWith('gpr_') ? { authorization: `Bearer ${auth}` } : { cookie: auth })),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...options.headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true;
    const cookie = response.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : null, text, cookie };
  };

  return {
    url,
    db,
    clock,
    api,
    routes,
    audit,
    tenants,
    users,
    setup,
    sessions,
    idempotency,
    authenticator,
    counted,
    createdTenants,
    request,
    hashes: () => hashes,

    /** Completes the set-up. @returns the owner's cookie */
    async setUp(): Promise<string> {
      const token = await setup.ensureToken();
      const body = { token, email: ownerEmail, password: goodPassword, name: 'Made', tenantName: 'Subak' };
      return (await request('POST', '/v1/setup', { body })).cookie;
    },
    async signIn(email: string, password: string = goodPassword): Promise<Answer<Session & Problem>> {
      return request<Session & Problem>('POST', '/v1/session', { body: { email, password } });
    },
    /** A person of the first tenant with that role. */
    async addUser(owner: string, role: Role, email = `${role}@example.com`): Promise<{ id: string; cookie: string }> {
      const made = await request<User>('POST', '/v1/users', {
        auth: owner,
        body: { email, role, password: goodPassword },
      });
      const { cookie } = await request('POST', '/v1/session', { body: { email, password: goodPassword } });
      return { id: made.body.id, cookie };
    },
    /** An owner of a tenant of their own. */
    async addTenant(name: string, email: string): Promise<string> {
      const tenant = await tenants.create(name);
      const owner = await users.prepareOwner({ email, password: goodPassword, tenantName: name });
      await db.transaction().execute((trx) => users.createOwnerWithin(trx, tenant.id, owner));
      return (await request('POST', '/v1/session', { body: { email, password: goodPassword } })).cookie;
    },
    async addKey(auth: string, role: Role): Promise<{ id: string; key: string }> {
      return (await request<CreatedApiKey>('POST', '/v1/api-keys', { auth, body: { name: `${role} key`, role } })).body;
    },
    async auditOf(auth: string, query = ''): Promise<AuditRecord[]> {
      return (await request<Page<AuditRecord>>('GET', `/v1/audit${query}`, { auth })).body.items;
    },

    /** Resolves when writes that nobody waits for are done: writes keep their order, so it waits for one of its own. */
    async written(): Promise<void> {
      await db.deleteFrom('settings').where('name', '=', 'none').execute();
    },

    async stop(): Promise<void> {
      await api.close();
      await audit.stop();
      await db.destroy();
      await rm(directory, { recursive: true });
    },
  };
}
