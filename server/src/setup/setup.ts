/** The first start: whoever has the printed link, or the server's environment, makes the first tenant and its owner. */
import { hash } from 'node:crypto';
import type { CompleteSetup } from '#contract/setup.ts';
import { systemActor } from '../audit/actor-of.ts';
import type { Audit, AuditActor } from '../audit/audit.ts';
import type { Db, UserTable } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { randomAlphanumeric } from '../lib/random-text.ts';
import { equalSecrets } from '../lib/seal.ts';
import type { Tenants } from '../tenants/tenants.ts';
import type { NewOwner, Users } from '../users/users.ts';
import { findTokenHash, isSetUp, markSetUp, storeTokenHash } from './queries.ts';

/** 238 random bits, in letters and digits that survive every terminal and chat. */
const tokenLength = 40;
const defaultTenantName = 'Gapura';

export interface Setup {
  isRequired(): Promise<boolean>;
  /**
   * Makes a fresh token, which replaces the one before, so the link printed last is the one that works.
   * @returns null when Gapura is set up
   */
  ensureToken(): Promise<string | null>;
  /**
   * @returns the owner
   * @throws AppError `already_set_up`, `setup_token_invalid`, `weak_password`
   */
  complete(wanted: CompleteSetup, address: string): Promise<UserTable>;
  /** Without a token, for who holds the server itself: environment and command line. @throws AppError as `complete` */
  completeWithOwner(owner: Omit<NewOwner, 'tenantName'> & { readonly tenantName?: string }): Promise<UserTable>;
}

export interface SetupDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly tenants: Pick<Tenants, 'createWithin' | 'finish'>;
  readonly users: Pick<Users, 'prepareOwner' | 'createOwnerWithin'>;
}

export function createSetup({ db, clock, audit, tenants, users }: SetupDeps): Setup {
  const completeWithOwner = async (wanted: NewOwner, actor: AuditActor | undefined): Promise<UserTable> => {
    const prepared = await users.prepareOwner(wanted);
    const { owner, tenant } = await db.transaction().execute(async (trx) => {
      if (!(await markSetUp(trx, clock.now()))) throw new AppError('already_set_up');
      const tenant = await tenants.createWithin(trx, wanted.tenantName);
      return { tenant, owner: await users.createOwnerWithin(trx, tenant.id, prepared) };
    });
    await tenants.finish(tenant.id);
    audit.record({
      tenantId: tenant.id,
      actor: actor ?? systemActor,
      action: 'tenant.created',
      target: { kind: 'tenant', id: tenant.id, name: tenant.name },
      outcome: 'success',
      detail: { owner: owner.email },
    });
    return owner;
  };

  return {
    isRequired: async () => !(await isSetUp(db)),
    ensureToken: () => renewSetupToken(db),
    async complete({ token, tenantName = defaultTenantName, ...owner }, address) {
      if (await isSetUp(db)) throw new AppError('already_set_up', 'Sign in instead.');
      const expected = await findTokenHash(db);
      if (expected === undefined || !equalSecrets(hashToken(token), expected)) {
        throw new AppError('setup_token_invalid', 'Use the link that Gapura printed when it started last.');
      }
      return completeWithOwner({ ...owner, tenantName }, { kind: 'system', id: '', name: 'set-up link', address });
    },
    async completeWithOwner({ tenantName = defaultTenantName, ...owner }) {
      // Before the password is examined, which takes half a second of a start.
      if (await isSetUp(db)) throw new AppError('already_set_up');
      return completeWithOwner({ ...owner, tenantName }, undefined);
    },
  };
}

/**
 * Makes a fresh token, also from another process that may write the database (`gapura setup`): the hash is read anew
 * for each attempt.
 * @returns null when Gapura is set up
 */
export async function renewSetupToken(db: Db): Promise<string | null> {
  if (await isSetUp(db)) return null;
  const token = randomAlphanumeric(tokenLength);
  await storeTokenHash(db, hashToken(token));
  return token;
}

function hashToken(token: string): string {
  return hash('sha256', token, 'base64url');
}
