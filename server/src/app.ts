/** The composition root: the only file that knows every module. Starts them in order and stops them in reverse. */
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { registerAddressesRoutes } from './addresses/routes.ts';
import { createApiKeys } from './api-keys/api-keys.ts';
import { registerApiKeyRoutes } from './api-keys/routes.ts';
import { createAttributes } from './attributes/attributes.ts';
import { registerAttributeRoutes } from './attributes/routes.ts';
import { createAudit } from './audit/audit.ts';
import { registerAuditRoutes } from './audit/routes.ts';
import { createMemoryBus } from './bus/memory.ts';
import type { Config } from './config.ts';
import { createConnectionEvents } from './connection-events/connection-events.ts';
import { registerConnectionEventRoutes } from './connection-events/routes.ts';
import { createGate } from './credentials/create-gate.ts';
import { createCredentials } from './credentials/credentials.ts';
import type { Gate } from './credentials/gate.ts';
import { createJwtKeys } from './credentials/jwt-keys.ts';
import { registerCredentialsRoutes } from './credentials/routes.ts';
import { createDashboards } from './dashboards/dashboards.ts';
import { registerDashboardRoutes } from './dashboards/routes.ts';
import { type DataDir, openDataDir } from './data-dir/data-dir.ts';
import { openInstance } from './data-dir/instance.ts';
import { openDatabase } from './db/open.ts';
import { createDeviceTokens } from './device-tokens/device-tokens.ts';
import { createNonces } from './device-tokens/nonce.ts';
import { registerJwks } from './device-tokens/routes.ts';
import { openServerKey } from './device-tokens/server-key.ts';
import { createTokenRequests } from './device-tokens/token-requests.ts';
import { createDeviceCreator } from './devices/create-devices.ts';
import { createDevices } from './devices/devices.ts';
import { registerDeviceRoutes } from './devices/routes.ts';
import { createAuthenticator } from './http/authentication.ts';
import { registerConsole } from './http/console/console.ts';
import { createIdempotency } from './http/idempotency.ts';
import { createIdempotencyStore } from './http/idempotency-store.ts';
import { createHttpListeners, toStartupError } from './http/listeners.ts';
import { createPlatformApi, type RouteSummary } from './http/platform-api.ts';
import { createDeviceImport } from './import/import-devices.ts';
import { registerImportRoutes } from './import/routes.ts';
import { createIngest } from './ingest/create-ingest.ts';
import { parseTelemetry } from './ingest/parse-telemetry.ts';
import { defaultPayloadLimits } from './ingest/payload-limits.ts';
import { type Clock, systemClock } from './lib/clock.ts';
import { createSealer } from './lib/seal.ts';
import { createLive } from './live/live.ts';
import { createMetrics } from './metrics.ts';
import { databaseWritable } from './operations/readiness.ts';
import { registerOperations } from './operations/routes.ts';
import { createOverview } from './overview/overview.ts';
import { registerOverviewRoutes } from './overview/routes.ts';
import { createProfiles } from './profiles/profiles.ts';
import { registerProfileRoutes } from './profiles/routes.ts';
import { createProvisioner } from './provisioning/create-provisioner.ts';
import { registerSecurityEventRoutes } from './security-events/routes.ts';
import { createSecurityEvents } from './security-events/security-events.ts';
import { createSessions } from './sessions/create-sessions.ts';
import { registerSetupRoutes } from './setup/routes.ts';
import { createSetup } from './setup/setup.ts';
import { createTelemetryEngine } from './telemetry/engine/store.ts';
import { createRetention } from './telemetry/retention.ts';
import { registerTelemetryRoutes } from './telemetry/routes.ts';
import { createTelemetry } from './telemetry/telemetry.ts';
import { registerTenantRoutes } from './tenants/routes.ts';
import { createTenants } from './tenants/tenants.ts';
import { certificateNames } from './tls/certificate-names.ts';
import { ensureCertificates } from './tls/certificates.ts';
import { registerCertificateRoutes } from './tls/routes.ts';
import { createDeviceHttpApi } from './transports/http/device-http-api.ts';
import { createMqttServer } from './transports/mqtt/server.ts';
import { createPasswordHasher, type PasswordCost } from './users/password.ts';
import { createPasswordStrength } from './users/password-strength.ts';
import { registerUserRoutes } from './users/routes.ts';
import { registerSessionRoutes } from './users/session-routes.ts';
import { createSignIn } from './users/sign-in.ts';
import { createUserSessions } from './users/user-sessions.ts';
import { createUsers } from './users/users.ts';

export interface AppOptions {
  readonly config: Config;
  readonly log: Logger;
  readonly clock?: Clock;
  /** Cheaper in tests. */
  readonly passwordCost?: PasswordCost;
  /** What stands in the place of the gate: a benchmark that measures what the gate costs needs a way around it. */
  readonly inPlaceOfGate?: (gate: Gate) => Gate;
}

export interface AppAddresses {
  readonly httpPort: number;
  readonly httpsPort: number;
  readonly mqttPort: number;
  readonly mqttsPort: number;
}

export interface App {
  /**
   * Opens the listeners.
   * @returns the ports that were bound
   * @throws StartupError when a port is in use; the app has stopped by itself then
   */
  start(): Promise<AppAddresses>;
  /** Stops accepting, finishes and flushes what was taken, closes; within 10 s. Safe to call twice. */
  stop(): Promise<void>;
  /** Absolute. */
  readonly dataDir: string;
  /** For the one-time link, as long as nobody has set Gapura up; null afterwards. */
  readonly setupToken: string | null;
  /** Every route of the platform API, with the role that it asks for. */
  readonly routes: readonly RouteSummary[];
  /** Makes another tenant with its default profile. */
  createTenant(name: string): Promise<{ id: string }>;
  /** Makes a user of a tenant, for tests and the command line. */
  readonly users: Pick<ReturnType<typeof createUsers>, 'create'>;
}

/** JSON bodies of the platform API; imports are streams with a limit of their own. */
const bodyLimitBytes = 1024 * 1024;
/** Requests under way at a stop may finish for this long; the whole stop stays below 10 s. */
const stopGraceMs = 3000;

/**
 * Opens the data directory and everything behind the listeners.
 * @throws StartupError one line that says what to do
 */
export async function createApp(options: AppOptions): Promise<App> {
  const { config, log, clock = systemClock } = options;
  /** What has been opened, in order; a stop, also that of a start that failed, undoes it in reverse. */
  const opened: { name: string; close(): Promise<void> | void }[] = [];
  const opens = (name: string, close: () => Promise<void> | void): void => void opened.push({ name, close });
  let stopping: Promise<void> | undefined;

  async function close(): Promise<void> {
    for (const { name, close } of opened.splice(0).reverse()) {
      try {
        await close();
      } catch (error) {
        log.error({ err: error, part: name }, 'a part of Gapura did not stop well');
      }
    }
  }

  try {
    return await compose();
  } catch (error) {
    await close();
    throw error;
  }

  async function compose(): Promise<App> {
    const onFault = (what: string) => (error: unknown) => log.error({ err: error }, what);

    // What everything stands on.
    const dataDir: DataDir = openDataDir(resolve(config.dataDir), (message) => log.warn(message));
    opens('data directory', () => dataDir.release());
    const { layout } = dataDir;
    const sealer = createSealer(dataDir.masterKey);
    const db = await openDatabase(layout.entityDatabase);
    opens('database', () => db.destroy());
    const { instanceId } = await openInstance(db, sealer);
    const serverKey = await openServerKey({ db, sealer });
    const nonces = createNonces({ sealer, clock });
    const metrics = createMetrics();
    const bus = createMemoryBus(onFault('a listener on the bus failed'));
    const store = createTelemetryEngine({
      directory: layout.telemetry,
      takeOver: layout.oldTelemetry,
      headPoints: config.headPoints,
      metrics,
      log,
      clock,
    });
    await store.start();
    opens('telemetry store', () => store.stop());
    const certificates = await ensureCertificates({
      directory: layout.tls,
      sealer,
      names: certificateNames(config.tlsHostnames),
      own:
        config.tlsCert !== undefined && config.tlsKey !== undefined
          ? { certFile: config.tlsCert, keyFile: config.tlsKey }
          : undefined,
      nowMs: clock.now(),
      info: (message) => log.info(message),
    });

    // People.
    const audit = createAudit({ db, bus, clock, log });
    audit.start();
    opens('audit log', () => audit.stop());
    const securityEvents = createSecurityEvents({ db, clock, bus, metrics, log });
    securityEvents.start();
    opens('security events', () => securityEvents.stop());
    const profiles = createProfiles({ db, sealer, clock, bus });
    const tenants = createTenants({
      db,
      clock,
      onTenantCreated: async (tenantId) => void (await profiles.createDefault(tenantId)),
    });
    await tenants.finishAll();
    const passwords = createPasswordHasher(options.passwordCost);
    const strength = createPasswordStrength({ clock });
    opens('password examiner', () => strength.stop());
    const signIn = createSignIn({
      db,
      clock,
      passwords,
      audit,
      log,
      countSignIn: (outcome) => metrics.signIns.inc({ outcome }),
      onLockedOut: (tenantId, address) =>
        securityEvents.record({
          ...{ kind: 'sign_in.locked_out', reason: 'too_many_failures', transport: 'http', address, tenantId },
        }),
    });
    const users = createUsers({ db, clock, passwords, strength, signIn, audit });
    const userSessions = createUserSessions({ db, clock, log });
    userSessions.start();
    opens('user sessions', () => userSessions.stop());
    const apiKeys = createApiKeys({ db, clock, audit, log });
    const setup = createSetup({ db, clock, audit, tenants, users });
    if (config.ownerEmail !== undefined && config.ownerPassword !== undefined && (await setup.isRequired())) {
      await setup.completeWithOwner({ email: config.ownerEmail, password: config.ownerPassword });
      // Its dictionaries weigh 70 MB, and the next password comes much later or never.
      await strength.stop();
    }
    const setupToken = await setup.ensureToken();
    const authenticator = createAuthenticator({
      principalOfSession: userSessions.principalOf,
      principalOfApiKey: apiKeys.authenticate,
    });
    const idempotency = createIdempotency({ store: createIdempotencyStore({ db, clock, sealer }), clock, log });
    idempotency.start();
    opens('idempotency keys', () => idempotency.stop());

    // Things.
    const connectionEvents = createConnectionEvents({ db, clock, log });
    connectionEvents.start();
    opens('connection events', () => connectionEvents.stop());
    const sessions = createSessions({ db, bus, clock, history: connectionEvents, log, metrics });
    await sessions.start();
    opens('device sessions', () => sessions.stop());
    const attributes = createAttributes({ db, clock, bus, activity: sessions.activity });
    const credentials = createCredentials({ db, sealer, clock, bus, onFault: onFault('credentials were not swept') });
    credentials.start();
    opens('credentials', () => credentials.stop());
    const theGate = createGate({ db, sealer, clock, bus });
    const gate = options.inPlaceOfGate?.(theGate) ?? theGate;
    const jwtKeys = createJwtKeys({ db, sealer, clock, bus, onFault: onFault('a key was not retired') });
    const deviceTokens = createDeviceTokens({ keys: jwtKeys, nonces, serverKey, instanceId, clock });
    const creator = createDeviceCreator({ db, sealer, clock, bus });
    const devices = createDevices({
      db,
      clock,
      bus,
      creator,
      profiles,
      instanceId,
      activity: sessions.activity,
      async onDeviceDeleted(device) {
        await ingest.committed();
        await store.deleteDevice(device);
      },
    });
    const { existing } = devices;
    const imports = createDeviceImport({
      db,
      creator,
      devices,
      attributes,
      profiles,
      audit,
      metrics,
      clock,
      log,
    });
    const tokenRequests = createTokenRequests({ keys: jwtKeys, serverKey, instanceId, clock, credentials });
    const provisioner = createProvisioner({
      db,
      profiles,
      devices: creator,
      credentials,
      attributes,
      audit,
      metrics,
      clock,
      log,
      securityEvents,
      nonces,
      instanceId,
    });
    opens('provisioning', () => provisioner.idle());

    // The way in for data, and the way to who looks.
    const payloadLimits = { ...defaultPayloadLimits, maxFutureMs: config.futureLimitMs };
    const ingest = createIngest({ store, attributes, sessions, bus, metrics, clock, log, limits: payloadLimits });
    opens('ingest', () => ingest.stop());
    const telemetry = createTelemetry({
      store,
      audit,
      bus,
      parseTelemetry: (payload) => parseTelemetry(payload, clock.now(), payloadLimits),
      acceptPoints: ingest.acceptPoints,
      requireDevice: async (tenantId, deviceId) => void (await devices.nameOf(tenantId, deviceId)),
      existing,
    });
    // The only process runs every pass itself.
    const retention = createRetention({ db, store, clock, metrics, log, exclusively: (pass) => pass() });
    retention.start();
    opens('retention', () => retention.stop());
    const live = createLive({
      bus,
      store,
      attributes,
      sessions,
      authenticateUpgrade: authenticator.authenticateUpgrade,
      existing,
      metrics,
      log,
      clock,
    });
    opens('live', () => live.stop());
    const overview = createOverview({ db, clock, metrics, dataDir: layout.root, log });
    overview.start();
    opens('overview', () => overview.stop());

    // The sockets.
    let isListening = false;
    let bound: AppAddresses | undefined;
    const { api, routes } = await createPlatformApi(
      {
        log,
        authenticate: authenticator.authenticate,
        bodyLimitBytes,
        trustProxy: config.trustProxy,
        onRejection: (code) => metrics.rejections.inc({ where: 'http_api', code }),
      },
      (api) => {
        idempotency.register(api);
        registerConsole(api, { imageOrigins: originsOf(config.mapTilesUrl) });
        registerSetupRoutes(api, { setup, sessions: userSessions, tenants });
        registerSessionRoutes(api, { signIn, sessions: userSessions, users, audit, tenants, apiKeys });
        registerTenantRoutes(api, { tenants, audit });
        registerUserRoutes(api, { users });
        registerApiKeyRoutes(api, { apiKeys });
        registerAuditRoutes(api, { audit });
        registerSecurityEventRoutes(api, { securityEvents });
        registerJwks(api, serverKey);
        registerProfileRoutes(api, { profiles, audit });
        registerDeviceRoutes(api, { devices, audit });
        registerConnectionEventRoutes(api, { connectionEvents, devices });
        registerImportRoutes(api, { imports, clock });
        registerCredentialsRoutes(api, { credentials, devices, audit, instanceId });
        registerAttributeRoutes(api, { attributes, devices, audit });
        registerTelemetryRoutes(api, { telemetry, clock });
        registerOverviewRoutes(api, { overview });
        registerCertificateRoutes(api, certificates);
        registerDashboardRoutes(api, {
          dashboards: createDashboards({ db, clock }),
          audit,
          map: { tilesUrl: config.mapTilesUrl ?? null, attribution: config.mapAttribution },
        });
        registerAddressesRoutes(api, {
          addresses: () => bound && { publicUrl: config.publicUrl ?? null, ...bound },
        });
        registerOperations(api, {
          metrics,
          caPem: certificates.caPem,
          clock,
          authenticate: authenticator.authenticate,
          checks: {
            database: databaseWritable(db, clock),
            telemetry: async () => {
              await store.latest([]);
              const { faults } = store.health();
              return faults.length === 0 ? undefined : faults.join('; ');
            },
            listeners: () => (isListening ? undefined : 'the listeners are not open'),
          },
        });
      },
    );
    opens('platform API', () => api.close());
    const deviceHttp = createDeviceHttpApi({
      tokens: deviceTokens,
      tokenRequests,
      securityEvents,
      gate,
      ingest,
      attributes,
      sessions,
      provisioner,
      metrics,
      log,
      clock,
      trustProxy: config.trustProxy,
    });
    const mqtt = createMqttServer({
      ...{ gate, tokens: deviceTokens, securityEvents, ingest, sessions, attributes, provisioner, metrics, log, clock },
    });
    const http = createHttpListeners({
      host: config.host,
      httpPort: config.httpPort,
      httpsPort: config.httpsPort,
      certificate: { cert: certificates.certPem, key: certificates.keyPem },
      device: deviceHttp,
      platform: api.routing,
      live,
    });

    async function listenForMqtt(): Promise<{ mqttPort: number; mqttsPort: number }> {
      const { host, mqttPort, mqttsPort } = config;
      try {
        const tls = { port: mqttsPort, cert: certificates.certPem, key: certificates.keyPem };
        const bound = await mqtt.start({ host, port: mqttPort, tls });
        return { mqttPort: bound.port, mqttsPort: bound.tlsPort ?? mqttsPort };
      } catch (error) {
        const fault = error as NodeJS.ErrnoException & { port?: number };
        const setting = fault.port === mqttsPort ? 'GAPURA_MQTTS_PORT' : 'GAPURA_MQTT_PORT';
        throw toStartupError(fault, host, fault.port ?? mqttPort, setting);
      }
    }

    return {
      dataDir: layout.root,
      setupToken,
      routes,
      users,
      createTenant: tenants.create,

      async start() {
        try {
          const { httpPort, httpsPort } = await http.start();
          opens('HTTP', async () => {
            isListening = false;
            await Promise.all([http.stop(stopGraceMs), deviceHttp.stop(), live.stop()]);
          });
          const { mqttPort, mqttsPort } = await listenForMqtt();
          opens('MQTT', () => mqtt.stop());
          isListening = true;
          dataDir.ready(localUrl(config.host, httpPort));
          bound = { httpPort, httpsPort, mqttPort, mqttsPort };
          return bound;
        } catch (error) {
          await close();
          throw error;
        }
      },

      stop() {
        stopping ??= close();
        return stopping;
      },
    };
  }
}

/** From where a browser may load the tiles of maps. */
function originsOf(tilesUrl: string | undefined): string[] {
  return tilesUrl === undefined ? [] : [new URL(tilesUrl).origin];
}

/** How other processes of this machine reach the platform API, whatever name it has outside. */
function localUrl(host: string, port: number): string {
  if (host === '0.0.0.0') return `http://127.0.0.1:${port}`;
  if (host === '::') return `http://[::1]:${port}`;
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
