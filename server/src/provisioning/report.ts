/** What provisioning leaves behind for people: audit entries, counters, a log line now and then. */
import type { Audit } from '../audit/audit.ts';
import type { Arrival } from '../credentials/gate.ts';
import type { Clock } from '../lib/clock.ts';
import { createRateLimiter, parseRateLimits } from '../lib/rate-limit.ts';
import type { Metrics } from '../metrics.ts';
import type { SecurityEvents } from '../security-events/security-events.ts';
import type { FailureReason, NamedDevice } from './decide.ts';
import type { ProvisionLog, ProvisionProfile } from './deps.ts';
import type { ProvisionRequest } from './request.ts';

/** Who asked for what. */
export interface Asked {
  readonly request: ProvisionRequest;
  readonly arrival: Arrival;
}

type Status = 'success' | 'not_found' | 'failure' | 'malformed' | 'rate_limited';

/** As much of a hostile name as the audit log keeps. */
const maxNameLength = 255;

export function createProvisioningReport(deps: {
  readonly audit: Audit;
  readonly metrics: Metrics;
  readonly log: ProvisionLog;
  readonly clock: Clock;
  readonly securityEvents: SecurityEvents;
}) {
  const { audit, metrics, log } = deps;
  const logLimit = createRateLimiter({ clock: deps.clock, limits: parseRateLimits('1:10'), maxKeys: 1 });
  let unknownSinceLog = 0;

  const count = (transport: Arrival['transport'], status: Status, code?: string): void => {
    metrics.provisioning.inc({ transport, status });
    if (code !== undefined) metrics.rejections.inc({ where: 'provisioning', code });
  };

  const record = (
    { request, arrival }: Asked,
    profile: ProvisionProfile,
    device: { readonly deviceId: string; readonly name: string } | undefined,
    reason?: FailureReason | 'wrong_secret' | 'provisioning_disabled',
    how?: string,
  ): void => {
    const name = device?.name ?? request.deviceName.slice(0, maxNameLength).toWellFormed();
    audit.record({
      tenantId: profile.tenantId,
      actor: { kind: 'device', id: device?.deviceId ?? '', name, address: arrival.address },
      action: reason === undefined ? 'device.provisioned' : 'provisioning.failed',
      target:
        device === undefined
          ? { kind: 'profile', id: profile.id, name: profile.name }
          : { kind: 'device', id: device.deviceId, name },
      outcome: reason === undefined ? 'success' : 'failure',
      detail: {
        profileId: profile.id,
        profileName: profile.name,
        strategy: profile.strategy,
        transport: arrival.transport,
        secure: arrival.secure,
        ...(reason !== undefined && { reason }),
        ...(how !== undefined && { how }),
      },
    });
  };

  const suspect = (
    { arrival: { transport, address } }: Asked,
    profile: ProvisionProfile | undefined,
    reason: string,
    device?: NamedDevice,
  ): void =>
    deps.securityEvents.record({
      kind: 'provisioning.refused',
      reason,
      transport,
      address,
      ...(profile !== undefined && { tenantId: profile.tenantId }),
      ...(device !== undefined && { device: { deviceId: device.deviceId, deviceName: device.name } }),
    });

  return {
    /** @param how `created`, `adopted`, `returned`, `rotated` */
    succeeded(asked: Asked, profile: ProvisionProfile, device: { deviceId: string; name: string }, how: string): void {
      count(asked.arrival.transport, 'success');
      record(asked, profile, device, undefined, how);
    },
    refused(asked: Asked, profile: ProvisionProfile, reason: FailureReason, device?: NamedDevice): void {
      count(asked.arrival.transport, 'failure', reason);
      record(asked, profile, device, reason);
      suspect(asked, profile, reason, device);
    },
    /** @param profile undefined when no profile has the key: then no tenant can be told, and the log must do */
    notFound(asked: Asked, profile: ProvisionProfile | undefined): void {
      const { transport, address } = asked.arrival;
      if (profile !== undefined) {
        const reason = profile.strategy === 'DISABLED' ? 'provisioning_disabled' : 'wrong_secret';
        count(transport, 'not_found', reason);
        record(asked, profile, undefined, reason);
        suspect(asked, profile, reason);
        return;
      }
      count(transport, 'not_found', 'unknown_key');
      suspect(asked, undefined, 'unknown_key');
      unknownSinceLog++;
      if (logLimit.take('unknown_key') > 0) return;
      log.warn({ transport, address, requests: unknownSinceLog }, 'provisioning requests with an unknown key');
      unknownSinceLog = 0;
    },
    malformed: ({ transport }: Arrival): void => count(transport, 'malformed', 'malformed'),
    rateLimited: ({ transport }: Arrival): void => count(transport, 'rate_limited', 'rate_limited'),
  };
}

export type ProvisioningReport = ReturnType<typeof createProvisioningReport>;
