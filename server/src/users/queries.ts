import type { Selectable, Transaction } from 'kysely';
import type { Db, Tables, TenantTable, UserSessionTable, UserTable } from '../db/schema.ts';

type Reader = Db | Transaction<Tables>;

/** Over all tenants: signing in is how the tenant is found out. */
export function findUserByEmail(db: Db, email: string): Promise<UserTable | undefined> {
  return db.selectFrom('users').selectAll().where('email', '=', email).executeTakeFirst();
}

export function findUser(db: Reader, tenantId: string, id: string): Promise<UserTable | undefined> {
  return db.selectFrom('users').selectAll().where('tenant_id', '=', tenantId).where('id', '=', id).executeTakeFirst();
}

/** In the order in which they were made. @param afterId the last id of the page before */
export function listUsers(db: Db, tenantId: string, afterId: string | undefined, limit: number): Promise<UserTable[]> {
  return db
    .selectFrom('users')
    .selectAll()
    .where('tenant_id', '=', tenantId)
    .$if(afterId !== undefined, (query) => query.where('id', '>', afterId ?? ''))
    .orderBy('id')
    .limit(limit)
    .execute();
}

export async function countUsers(db: Reader, tenantId: string, role?: UserTable['role']): Promise<number> {
  const { count } = await db
    .selectFrom('users')
    .select((eb) => eb.fn.countAll<number>().as('count'))
    .where('tenant_id', '=', tenantId)
    .$if(role !== undefined, (query) => query.where('role', '=', role ?? 'owner'))
    .executeTakeFirstOrThrow();
  return Number(count);
}

export async function insertUser(trx: Reader, user: UserTable): Promise<void> {
  await trx.insertInto('users').values(user).execute();
}

export async function updateUser(db: Reader, tenantId: string, id: string, change: Partial<UserTable>): Promise<void> {
  await db.updateTable('users').set(change).where('tenant_id', '=', tenantId).where('id', '=', id).execute();
}

/** @returns false when the password was changed meanwhile: then the new one stays */
export async function renewPasswordHash(db: Db, user: UserTable, passwordHash: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('users')
    .set({ password_hash: passwordHash })
    .where('tenant_id', '=', user.tenant_id)
    .where('id', '=', user.id)
    .where('password_hash', '=', user.password_hash)
    .executeTakeFirstOrThrow();
  return numUpdatedRows === 1n;
}

export async function deleteUser(trx: Reader, tenantId: string, id: string): Promise<void> {
  await trx.deleteFrom('users').where('tenant_id', '=', tenantId).where('id', '=', id).execute();
}

export interface SessionRow {
  readonly session: UserSessionTable;
  readonly user: UserTable;
  readonly tenant: Selectable<TenantTable>;
}

/** The session with its user as it is now (a role that was taken away is gone at once) and the user's tenant. */
export async function findSession(db: Db, tokenHash: string): Promise<SessionRow | undefined> {
  const session = await db
    .selectFrom('user_sessions')
    .selectAll()
    .where('token_hash', '=', tokenHash)
    .executeTakeFirst();
  if (session === undefined) return undefined;
  const user = await findUser(db, session.tenant_id, session.user_id);
  const tenant = await db.selectFrom('tenants').selectAll().where('id', '=', session.tenant_id).executeTakeFirst();
  return user === undefined || tenant === undefined ? undefined : { session, user, tenant };
}

/**
 * Adds a session and ends the oldest of its user beyond `keep`.
 * @param provenHash of the password that was proved
 * @returns false when that is no longer the user's, or the user is gone: then there is no session
 */
export async function insertSession(
  db: Db,
  session: UserSessionTable,
  provenHash: string,
  keep: number,
): Promise<boolean> {
  return db.transaction().execute(async (trx) => {
    const user = await findUser(trx, session.tenant_id, session.user_id);
    if (user?.password_hash !== provenHash) return false;
    await trx.insertInto('user_sessions').values(session).execute();
    const surplus = await trx
      .selectFrom('user_sessions')
      .select('token_hash')
      .where('user_id', '=', session.user_id)
      .where('token_hash', '!=', session.token_hash)
      .orderBy('last_seen_at', 'desc')
      .offset(keep - 1)
      // SQLite has no OFFSET without a LIMIT.
      .limit(1000)
      .execute();
    for (const { token_hash } of surplus) {
      await trx.deleteFrom('user_sessions').where('token_hash', '=', token_hash).execute();
    }
    return true;
  });
}

export async function touchSession(db: Db, tokenHash: string, nowMs: number): Promise<void> {
  await db.updateTable('user_sessions').set({ last_seen_at: nowMs }).where('token_hash', '=', tokenHash).execute();
}

export async function deleteSession(db: Db, tokenHash: string): Promise<void> {
  await db.deleteFrom('user_sessions').where('token_hash', '=', tokenHash).execute();
}

export async function deleteSessionsOf(db: Reader, userId: string): Promise<void> {
  await db.deleteFrom('user_sessions').where('user_id', '=', userId).execute();
}

/** Ends every session that is past its absolute end, or was not seen since `seenBeforeMs`. */
export async function deleteEndedSessions(db: Db, nowMs: number, seenBeforeMs: number): Promise<void> {
  await db
    .deleteFrom('user_sessions')
    .where((eb) => eb.or([eb('expires_at', '<=', nowMs), eb('last_seen_at', '<', seenBeforeMs)]))
    .execute();
}
