/** Keys of scripts. They belong to the tenant, not to the person who made them, and stay until they are revoked. */
import { hash } from 'node:crypto';
import type { FastifyBaseLogger } from 'fastify';
import type { ApiKey, CreateApiKey, CreatedApiKey } from '#contract/api-keys.ts';
import type { Page, PageQuery } from '#contract/common.ts';
import type { Audit, AuditActor } from '../audit/audit.ts';
import type { ApiKeyTable, Db } from '../db/schema.ts';
import { AppError } from '../errors.ts';
import { hasRole, type Principal } from '../http/principal.ts';
import type { Clock } from '../lib/clock.ts';
import { decodeCursor, encodeCursor } from '../lib/cursor.ts';
import { LruMap } from '../lib/lru.ts';
import { randomAlphanumeric } from '../lib/random-text.ts';
import { uuidv7 } from '../lib/uuid.ts';
import { deleteApiKey, findApiKey, findApiKeyByHash, insertApiKey, listApiKeys, touchApiKey } from './queries.ts';

/** 40 letters and digits are 238 random bits: nothing to guess, so a plain hash is stored. */
const keyForm = /^gpr_[A-Za-z0-9]{40}$/;
const shownPrefixLength = 8;
const keysPerTenantLimit = 1000;
/** `last_used_at` is written at most so often per key: a request costs no write. */
const touchPeriodMs = 60_000;
/** Keys whose last write is remembered; one that falls out is written once more than needed. */
const touchedLimit = 10_000;

export interface ApiKeys {
  list(tenantId: string, query: PageQuery): Promise<Page<ApiKey>>;
  /**
   * @param maker who asks; the key's role is at most theirs
   * @returns the key, the only time that it is shown
   * @throws AppError `forbidden`, `invalid_request`
   */
  create(maker: Principal, actor: AuditActor, wanted: CreateApiKey): Promise<CreatedApiKey>;
  /** Works from the next request on. @throws AppError `not_found`, `forbidden` */
  revoke(revoker: Principal, actor: AuditActor, id: string): Promise<void>;
  /** Who a key stands for; undefined when it is unknown, revoked or expired. */
  authenticate(key: string): Promise<Principal | undefined>;
  /** When a key ends, ms; null for never. */
  expiresAt(tenantId: string, id: string): Promise<number | null>;
}

export interface ApiKeysDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly audit: Audit;
  readonly log: Pick<FastifyBaseLogger, 'warn'>;
}

export function createApiKeys({ db, clock, audit, log }: ApiKeysDeps): ApiKeys {
  const touchedAt = new LruMap<string, number>(touchedLimit);

  const record = (actor: AuditActor, action: string, key: ApiKeyTable): void =>
    audit.record({
      tenantId: key.tenant_id,
      actor,
      action,
      target: { kind: 'api_key', id: key.id, name: key.name },
      outcome: 'success',
      detail: { role: key.role, prefix: key.prefix },
    });

  /** A touch that is lost costs a minute of `last_used_at`, nothing else. */
  const touch = (key: ApiKeyTable): void => {
    const now = clock.now();
    if (now - (touchedAt.get(key.id) ?? key.last_used_at ?? 0) < touchPeriodMs) return;
    touchedAt.set(key.id, now);
    touchApiKey(db, key.id, now).catch((error: unknown) => log.warn({ err: error }, 'last use of a key not written'));
  };

  return {
    async list(tenantId, query) {
      const after = query.cursor === undefined ? undefined : decodeCursor(query.cursor, ['string']);
      if (query.cursor !== undefined && after === undefined) throw new AppError('invalid_cursor');
      const limit = query.limit ?? 50;
      const rows = await listApiKeys(db, tenantId, after === undefined ? undefined : String(after[0]), limit + 1);
      const items = rows.slice(0, limit).map(toApiKey);
      const last = items.at(-1);
      return { items, nextCursor: rows.length > limit && last !== undefined ? encodeCursor([last.id]) : null };
    },

    async create(maker, actor, { name, role = 'viewer', expiresAt = null }) {
      if (!hasRole(maker.role, role)) {
        throw new AppError('forbidden', `The role ${maker.role} cannot make a key with the stronger role ${role}.`);
      }
      const now = clock.now();
      if (expiresAt !== null && expiresAt <= now) {
        const errors = [{ path: '/body/expiresAt', message: 'must lie in the future' }];
        throw new AppError('invalid_request', '/body/expiresAt must lie in the future.', { errors });
      }
      const key = `gpr_${randomAlphanumeric(40)}`;
      const row: ApiKeyTable = {
        id: uuidv7(now),
        tenant_id: maker.tenantId,
        name: name.trim(),
        role,
        key_hash: hashKey(key),
        prefix: key.slice(0, shownPrefixLength),
        created_by: maker.name,
        created_at: now,
        expires_at: expiresAt,
        last_used_at: null,
      };
      if (!(await insertApiKey(db, row, keysPerTenantLimit))) {
        throw new AppError('invalid_request', `A tenant has at most ${keysPerTenantLimit} API keys. Revoke old ones.`);
      }
      record(actor, 'api_key.created', row);
      return { ...toApiKey(row), key };
    },

    async revoke(revoker, actor, id) {
      const row = await findApiKey(db, revoker.tenantId, id);
      if (row === undefined) throw new AppError('not_found', 'There is no such API key.');
      if (!hasRole(revoker.role, row.role)) {
        throw new AppError('forbidden', `The role ${revoker.role} cannot revoke a key with the role ${row.role}.`);
      }
      await deleteApiKey(db, revoker.tenantId, id);
      record(actor, 'api_key.revoked', row);
    },

    async authenticate(key) {
      // The row is read each time (some 20 µs by its unique index), so a revoked key is refused at once.
      const row = keyForm.test(key) ? await findApiKeyByHash(db, hashKey(key)) : undefined;
      if (row === undefined || (row.expires_at !== null && row.expires_at <= clock.now())) return undefined;
      touch(row);
      return { kind: 'api_key', id: row.id, tenantId: row.tenant_id, name: row.name, role: row.role };
    },

    async expiresAt(tenantId, id) {
      return (await findApiKey(db, tenantId, id))?.expires_at ?? null;
    },
  };
}

function hashKey(key: string): string {
  return hash('sha256', key, 'base64url');
}

function toApiKey(row: ApiKeyTable): ApiKey {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    prefix: row.prefix,
    createdBy: row.created_by,
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  };
}
