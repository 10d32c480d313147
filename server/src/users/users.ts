import type { Transaction } from 'kysely';
import type { Page, PageQuery, Role } from '#contract/common.ts';
import type { CreateUser, UpdateOwnUser, UpdateUser, User } from '#contract/users.ts';
import type { Audit, AuditActor } from '../audit/audit.ts';
import { isUniqueViolation } from '../db/open.ts';
import type { Db, Tables, UserTable } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import type { Clock } from '../lib/clock.ts';
import { decodeCursor, encodeCursor } from '../lib/cursor.ts';
import { uuidv7 } from '../lib/uuid.ts';
import { normaliseEmail } from './email.ts';
import type { PasswordHasher } from './password.ts';
import type { PasswordStrength } from './password-strength.ts';
import { requireAtLeast } from './policy.ts';
import { countUsers, deleteSessionsOf, deleteUser, findUser, insertUser, listUsers, updateUser } from './queries.ts';
import type { SignIn } from './sign-in.ts';

/** People of one tenant, not devices: far more than a self-hosted platform sees, and a list that stays usable. */
const usersPerTenantLimit = 10_000;

/** Who does something, for the rule about stronger roles and for the audit log. */
export interface Doer {
  readonly tenantId: string;
  readonly role: Role;
  readonly actor: AuditActor;
}

export interface Users {
  list(tenantId: string, query: PageQuery): Promise<Page<User>>;
  /** @throws AppError `not_found` */
  get(tenantId: string, id: string): Promise<User>;
  /** @throws AppError `forbidden`, `weak_password`, `email_taken` */
  create(doer: Doer, wanted: CreateUser): Promise<User>;
  /** A new password ends that user's sessions. @throws AppError as `create`, and `not_found`, `last_owner` */
  update(doer: Doer, id: string, change: UpdateUser): Promise<User>;
  /** One's own name and language, whatever one's role. @throws AppError `forbidden` (an API key is nobody) */
  updateOwn(doer: Doer, change: UpdateOwnUser): Promise<User>;
  /** @throws AppError `not_found`, `forbidden`, `last_owner` */
  remove(doer: Doer, id: string): Promise<void>;
  /**
   * Changes one's own password and ends all of one's sessions.
   * @returns the user, for a new session
   * @throws AppError `invalid_credentials`, `locked_out`, `weak_password`
   */
  changeOwnPassword(doer: Doer, currentPassword: string, newPassword: string): Promise<UserTable>;
  /** Examines and hashes a password for an owner who does not exist yet. @throws AppError `weak_password` */
  prepareOwner(wanted: NewOwner): Promise<PreparedOwner>;
  /** Makes the first owner of a tenant within a transaction of the caller. */
  createOwnerWithin(trx: Transaction<Tables>, tenantId: string, owner: PreparedOwner): Promise<UserTable>;
}

export interface NewOwner extends Omit<CreateUser, 'role'> {
  readonly tenantName: string;
}

export interface PreparedOwner extends Required<Omit<CreateUser, 'role' | 'password'>> {
  readonly passwordHash: string;
}

export interface UsersDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly passwords: PasswordHasher;
  readonly strength: PasswordStrength;
  readonly signIn: Pick<SignIn, 'proveAgain'>;
  readonly audit: Audit;
}

export function createUsers({ db, clock, passwords, strength, signIn, audit }: UsersDeps): Users {
  const require = async (from: Db | Transaction<Tables>, tenantId: string, id: string): Promise<UserTable> => {
    const user = await findUser(from, tenantId, id);
    if (user === undefined) throw new AppError('not_found', 'There is no such user.');
    return user;
  };
  const record = (doer: Doer, action: string, user: UserTable, changed?: readonly string[]): void =>
    audit.record({
      tenantId: doer.tenantId,
      actor: doer.actor,
      action,
      target: { kind: 'user', id: user.id, name: user.email },
      outcome: 'success',
      detail: { role: user.role, ...(changed !== undefined && { changed: [...changed] }) },
    });
  /** The owners are counted in the transaction that takes one away, so two who demote each other leave one. */
  const requireOtherOwner = async (trx: Transaction<Tables>, user: UserTable): Promise<void> => {
    if (user.role === 'owner' && (await countUsers(trx, user.tenant_id, 'owner')) === 1) {
      throw new AppError('last_owner', `${user.email} is the only owner. Make somebody else an owner first.`);
    }
  };
  const newRow = (tenantId: string, role: Role, from: PreparedOwner): UserTable => ({
    id: uuidv7(clock.now()),
    tenant_id: tenantId,
    email: normaliseEmail(from.email),
    name: from.name,
    role,
    language: from.language,
    password_hash: from.passwordHash,
    created_at: clock.now(),
    updated_at: clock.now(),
    last_sign_in_at: null,
  });

  return {
    async list(tenantId, query) {
      const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor, ['string']);
      if (query.cursor !== undefined && after === undefined) throw new AppError('invalid_cursor');
      const limit = query.limit ?? 50;
      const rows = await listUsers(db, tenantId, after === undefined ? undefined : String(after[0]), limit + 1);
      const items = rows.slice(0, limit).map(toUser);
      const last = items.at(-1);
      return { items, nextCursor: rows.length > limit && last !== undefined ? encodeCursor([last.id]) : null };
    },

    async get(tenantId, id) {
      return toUser(await require(db, tenantId, id));
    },

    async create(doer, wanted) {
      requireAtLeast(doer.role, wanted.role);
      const { email, name = '', language = 'en' } = wanted;
      await strength.check(wanted.password, [email, name]);
      const passwordHash = await passwords.hash(wanted.password);
      const user = newRow(doer.tenantId, wanted.role, { email, name, language, passwordHash });
      await orEmailTaken(
        db.transaction().execute(async (trx) => {
          if ((await countUsers(trx, doer.tenantId)) >= usersPerTenantLimit) {
            throw new AppError('invalid_request', `A tenant has at most ${usersPerTenantLimit} users.`);
          }
          await insertUser(trx, user);
        }),
      );
      record(doer, 'user.created', user);
      return toUser(user);
    },

    async update(doer, id, change) {
      const before = await require(db, doer.tenantId, id);
      requireAtLeast(doer.role, before.role, change.role);
      const { password, role, name, language } = change;
      const email = change.email === undefined ? undefined : normaliseEmail(change.email);
      if (password !== undefined) {
        if (doer.actor.kind === 'user' && doer.actor.id === id) {
          throw new AppError('forbidden', 'Change your own password at POST /v1/session/password.');
        }
        await strength.check(password, [email ?? before.email, name ?? before.name]);
      }
      const passwordHash = password === undefined ? undefined : await passwords.hash(password);
      const set: Partial<UserTable> = {
        ...(email !== undefined && { email }),
        ...(name !== undefined && { name }),
        ...(role !== undefined && { role }),
        ...(language !== undefined && { language }),
        ...(passwordHash !== undefined && { password_hash: passwordHash }),
        updated_at: clock.now(),
      };
      const after = await orEmailTaken(
        db.transaction().execute(async (trx) => {
          const user = await require(trx, doer.tenantId, id);
          requireAtLeast(doer.role, user.role);
          if (role !== undefined && role !== 'owner') await requireOtherOwner(trx, user);
          await updateUser(trx, doer.tenantId, id, set);
          if (passwordHash !== undefined) await deleteSessionsOf(trx, id);
          return { ...user, ...set };
        }),
      );
      record(doer, 'user.updated', after, Object.keys(change));
      return toUser(after);
    },

    async updateOwn(doer, change) {
      if (doer.actor.kind !== 'user') throw new AppError('forbidden', 'An API key has no account of its own.');
      const user = await require(db, doer.tenantId, doer.actor.id);
      const set = {
        name: change.name ?? user.name,
        language: change.language ?? user.language,
        updated_at: clock.now(),
      };
      await updateUser(db, doer.tenantId, user.id, set);
      record(doer, 'user.updated', user, Object.keys(change));
      return toUser({ ...user, ...set });
    },

    async remove(doer, id) {
      const removed = await db.transaction().execute(async (trx) => {
        const user = await require(trx, doer.tenantId, id);
        requireAtLeast(doer.role, user.role);
        await requireOtherOwner(trx, user);
        await deleteSessionsOf(trx, id);
        await deleteUser(trx, doer.tenantId, id);
        return user;
      });
      record(doer, 'user.deleted', removed);
    },

    async changeOwnPassword(doer, currentPassword, newPassword) {
      if (doer.actor.kind !== 'user') throw new AppError('forbidden', 'An API key has no password.');
      const user = await require(db, doer.tenantId, doer.actor.id);
      await signIn.proveAgain(user, currentPassword, doer.actor.address);
      if (newPassword === currentPassword) {
        throw new AppError('weak_password', 'The new password is the one that you have now.');
      }
      await strength.check(newPassword, [user.email, user.name]);
      const set = { password_hash: await passwords.hash(newPassword), updated_at: clock.now() };
      await db.transaction().execute(async (trx) => {
        await updateUser(trx, doer.tenantId, user.id, set);
        await deleteSessionsOf(trx, user.id);
      });
      record(doer, 'user.password_changed', user);
      return { ...user, ...set };
    },

    async prepareOwner({ email, password, name = '', language = 'en', tenantName }) {
      await strength.check(password, [email, name, tenantName]);
      return { email, name, language, passwordHash: await passwords.hash(password) };
    },

    async createOwnerWithin(trx, tenantId, owner) {
      const user = newRow(tenantId, 'owner', owner);
      await insertUser(trx, user);
      return user;
    },
  };
}

/** The same words whichever tenant the other user belongs to. */
async function orEmailTaken<T>(written: Promise<T>): Promise<T> {
  try {
    return await written;
  } catch (error) {
    if (isUniqueViolation(error)) throw new AppError('email_taken', 'Choose another e-mail address.');
    throw error;
  }
}

export function toUser(row: UserTable): User {
  return {
    id: row.id,
    email: row.email,
    name: row.name,
    role: row.role,
    language: row.language,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    lastSignInAt: row.last_sign_in_at,
  };
}
