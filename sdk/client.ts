/**
 * The platform API, typed. Runs in browsers and in Node; nothing here needs more than fetch and WebSocket.
 *
 *     const gapura = createClient({ baseUrl: 'http://localhost:8080', apiKey: 'gpr_…' });
 *     for await (const device of gapura.devices.all({ search: 'greenhouse' })) console.log(device.name);
 */
import { type AddressesClient, createAddressesClient } from './addresses.ts';
import { type ApiKeysClient, createApiKeysClient } from './api-keys.ts';
import { type AttributesClient, createAttributesClient } from './attributes.ts';
import { type AuditClient, createAuditClient } from './audit.ts';
import { type CertificatesClient, createCertificatesClient } from './certificates.ts';
import { type CredentialsClient, createCredentialsClient } from './credentials.ts';
import { createDashboardsClient, type DashboardsClient } from './dashboards.ts';
import { createDevicesClient, type DevicesClient } from './devices.ts';
import { createImportsClient, type ImportsClient } from './imports.ts';
import { createLiveClient, type LiveClient } from './live.ts';
import { createOverviewClient, type OverviewClient } from './overview.ts';
import { createProfilesClient, type ProfilesClient } from './profiles.ts';
import { type ClientOptions, createRequester } from './requester.ts';
import { createSecurityEventsClient, type SecurityEventsClient } from './security-events.ts';
import { createSessionClient, type SessionClient } from './session.ts';
import { createSetupClient, type SetupClient } from './setup.ts';
import { createTelemetryClient, type TelemetryClient } from './telemetry.ts';
import { createTenantClient, type TenantClient } from './tenant.ts';
import { createUsersClient, type UsersClient } from './users.ts';

export interface GapuraClient {
  readonly session: SessionClient;
  readonly setup: SetupClient;
  readonly users: UsersClient;
  readonly apiKeys: ApiKeysClient;
  readonly tenant: TenantClient;
  readonly profiles: ProfilesClient;
  readonly devices: DevicesClient;
  readonly credentials: CredentialsClient;
  readonly attributes: AttributesClient;
  readonly telemetry: TelemetryClient;
  /** In a browser the cookie speaks; an API key works from Node alone. */
  readonly live: LiveClient;
  readonly imports: ImportsClient;
  readonly audit: AuditClient;
  readonly securityEvents: SecurityEventsClient;
  readonly overview: OverviewClient;
  readonly certificates: CertificatesClient;
  readonly dashboards: DashboardsClient;
  readonly addresses: AddressesClient;
}

/** Every function throws `GapuraError`; compare its `code`. */
export function createClient(options: ClientOptions): GapuraClient {
  const requester = createRequester(options);
  return {
    session: createSessionClient(requester),
    setup: createSetupClient(requester),
    users: createUsersClient(requester),
    apiKeys: createApiKeysClient(requester),
    tenant: createTenantClient(requester),
    profiles: createProfilesClient(requester),
    devices: createDevicesClient(requester),
    credentials: createCredentialsClient(requester),
    attributes: createAttributesClient(requester),
    telemetry: createTelemetryClient(requester),
    live: createLiveClient(requester),
    imports: createImportsClient(requester),
    audit: createAuditClient(requester),
    securityEvents: createSecurityEventsClient(requester),
    overview: createOverviewClient(requester),
    certificates: createCertificatesClient(requester),
    dashboards: createDashboardsClient(requester),
    addresses: createAddressesClient(requester),
  };
}
