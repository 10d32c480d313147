/** Carries out a batch of requests whose secrets were right: one look-up, one call that creates, then the answers. */
import type { Credentials } from '#contract/credentials.ts';
import type { ErrorCode } from '#contract/errors.ts';
import type { Attributes } from '../attributes/attributes.ts';
import { derivedKey } from '../credentials/jwt-shape.ts';
import type { Db } from '../db/schema.ts';
import type { DeviceCreator, NewDevice, NewDeviceRefusal } from '../devices/create-devices.ts';
import { AppError } from '../errors.ts';
import { randomAlphanumeric } from '../lib/random-text.ts';
import { failureBody, successBody } from './answers.ts';
import { type Decision, decide, type FailureReason, type NamedDevice, provisioned } from './decide.ts';
import type { ProvisionCredentials, ProvisionProfile } from './deps.ts';
import type { ProvisioningLimits } from './limits.ts';
import type { ProvisionOutcome } from './provisioning.ts';
import { findNamedDevices } from './queries.ts';
import type { Asked, ProvisioningReport } from './report.ts';

/** A request whose key and secret were right. */
export interface Proven extends Asked {
  readonly proven: ProvisionProfile;
  resolve(outcome: ProvisionOutcome): void;
  reject(error: unknown): void;
}

type Kind<K extends Decision['kind']> = Extract<Decision, { kind: K }>;

/** As long as ThingsBoard's made-up names. */
const madeUpNameLength = 20;

export function createFulfilment(deps: {
  readonly db: Db;
  readonly devices: DeviceCreator;
  readonly credentials: ProvisionCredentials;
  readonly attributes: Pick<Attributes, 'write'>;
  readonly limits: ProvisioningLimits;
  readonly report: ProvisioningReport;
  /** Of this installation: the `aud` of device tokens. */
  readonly instanceId: string;
}) {
  const { limits, report } = deps;

  function refuse(asked: Proven, reason: FailureReason, device?: NamedDevice): void {
    limits.takeFailure(asked.arrival.address, asked.proven);
    report.refused(asked, asked.proven, reason, device);
    asked.resolve({ kind: 'answered', body: failureBody });
  }

  function success({ request, proven }: Proven, deviceId: string, credentials: Credentials) {
    const derived =
      request.proof?.by === 'deviceKey' && proven.groupKey !== undefined
        ? derivedKey(proven.groupKey, request.deviceName).toString('base64url')
        : undefined;
    const hasKey = derived !== undefined && credentials.type === 'JWT' && credentials.key === derived;
    return successBody(credentials, { deviceId, instance: deps.instanceId, hasKey });
  }

  async function create(orders: readonly { asked: Proven; decision: Kind<'create'> }[]): Promise<void> {
    if (orders.length === 0) return;
    const requests = orders.map(({ asked, decision }): NewDevice => {
      const { request, proven } = asked;
      return {
        tenantId: proven.tenantId,
        profileId: proven.id,
        name: request.deviceName === '' ? randomAlphanumeric(madeUpNameLength) : request.deviceName,
        isGateway: request.isGateway,
        credentials: decision.credentials,
        serverAttributes: { provisionState: provisioned },
      };
    });
    try {
      const results = await deps.devices.createDevices(requests);
      for (const [i, { asked }] of orders.entries()) {
        const result = results[i];
        const name = requests[i]?.name;
        if (result === undefined || name === undefined) throw new Error('A request to create a device has no result.');
        if ('refused' in result) {
          refuse(asked, reasonOfRefusal[result.refused]);
          continue;
        }
        report.succeeded(asked, asked.proven, { deviceId: result.deviceId, name }, 'created');
        asked.resolve({ kind: 'answered', body: success(asked, result.deviceId, result.credentials) });
      }
    } catch (error) {
      for (const { asked } of orders) asked.reject(error);
    }
  }

  /** Hands out the credentials of a device that is there. */
  async function handOut(asked: Proven, decision: Kind<'adopt' | 'return' | 'rotate'>): Promise<void> {
    const { kind, device } = decision;
    try {
      const credentials = await credentialsFor(asked, decision);
      report.succeeded(asked, asked.proven, device, pastTense[kind]);
      asked.resolve({ kind: 'answered', body: success(asked, device.deviceId, credentials) });
    } catch (error) {
      const reason = error instanceof AppError ? reasonOfError[error.code] : undefined;
      if (reason === undefined) asked.reject(error);
      else refuse(asked, reason, device);
    }
  }

  async function credentialsFor(
    { proven: { tenantId } }: Proven,
    decision: Kind<'adopt' | 'return' | 'rotate'>,
  ): Promise<Credentials> {
    const { deviceId } = decision.device;
    // First of all, also before new ones are made: whoever revoked the credentials wants the device to stay out.
    const current = await deps.credentials.read(tenantId, deviceId);
    switch (decision.kind) {
      case 'return':
        return current.credentials;
      case 'adopt':
        await deps.attributes.write({ tenantId, deviceId, scope: 'server', values: { provisionState: provisioned } });
        return current.credentials;
      case 'rotate': {
        const { brought } = decision;
        const fresh =
          brought === undefined
            ? await deps.credentials.rotate(tenantId, deviceId, { overlapSeconds: 0 })
            : await deps.credentials.set(tenantId, deviceId, brought);
        return fresh.credentials;
      }
    }
  }

  /**
   * Answers all requests but those that it returns: they ask for the name of a request that is being carried out, and
   * are to be decided again when that is done.
   */
  return async function fulfil<T extends Proven>(batch: readonly T[]): Promise<T[]> {
    const devices = await findDevices(deps.db, batch);
    const claimed = new Set<string>();
    const again: T[] = [];
    const creates: { asked: T; decision: Kind<'create'> }[] = [];
    const handOuts: { asked: T; decision: Kind<'adopt' | 'return' | 'rotate'> }[] = [];
    for (const asked of batch) {
      const { request, proven } = asked;
      const claim = nameIn(proven.tenantId, request.deviceName);
      const decision = decide(request, proven, devices.get(claim));
      if (decision.kind === 'refuse') {
        refuse(asked, decision.reason, decision.device);
      } else if (request.deviceName !== '' && decision.kind !== 'return' && claimed.has(claim)) {
        again.push(asked);
      } else {
        if (request.deviceName !== '') claimed.add(claim);
        if (decision.kind === 'create') creates.push({ asked, decision });
        else handOuts.push({ asked, decision });
      }
    }
    await Promise.all([create(creates), ...handOuts.map(({ asked, decision }) => handOut(asked, decision))]);
    return again;
  };
}

async function findDevices(db: Db, batch: readonly Proven[]): Promise<Map<string, NamedDevice>> {
  const found = new Map<string, NamedDevice>();
  const named = batch.filter(({ request }) => request.deviceName !== '');
  for (const [tenantId, ofTenant] of Map.groupBy(named, ({ proven }) => proven.tenantId)) {
    const names = [...new Set(ofTenant.map(({ request }) => request.deviceName))];
    for (const [name, device] of await findNamedDevices(db, tenantId, names)) found.set(nameIn(tenantId, name), device);
  }
  return found;
}

/** Tenant ids are UUIDs, so the first space ends them. */
function nameIn(tenantId: string, name: string): string {
  return `${tenantId} ${name}`;
}

const pastTense = { adopt: 'adopted', return: 'returned', rotate: 'rotated' } as const;

const reasonOfRefusal: Readonly<Record<NewDeviceRefusal, FailureReason>> = {
  name_taken: 'name_taken',
  credentials_taken: 'credentials_taken',
  invalid_credentials_shape: 'invalid_credentials',
  invalid_name: 'invalid_name',
  invalid_attributes: 'invalid_name',
  profile_not_found: 'profile_not_found',
};

const reasonOfError: { readonly [code in ErrorCode]?: FailureReason } = {
  not_found: 'device_without_credentials',
  invalid_payload: 'invalid_credentials',
  credentials_taken: 'credentials_taken',
};
