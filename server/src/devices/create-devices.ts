/** The one way in which devices come to be: REST, provisioning and import all end here. */
import type { Json } from '#contract/common.ts';
import type { Credentials, CredentialsType } from '#contract/credentials.ts';
import { faultOfValues } from '../attributes/keys.ts';
import type { Bus } from '../bus/bus.ts';
import { subjects } from '../bus/subjects.ts';
import { lookupHash, lookupKey } from '../credentials/lookup.ts';
import { canonicalJson, faultOfCredentials, generateCredentials } from '../credentials/shape.ts';
import { isUniqueViolation } from '../db/open.ts';
import type { Db } from '../db/schema.ts';
import type { Clock } from '../lib/clock.ts';
import type { Sealer } from '../lib/seal.ts';
import { faultOfLine, faultOfName } from '../lib/text-rules.ts';
import { uuidv7 } from '../lib/uuid.ts';
import { type Claim, type DeviceRows, insertDevices, selectTaken } from './creation-queries.ts';
import { searchText } from './search-text.ts';

export interface NewDevice {
  readonly tenantId: string;
  readonly profileId: string;
  /** Kept without the blanks around it. */
  readonly name: string;
  readonly label?: string;
  readonly description?: string;
  readonly isGateway?: boolean;
  readonly enabled?: boolean;
  /** Given, or of which type to generate. */
  readonly credentials: Credentials | { readonly generate: CredentialsType };
  readonly serverAttributes?: { readonly [key: string]: Json };
  readonly sharedAttributes?: { readonly [key: string]: Json };
}

export type NewDeviceRefusal =
  | 'name_taken'
  | 'credentials_taken'
  | 'invalid_credentials_shape'
  /** Blank, too long, or with control characters; the same for a label. */
  | 'invalid_name'
  | 'invalid_attributes'
  /** The tenant has no profile of this id (any more). */
  | 'profile_not_found';

export type NewDeviceResult =
  | {
      readonly deviceId: string;
      readonly credentialsId: string;
      readonly credentials: Credentials;
    }
  | { readonly refused: NewDeviceRefusal };

export interface DeviceCreator {
  /**
   * Makes all devices, their credentials and attributes in one durable transaction (a few multi-row statements).
   * Refused ones do not disturb the others; of two with one name in the same call the first wins.
   * Publishes `device.created` for each afterwards. Writes no audit entries: the caller knows who asked.
   * @returns one result per request, in order
   */
  createDevices(requests: readonly NewDevice[]): Promise<NewDeviceResult[]>;
}

export interface DeviceChecker {
  /**
   * What `createDevices` would refuse, as things stand; makes nothing and waits for no writer.
   * @returns one refusal or undefined per request, in order
   */
  checkDevices(requests: readonly NewDevice[]): Promise<(NewDeviceRefusal | undefined)[]>;
}

export interface DeviceCreatorDeps {
  readonly db: Db;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly bus: Bus;
}

/** A writer in another process can take a name between the look and the insert: then the whole call looks again. */
const maxAttempts = 5;

/** A request that is in order by itself, with all that its rows need. */
interface Candidate {
  readonly index: number;
  readonly request: NewDevice;
  readonly name: string;
  readonly credentials: Credentials;
  readonly lookupHash: string;
}

export function createDeviceCreator(deps: DeviceCreatorDeps): DeviceCreator & DeviceChecker {
  const { db, sealer, clock, bus } = deps;

  function examine(request: NewDevice, index: number): Candidate | { refused: NewDeviceRefusal } {
    const name = request.name.trim();
    if (faultOfName(name) !== undefined || faultOfLine(request.label ?? '') !== undefined) {
      return { refused: 'invalid_name' };
    }
    const given = request.credentials;
    const credentials = 'generate' in given ? generateCredentials(given.generate) : given;
    if (faultOfCredentials(credentials) !== undefined) return { refused: 'invalid_credentials_shape' };
    if (
      faultOfValues('server', request.serverAttributes ?? {}) !== undefined ||
      faultOfValues('shared', request.sharedAttributes ?? {}) !== undefined
    ) {
      return { refused: 'invalid_attributes' };
    }
    return { index, request, name, credentials, lookupHash: lookupHash(sealer, lookupKey(credentials)) };
  }

  function toRows({ request, name, credentials, lookupHash }: Candidate, now: number): DeviceRows {
    const { tenantId, profileId } = request;
    const deviceId = uuidv7(now);
    const credentialsId = uuidv7(now);
    const label = request.label ?? '';
    const attributes = (scope: 'server' | 'shared', values: { readonly [key: string]: Json } = {}) =>
      Object.entries(values).map(([key, value]) => ({
        tenant_id: tenantId,
        device_id: deviceId,
        scope,
        key,
        value: JSON.stringify(value),
        updated_at: now,
      }));
    return {
      device: {
        id: deviceId,
        tenant_id: tenantId,
        profile_id: profileId,
        name,
        label,
        description: request.description ?? '',
        search_text: searchText(name, label),
        is_gateway: request.isGateway === true ? 1 : 0,
        enabled: request.enabled === false ? 0 : 1,
        active: 0,
        last_connect_at: null,
        last_activity_at: null,
        last_disconnect_at: null,
        created_at: now,
        updated_at: now,
      },
      credentials: {
        id: credentialsId,
        tenant_id: tenantId,
        device_id: deviceId,
        type: credentials.type,
        lookup_hash: lookupHash,
        sealed: sealer.seal(canonicalJson(credentials), `credentials:${credentialsId}`),
        created_at: now,
        expires_at: null,
      },
      attributes: [
        ...attributes('server', request.serverAttributes),
        ...attributes('shared', request.sharedAttributes),
      ],
    };
  }

  /** One transaction. Fills in the result of each candidate. */
  async function insert(candidates: readonly Candidate[], results: NewDeviceResult[]): Promise<void> {
    await db.transaction().execute(async (trx) => {
      const taken = await selectTaken(trx, candidates.map(toClaim));
      const now = clock.now();
      const rows: DeviceRows[] = [];
      for (const candidate of candidates) {
        const refused = taken.claim(toClaim(candidate));
        if (refused !== undefined) {
          results[candidate.index] = { refused };
          continue;
        }
        const row = toRows(candidate, now);
        rows.push(row);
        const { credentials, index } = candidate;
        results[index] = { deviceId: row.device.id, credentialsId: row.credentials.id, credentials };
      }
      await insertDevices(trx, rows);
    });
  }

  /** The requests that are in order by themselves; the others get their results. */
  function examineAll(requests: readonly NewDevice[], results: { refused: NewDeviceRefusal }[]): Candidate[] {
    return requests.flatMap((request, index) => {
      const examined = examine(request, index);
      if (!('refused' in examined)) return [examined];
      results[index] = examined;
      return [];
    });
  }

  return {
    async checkDevices(requests) {
      const refusals: { refused: NewDeviceRefusal }[] = [];
      const candidates = examineAll(requests, refusals);
      const taken = await selectTaken(db, candidates.map(toClaim));
      for (const candidate of candidates) {
        const refused = taken.claim(toClaim(candidate));
        if (refused !== undefined) refusals[candidate.index] = { refused };
      }
      return requests.map((_, index) => refusals[index]?.refused);
    },

    async createDevices(requests) {
      const refusals: { refused: NewDeviceRefusal }[] = [];
      const candidates = examineAll(requests, refusals);
      const results: NewDeviceResult[] = refusals;
      if (candidates.length === 0) return results;

      for (let attempt = 1; ; attempt++) {
        try {
          await insert(candidates, results);
          break;
        } catch (error) {
          if (attempt === maxAttempts || !isUniqueViolation(error)) throw error;
        }
      }
      for (const { index, request } of candidates) {
        const result = results[index];
        if (result === undefined || 'refused' in result) continue;
        const { tenantId } = request;
        const { deviceId } = result;
        bus.publish(subjects.device(tenantId, deviceId), { kind: 'device.created', tenantId, deviceId });
      }
      return results;
    },
  };
}

function toClaim({ request, name, lookupHash }: Candidate): Claim {
  return { tenantId: request.tenantId, profileId: request.profileId, name, lookupHash };
}
