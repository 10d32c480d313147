/** Proving a password, with a growing delay after failures per account and per address. */
import type { FastifyBaseLogger } from 'fastify';
import type { Audit, AuditActor } from '../audit/audit.ts';
import type { Db, UserTable } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import { addressBlock } from '../lib/address-block.ts';
import type { Clock } from '../lib/clock.ts';
import { LruMap } from '../lib/lru.ts';
import { normaliseEmail } from './email.ts';
import { createLockOut, type LockOutRule } from './lock-out.ts';
import type { PasswordHasher } from './password.ts';
import { findUserByEmail, renewPasswordHash, updateUser } from './queries.ts';

/** Five slips are free, then 5 s, 10 s, 20 s … 15 min: long for a guesser, and the owner is not locked out for long. */
const accountRule: LockOutRule = {
  freeAttempts: 5,
  firstDelayMs: 5000,
  longestDelayMs: 15 * 60 * 1000,
  forgetMs: 3600 * 1000,
  maxKeys: 20_000,
};
/** An office shares an address, so more is free; but one address that tries many accounts waits for up to an hour. */
const addressRule: LockOutRule = {
  freeAttempts: 20,
  firstDelayMs: 5000,
  longestDelayMs: 3600 * 1000,
  forgetMs: 2 * 3600 * 1000,
  maxKeys: 20_000,
};

/** Pairs of account and address that proved themselves, about 150 bytes each. */
const provenLimit = 20_000;

export interface SignInDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly passwords: PasswordHasher;
  readonly audit: Audit;
  readonly log: Pick<FastifyBaseLogger, 'warn'>;
  /** Counts sign-ins by outcome. */
  countSignIn(outcome: 'success' | 'failed' | 'locked_out'): void;
  /** Told once for each lock of an account. */
  onLockedOut?(tenantId: string, address: string): void;
}

export interface SignIn {
  /**
   * The user to whom e-mail address and password belong.
   * @throws AppError `invalid_credentials` whatever was wrong, `locked_out` (without looking at the password),
   *   `overloaded`
   */
  prove(email: string, password: string, address: string): Promise<UserTable>;
  /** The same for somebody who is signed in and gives the password once more; leaves no sign-in behind. */
  proveAgain(user: UserTable, password: string, address: string): Promise<void>;
}

export function createSignIn(deps: SignInDeps): SignIn {
  const { db, clock, passwords, audit } = deps;
  const accounts = createLockOut(clock, accountRule);
  const addresses = createLockOut(clock, addressRule);
  /**
   * Where people have signed in from. There their failures are counted apart from all others: else anybody could keep
   * the owner out for ever by being wrong in their name now and then, from addresses without number.
   */
  const proven = new LruMap<string, true>(provenLimit);

  /** Under which failures are counted. An e-mail address holds no space. */
  const accountKeyOf = (email: string, addressKey: string): string => {
    const pair = `${email} ${addressKey}`;
    return proven.has(pair) ? pair : email;
  };

  const record = (user: UserTable, action: string, outcome: 'success' | 'failure', address: string): void => {
    const actor: AuditActor = { kind: 'user', id: user.id, name: user.email, address };
    audit.record({
      tenantId: user.tenant_id,
      actor,
      action,
      target: { kind: 'user', id: user.id, name: user.email },
      outcome,
    });
  };

  /** Unknown accounts count, wait and hash as known ones do. */
  const attempt = async (email: string, user: UserTable | undefined, password: string, address: string) => {
    const addressKey = addressBlock(address);
    const accountKey = accountKeyOf(email, addressKey);
    accounts.count(accountKey);
    addresses.count(addressKey);
    let isRight: boolean;
    try {
      isRight = await passwords.verify(user?.password_hash, password);
    } catch (error) {
      accounts.takeBack(accountKey);
      addresses.takeBack(addressKey);
      throw error;
    }
    if (user !== undefined && isRight) {
      accounts.clear(accountKey);
      proven.set(`${email} ${addressKey}`, true);
      // Only this attempt: who owns one account may not wash the address clean for guessing at others.
      addresses.takeBack(addressKey);
      return user;
    }
    deps.countSignIn('failed');
    deps.log.warn({ address, userId: user?.id }, 'sign-in failed');
    if (user !== undefined) {
      record(user, 'session.sign_in_failed', 'failure', address);
      // Once per lock: the attempts that are refused meanwhile cost nothing and leave nothing.
      if (accounts.waitMs(accountKey) > 0) {
        record(user, 'session.locked_out', 'failure', address);
        deps.onLockedOut?.(user.tenant_id, address);
      }
    }
    throw new AppError('invalid_credentials', 'E-mail address or password is wrong.');
  };

  const refuseLocked = (email: string, address: string): void => {
    const addressKey = addressBlock(address);
    const accountKey = accountKeyOf(email, addressKey);
    const retryAfterMs = Math.max(accounts.waitMs(accountKey), addresses.waitMs(addressKey));
    if (retryAfterMs === 0) return;
    deps.countSignIn('locked_out');
    const seconds = Math.ceil(retryAfterMs / 1000);
    throw new AppError('locked_out', `Too many attempts failed. Try again in ${seconds} s.`, { retryAfterMs });
  };

  return {
    async prove(givenEmail, password, address) {
      const email = normaliseEmail(givenEmail);
      refuseLocked(email, address);
      const user = await attempt(email, await findUserByEmail(db, email), password, address);
      deps.countSignIn('success');
      record(user, 'session.signed_in', 'success', address);
      const now = clock.now();
      await updateUser(db, user.tenant_id, user.id, { last_sign_in_at: now });
      const signedIn = { ...user, last_sign_in_at: now };
      if (!passwords.isOutdated(user.password_hash)) return signedIn;
      // The cost was raised since: this is the moment in which the password is known.
      const renewed = await passwords.hash(password);
      const isRenewed = await renewPasswordHash(db, user, renewed);
      return isRenewed ? { ...signedIn, password_hash: renewed } : signedIn;
    },
    async proveAgain(user, password, address) {
      refuseLocked(user.email, address);
      await attempt(user.email, user, password, address);
    },
  };
}
