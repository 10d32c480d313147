/** Sessions of people who signed in: a random token in a cookie, of which only the hash is stored. */
import { hash, randomBytes } from 'node:crypto';
import type { FastifyBaseLogger } from 'fastify';
import type { Db, UserTable } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import type { Principal } from '../http/principal.ts';
import type { Clock } from '../lib/clock.ts';
import { createHousekeeping } from '../lib/housekeeping.ts';
import {
  deleteEndedSessions,
  deleteSession,
  deleteSessionsOf,
  findSession,
  insertSession,
  type SessionRow,
  touchSession,
} from './queries.ts';

/** A wall screen that shows a dashboard over the weekend stays signed in. */
export const sessionIdleMs = 3 * 24 * 3600 * 1000;
export const sessionLifetimeMs = 30 * 24 * 3600 * 1000;
/** `last_seen_at` is written at most so often: a request costs no write. */
const touchPeriodMs = 5 * 60 * 1000;
const prunePeriodMs = 3600 * 1000;
/** Browsers and machines of one person; the one that was quiet for longest is signed out. */
const sessionsPerUserLimit = 20;
/** Enough to recognise a browser by. */
const userAgentLimit = 255;

export interface UserSessions {
  /**
   * @param user as it was when the password was proved
   * @returns the token for the cookie: 256 random bits, base64url
   * @throws AppError `invalid_credentials` when the password was changed or the user deleted in between
   */
  open(user: UserTable, from: { readonly address: string; readonly userAgent: string }): Promise<string>;
  /** The session of a token while it lasts; seeing it keeps it from falling idle. */
  find(token: string): Promise<SessionRow | undefined>;
  /** Who a token stands for, with the role that they have now; undefined when the session has ended. */
  principalOf(token: string): Promise<Principal | undefined>;
  end(token: string): Promise<void>;
  endAllOf(userId: string): Promise<void>;
  /** Begins to delete ended sessions, hourly. */
  start(): void;
  stop(): Promise<void>;
}

export interface UserSessionsDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly log: Pick<FastifyBaseLogger, 'warn'>;
}

export function createUserSessions({ db, clock, log }: UserSessionsDeps): UserSessions {
  const warn = (error: unknown): void => log.warn({ err: error }, 'a user session could not be written');
  const housekeeping = createHousekeeping(
    clock,
    prunePeriodMs,
    () => deleteEndedSessions(db, clock.now(), clock.now() - sessionIdleMs),
    warn,
  );

  const sessions: UserSessions = {
    async open(user, { address, userAgent }) {
      const token = randomBytes(32).toString('base64url');
      const now = clock.now();
      const session = {
        token_hash: hashToken(token),
        tenant_id: user.tenant_id,
        user_id: user.id,
        created_at: now,
        last_seen_at: now,
        expires_at: now + sessionLifetimeMs,
        address,
        user_agent: userAgent.slice(0, userAgentLimit),
      };
      const isOpen = await insertSession(db, session, user.password_hash, sessionsPerUserLimit);
      if (!isOpen) throw new AppError('invalid_credentials', 'The password has just been changed.');
      return token;
    },
    async find(token) {
      const row = await findSession(db, hashToken(token));
      if (row === undefined) return undefined;
      const now = clock.now();
      const { expires_at, last_seen_at, token_hash } = row.session;
      if (now >= expires_at || now - last_seen_at >= sessionIdleMs) return undefined;
      if (now - last_seen_at >= touchPeriodMs) touchSession(db, token_hash, now).catch(warn);
      return row;
    },
    async principalOf(token) {
      const user = (await sessions.find(token))?.user;
      if (user === undefined) return undefined;
      return { kind: 'user', id: user.id, tenantId: user.tenant_id, name: user.email, role: user.role };
    },
    end: (token) => deleteSession(db, hashToken(token)),
    endAllOf: (userId) => deleteSessionsOf(db, userId),
    start: housekeeping.start,
    stop: housekeeping.stop,
  };
  return sessions;
}

/** The token is random, so a plain hash is enough: there is nothing to guess. */
function hashToken(token: string): string {
  return hash('sha256', token, 'base64url');
}
