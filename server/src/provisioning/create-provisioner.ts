/** Provisioning of devices that introduce themselves: limits → read → prove → decide → one commit → answer. */
import { randomBytes } from 'node:crypto';
import type { Attributes } from '../attributes/attributes.ts';
import type { Audit } from '../audit/audit.ts';
import type { Arrival } from '../credentials/gate.ts';
import type { Db } from '../db/schema.ts';
import type { Nonces } from '../device-tokens/nonce.ts';
import { proveResponse } from '../device-tokens/response-proof.ts';
import type { DeviceCreator } from '../devices/create-devices.ts';
import type { Clock } from '../lib/clock.ts';
import { HmacKey } from '../lib/hmac-sha256.ts';
import { LruMap } from '../lib/lru.ts';
import { equalSecrets } from '../lib/seal.ts';
import type { Metrics } from '../metrics.ts';
import type { SecurityEvents } from '../security-events/security-events.ts';
import { failureBody, notFoundBody } from './answers.ts';
import { Batcher } from './batcher.ts';
import { faultOfRequest } from './decide.ts';
import type { ProvisionCredentials, ProvisionLog, ProvisionProfile, ProvisionProfiles } from './deps.ts';
import { createFulfilment, type Proven } from './fulfil.ts';
import { createProvisioningLimits, defaultProvisioningLimits, type ProvisioningLimitSettings } from './limits.ts';
import { isProved, proofKey } from './proof.ts';
import type { Provisioner, ProvisionOutcome } from './provisioning.ts';
import { createProvisioningReport } from './report.ts';
import { type ProvisionRequest, parseProvisionRequest } from './request.ts';

export interface ProvisionerDeps {
  readonly db: Db;
  readonly profiles: ProvisionProfiles;
  readonly devices: DeviceCreator;
  readonly credentials: ProvisionCredentials;
  readonly attributes: Pick<Attributes, 'write'>;
  readonly audit: Audit;
  readonly metrics: Metrics;
  readonly clock: Clock;
  readonly log: ProvisionLog;
  readonly securityEvents: SecurityEvents;
  readonly nonces: Pick<Nonces, 'isGood'>;
  /** Of this installation: the `aud` of device tokens. */
  readonly instanceId: string;
  readonly limits?: Partial<ProvisioningLimitSettings>;
}

/** A request that waits for its answer. */
interface Waiting {
  readonly request: ProvisionRequest;
  readonly arrival: Arrival;
  resolve(outcome: ProvisionOutcome): void;
  reject(error: unknown): void;
  /** Set once key and secret have been found right; it is not asked again when the request runs again. */
  proven?: ProvisionProfile;
  /** Set with it when the request came with a proof. */
  proofKey?: Uint8Array;
}

/** Two thousand bytes each at most on average: some tens of megabytes when a whole fleet is switched on at once. */
const maxWaiting = 20_000;

/** One commit of this many devices takes some tens of milliseconds; more would only make the first ones wait. */
const maxBatch = 500;

/** When the queue is full: by then some thousand requests have been answered. */
const fullQueueRetryMs = 1000;

/** Compared with what is shown when there is nothing to compare it with, so that the time tells nothing. */
const nobodysSecret = randomBytes(16).toString('hex');

/**
 * @returns the provisioner, and `idle()`, which resolves when every request that was taken has been answered
 */
export function createProvisioner(deps: ProvisionerDeps): Provisioner & { idle(): Promise<void> } {
  const limits = createProvisioningLimits(deps.clock, { ...defaultProvisioningLimits, ...deps.limits });
  const report = createProvisioningReport(deps);
  const fulfil = createFulfilment({ ...deps, limits, report });
  /** Proofs stay fresh for minutes: none works twice within that time. */
  const usedProofs = new LruMap<string, true>(maxWaiting);
  const batcher = new Batcher<Waiting>({ maxWaiting, maxBatch }, runBatch);

  function rateLimited(arrival: Arrival, retryAfterMs: number): ProvisionOutcome {
    report.rateLimited(arrival);
    return { kind: 'rate_limited', retryAfterMs };
  }

  async function runBatch(batch: readonly Waiting[]): Promise<readonly Waiting[]> {
    try {
      const profiles = await findProfiles(batch);
      const proven: (Waiting & Proven)[] = [];
      for (const waiting of batch) {
        const outcome = prove(waiting, profiles.get(waiting.request.key));
        if (outcome === undefined) proven.push(waiting as Waiting & Proven);
        else waiting.resolve(outcome);
      }
      return await fulfil(proven);
    } catch (error) {
      // The database does not answer: the transports say so, and devices come again.
      for (const waiting of batch) waiting.reject(error);
      return [];
    }
  }

  async function findProfiles(batch: readonly Waiting[]): Promise<Map<string, ProvisionProfile>> {
    const found = new Map<string, ProvisionProfile>();
    const keys = new Set(batch.filter((waiting) => waiting.proven === undefined).map(({ request }) => request.key));
    for (const key of keys) {
      if (key === '') continue;
      const profile = await deps.profiles.findByProvisionKey(key);
      if (profile !== undefined) found.set(key, profile);
    }
    return found;
  }

  /**
   * Whether the device knows the secret of a profile that provisions, and asks for something that can be given.
   * Runs through without waiting: a flood of guesses in one turn is counted one by one.
   * @returns the answer, or undefined when the request goes on, with `proven` set
   */
  function prove(waiting: Waiting, profile: ProvisionProfile | undefined): ProvisionOutcome | undefined {
    if (waiting.proven !== undefined) return undefined;
    const { request, arrival } = waiting;
    const wait = limits.addressWaitMs(arrival.address) || limits.pairWaitMs(arrival.address, request);
    if (wait > 0) return rateLimited(arrival, wait);

    // All three are looked at in the same way, so that nobody learns which keys there are.
    const matches = knowsSecret(waiting, profile);
    if (profile === undefined || !matches || profile.strategy === 'DISABLED') {
      const pause = limits.takeWrongPair(arrival.address, request);
      if (pause > 0) return rateLimited(arrival, pause);
      report.notFound(waiting, profile);
      // ThingsBoard looks at the name first: only blanks are FAILURE whatever the key. It gives nothing away.
      return { kind: 'answered', body: request.hasBlankName ? failureBody : notFoundBody };
    }

    const pause = limits.failureWaitMs(arrival.address, profile) || limits.takeProfile(profile);
    if (pause > 0) return rateLimited(arrival, pause);
    const fault = faultOfRequest(request, profile, arrival.secure);
    if (fault !== undefined) {
      limits.takeFailure(arrival.address, profile);
      report.refused(waiting, profile, fault);
      return { kind: 'answered', body: failureBody };
    }
    waiting.proven = profile;
    return undefined;
  }

  /** The secret itself, or the proof that it is known; of one proof only the first request passes. */
  function knowsSecret(waiting: Waiting, profile: ProvisionProfile | undefined): boolean {
    const { proof, deviceName, key: provisionKey, secret } = waiting.request;
    if (proof === undefined) return equalSecrets(secret, profile?.secret ?? nobodysSecret);
    const key = proofKey(proof, profile, deviceName);
    const isFresh = (nonce: string): boolean => deps.nonces.isGood(nonce, provisionKey);
    const isDerivable = proof.by === 'secret' || (profile?.groupKey !== undefined && deviceName !== '');
    if (!isProved(proof, deviceName, key, deps.clock.now(), isFresh) || !isDerivable) return false;
    if (usedProofs.has(proof.value)) return false;
    usedProofs.set(proof.value, true);
    waiting.proofKey = key;
    return true;
  }

  return {
    async handle(payload, arrival) {
      // From here to the queue nothing waits, so the payload is not kept and a refusal costs next to nothing.
      const addressWait = limits.addressWaitMs(arrival.address);
      if (addressWait > 0) return rateLimited(arrival, addressWait);
      const request = parseProvisionRequest(payload);
      if ('malformed' in request) {
        const wait = limits.takeMalformed(arrival.address);
        if (wait > 0) return rateLimited(arrival, wait);
        report.malformed(arrival);
        return { kind: 'malformed', message: request.malformed };
      }
      const pairWait = limits.pairWaitMs(arrival.address, request);
      if (pairWait > 0) return rateLimited(arrival, pairWait);

      const { promise, resolve, reject } = Promise.withResolvers<ProvisionOutcome>();
      const waiting: Waiting = { request, arrival, resolve: (outcome) => resolve(withProof(waiting, outcome)), reject };
      if (!batcher.add(waiting)) return rateLimited(arrival, fullQueueRetryMs);
      return promise;
    },
    idle: () => batcher.idle(),
  };
}

/** An answer to a request with a proof proves in turn that the server knows the secret. */
function withProof({ request: { proof }, proofKey }: Waiting, outcome: ProvisionOutcome): ProvisionOutcome {
  if (proof === undefined || proofKey === undefined || outcome.kind !== 'answered') return outcome;
  const name = proof.nonce ?? proof.time ?? '';
  return { ...outcome, prove: (text) => proveResponse(new HmacKey(proofKey), name, 200, text) };
}
