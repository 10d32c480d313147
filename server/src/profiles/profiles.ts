/** Device profiles: what devices of one kind have in common, first of all how they are provisioned. */
import type { Page, PageQuery } from '#contract/common.ts';
import type { CreateProfile, Profile, UpdateProfile } from '#contract/profiles.ts';
import type { Bus } from '../bus/bus.ts';
import { subjects } from '../bus/subjects.ts';
import { groupKeyContext } from '../credentials/group-key.ts';
import { decodeKey, makeKey } from '../credentials/jwt-shape.ts';
import type { Db } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { decodeCursor, encodeCursor } from '../lib/cursor.ts';
import { randomAlphanumeric } from '../lib/random-text.ts';
import type { Sealer } from '../lib/seal.ts';
import { faultOfName } from '../lib/text-rules.ts';
import { uuidv7 } from '../lib/uuid.ts';
import {
  createProvisioningProfiles,
  type ProvisioningProfile,
  provisionSecretContext,
} from './provisioning-profiles.ts';
import {
  type CountedProfileRow,
  clearDefault,
  deleteProfile,
  insertProfile,
  type ProfileRow,
  selectDefaultProfile,
  selectProfile,
  selectProfileByKey,
  selectProfileByName,
  selectProfiles,
  updateProfile,
} from './queries.ts';

export interface ProfileName {
  readonly id: string;
  readonly name: string;
}

export interface Profiles {
  /** The profile with this provisioning key, whatever its strategy. From memory when it can be. */
  findByProvisionKey(key: string): Promise<ProvisioningProfile | undefined>;
  /** The profile that devices get when none is named. Makes it when the tenant has none. */
  defaultOf(tenantId: string): Promise<ProfileName>;
  findByName(tenantId: string, name: string): Promise<ProfileName | undefined>;
  /** Gives a new tenant its default profile, named `default` as in ThingsBoard. Harmless when there is one. */
  createDefault(tenantId: string): Promise<ProfileName>;
  /** In the order of their names. @throws AppError `invalid_cursor` */
  list(tenantId: string, query: PageQuery): Promise<Page<Profile>>;
  /** With the provisioning secret in the clear. @throws AppError `not_found` */
  get(tenantId: string, id: string): Promise<Profile>;
  /** @throws AppError `name_taken`, `credentials_taken` (the provisioning key), `invalid_request` */
  create(tenantId: string, profile: CreateProfile): Promise<Profile>;
  /** @throws AppError `not_found` and as `create` */
  update(tenantId: string, id: string, changes: UpdateProfile): Promise<Profile>;
  /** A new provisioning key and secret; the old ones end at once. @throws AppError `not_found` */
  rotateProvisioning(tenantId: string, id: string): Promise<Profile>;
  /**
   * Sets the key from which those of the profile's devices may be derived; devices that have theirs keep them.
   * @param key base64url of 32 to 64 bytes; made up when absent
   * @returns it, this once
   * @throws AppError `not_found`, `invalid_request`
   */
  setGroupKey(tenantId: string, id: string, key: string | undefined): Promise<string>;
  /** No more keys are derived; devices that have theirs keep them. @throws AppError `not_found` */
  removeGroupKey(tenantId: string, id: string): Promise<void>;
  /** The group key in the clear; undefined when there is none, or no such profile. */
  groupKeyOf(tenantId: string, id: string): Promise<Uint8Array | undefined>;
  /** @throws AppError `not_found`, `in_use` (it has devices, or is the default) */
  remove(tenantId: string, id: string): Promise<ProfileName>;
}

export interface ProfilesDeps {
  readonly db: Db;
  readonly sealer: Sealer;
  readonly clock: Clock;
  readonly bus: Bus;
}

/** As ThingsBoard makes them. */
const generatedLength = 20;

export function createProfiles(deps: ProfilesDeps): Profiles {
  const { db, sealer, clock, bus } = deps;

  function publish(
    kind: 'profile.created' | 'profile.updated' | 'profile.deleted',
    tenantId: string,
    id: string,
  ): void {
    bus.publish(subjects.profile(tenantId, id), { kind, tenantId, profileId: id });
  }

  async function read(db: Db, tenantId: string, id: string): Promise<Profile> {
    const row = await selectProfile(db, tenantId, id);
    if (row === undefined) throw notFound();
    return toProfile(row);
  }

  function toProfile(row: CountedProfileRow): Profile {
    return {
      id: row.id,
      name: row.name,
      description: row.description,
      isDefault: row.is_default === 1,
      tlsOnly: row.tls_only === 1,
      tokenInPath: row.token_in_path === 1,
      minAuth: row.min_auth,
      requireNonce: row.require_nonce === 1,
      telemetryRetentionDays: row.telemetry_retention_days === 0 ? null : (row.telemetry_retention_days ?? 'tenant'),
      provisioning: {
        strategy: row.strategy,
        reprovision: row.reprovision,
        key: row.provision_key,
        secret: sealer.open(row.provision_secret_sealed, provisionSecretContext(row.id)),
        rateLimit: row.provision_rate_limit,
        requireProof: row.require_proof === 1,
      },
      hasGroupKey: row.group_key_sealed !== null,
      deviceCount: row.device_count,
      createdAt: row.created_at,
      updatedAt: row.updated_at,
    };
  }

  /** The columns that a request names. */
  function toColumns(id: string, { provisioning = {}, ...profile }: UpdateProfile): Partial<ProfileRow> {
    const { secret } = provisioning;
    return {
      ...(profile.name !== undefined && { name: cleanName(profile.name) }),
      ...(profile.description !== undefined && { description: profile.description }),
      ...(profile.isDefault !== undefined && { is_default: profile.isDefault ? 1 : 0 }),
      ...(profile.tlsOnly !== undefined && { tls_only: profile.tlsOnly ? 1 : 0 }),
      ...(profile.tokenInPath !== undefined && { token_in_path: profile.tokenInPath ? 1 : 0 }),
      ...(profile.minAuth !== undefined && { min_auth: profile.minAuth }),
      ...(profile.requireNonce !== undefined && { require_nonce: profile.requireNonce ? 1 : 0 }),
      ...(profile.telemetryRetentionDays !== undefined && {
        telemetry_retention_days:
          profile.telemetryRetentionDays === 'tenant' ? null : (profile.telemetryRetentionDays ?? 0),
      }),
      ...(provisioning.requireProof !== undefined && { require_proof: provisioning.requireProof ? 1 : 0 }),
      ...(provisioning.strategy !== undefined && { strategy: provisioning.strategy }),
      ...(provisioning.reprovision !== undefined && { reprovision: provisioning.reprovision }),
      ...(provisioning.key !== undefined && { provision_key: cleanKey(provisioning.key) }),
      ...(secret !== undefined && { provision_secret_sealed: sealer.seal(secret, provisionSecretContext(id)) }),
      ...(provisioning.rateLimit !== undefined && { provision_rate_limit: provisioning.rateLimit }),
    };
  }

  async function refuseClashes(trx: Db, tenantId: string, id: string, row: Partial<ProfileRow>): Promise<void> {
    const { name, provision_key: key } = row;
    const named = name === undefined ? undefined : await selectProfileByName(trx, tenantId, name);
    if (named !== undefined && named.id !== id) throw new AppError('name_taken', `A profile is named ${name} already.`);
    const keyed = key === undefined ? undefined : await selectProfileByKey(trx, key);
    if (keyed !== undefined && keyed.id !== id) {
      throw new AppError('credentials_taken', 'The provisioning key belongs to another profile; choose another.');
    }
  }

  async function change(tenantId: string, id: string, changes: UpdateProfile): Promise<Profile> {
    const columns = toColumns(id, changes);
    const profile = await db.transaction().execute(async (trx) => {
      const before = await selectProfile(trx, tenantId, id);
      if (before === undefined) throw notFound();
      if (before.is_default === 1 && columns.is_default === 0) {
        throw new AppError(
          'invalid_request',
          'A tenant needs a default profile: make another one the default instead.',
        );
      }
      await refuseClashes(trx, tenantId, id, columns);
      if (columns.is_default === 1 && before.is_default === 0) await clearDefault(trx, tenantId);
      await updateProfile(trx, tenantId, id, { ...columns, updated_at: clock.now() });
      return read(trx, tenantId, id);
    });
    publish('profile.updated', tenantId, id);
    return profile;
  }

  /** What a profile is when nothing is said of it. */
  function blankProfile(tenantId: string, id: string, now: number): ProfileRow {
    return {
      id,
      tenant_id: tenantId,
      name: 'default',
      description: '',
      is_default: 0,
      strategy: 'DISABLED',
      provision_key: randomAlphanumeric(generatedLength),
      provision_secret_sealed: sealer.seal(randomAlphanumeric(generatedLength), provisionSecretContext(id)),
      reprovision: 'strict',
      provision_rate_limit: '',
      tls_only: 0,
      token_in_path: 1,
      min_auth: 'token',
      require_nonce: 0,
      require_proof: 0,
      group_key_sealed: null,
      telemetry_retention_days: null,
      created_at: now,
      updated_at: now,
    };
  }

  async function createDefault(tenantId: string): Promise<ProfileName> {
    const id = uuidv7(clock.now());
    const row = await db.transaction().execute(async (trx) => {
      const present = await selectDefaultProfile(trx, tenantId);
      if (present !== undefined) return present;
      const row = { ...blankProfile(tenantId, id, clock.now()), is_default: 1 };
      await insertProfile(trx, row);
      return row;
    });
    if (row.id === id) publish('profile.created', tenantId, id);
    return row;
  }

  return {
    findByProvisionKey: createProvisioningProfiles(deps),
    createDefault,

    async defaultOf(tenantId) {
      return (await selectDefaultProfile(db, tenantId)) ?? createDefault(tenantId);
    },

    findByName: (tenantId, name) => selectProfileByName(db, tenantId, name),

    async list(tenantId, { cursor, limit = 50 }) {
      const after = cursor === undefined ? undefined : decodeCursor(cursor, ['string'])?.[0];
      if (cursor !== undefined && after === undefined) throw new AppError('invalid_cursor');
      const rows = await selectProfiles(db, tenantId, after === undefined ? undefined : String(after), limit + 1);
      const items = rows.slice(0, limit).map(toProfile);
      const last = items.at(-1);
      return { items, nextCursor: rows.length > limit && last !== undefined ? encodeCursor([last.name]) : null };
    },

    get: (tenantId, id) => read(db, tenantId, id),

    async create(tenantId, request) {
      const now = clock.now();
      const id = uuidv7(now);
      // Made for tokens that are signed: one in the path is off unless it is asked for.
      const tokenInPath = request.tokenInPath ?? (request.minAuth ?? 'token') === 'token';
      const row = { ...blankProfile(tenantId, id, now), ...toColumns(id, { ...request, tokenInPath }), id };
      const profile = await db.transaction().execute(async (trx) => {
        await refuseClashes(trx, tenantId, id, row);
        if (row.is_default === 1) await clearDefault(trx, tenantId);
        await insertProfile(trx, row);
        return read(trx, tenantId, id);
      });
      publish('profile.created', tenantId, id);
      return profile;
    },

    update: change,

    rotateProvisioning: (tenantId, id) =>
      change(tenantId, id, {
        provisioning: { key: randomAlphanumeric(generatedLength), secret: randomAlphanumeric(generatedLength) },
      }),

    async setGroupKey(tenantId, id, key = makeKey()) {
      if (decodeKey(key) === undefined) {
        throw new AppError('invalid_request', 'The group key is not base64url of 32 to 64 bytes.');
      }
      if ((await selectProfile(db, tenantId, id)) === undefined) throw notFound();
      const sealed = sealer.seal(key, groupKeyContext(id));
      await updateProfile(db, tenantId, id, { group_key_sealed: sealed, updated_at: clock.now() });
      publish('profile.updated', tenantId, id);
      return key;
    },

    async removeGroupKey(tenantId, id) {
      if ((await selectProfile(db, tenantId, id)) === undefined) throw notFound();
      await updateProfile(db, tenantId, id, { group_key_sealed: null, updated_at: clock.now() });
      publish('profile.updated', tenantId, id);
    },

    async groupKeyOf(tenantId, id) {
      const sealed = (await selectProfile(db, tenantId, id))?.group_key_sealed ?? null;
      return sealed === null ? undefined : Buffer.from(sealer.open(sealed, groupKeyContext(id)), 'base64url');
    },

    async remove(tenantId, id) {
      const removed = await db.transaction().execute(async (trx) => {
        const profile = await selectProfile(trx, tenantId, id);
        if (profile === undefined) throw notFound();
        if (profile.is_default === 1) {
          throw new AppError('in_use', 'The default profile cannot be deleted: make another one the default first.');
        }
        if (profile.device_count > 0) {
          throw new AppError('in_use', `${profile.device_count} devices have this profile: move or delete them first.`);
        }
        await deleteProfile(trx, tenantId, id);
        return { id, name: profile.name };
      });
      publish('profile.deleted', tenantId, id);
      return removed;
    },
  };
}

function notFound(): AppError {
  return new AppError('not_found', 'There is no such profile.');
}

/** @throws AppError `invalid_request` */
function cleanName(name: string): string {
  const clean = name.trim();
  const fault = faultOfName(clean);
  if (fault !== undefined) throw new AppError('invalid_request', `The name of a profile ${fault}.`);
  return clean;
}

/** @throws AppError `invalid_request` */
function cleanKey(key: string): string {
  const fault = faultOfName(key);
  if (fault !== undefined) throw new AppError('invalid_request', `A provisioning key ${fault}.`);
  return key;
}
