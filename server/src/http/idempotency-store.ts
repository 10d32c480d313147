/** Answers of idempotent requests, sealed, for a day. */
import type { Db } from '../db/schema.ts';
import type { Clock } from '../lib/clock.ts';
import type { Sealer } from '../lib/seal.ts';

/** As long as a script may take to try again. */
const keepMs = 24 * 3600 * 1000;
/** Of all tenants together, some 100 MB; beyond, the oldest go before their time. */
const rowLimit = 100_000;
/** Rows per delete statement: some ms on the writer thread. */
const deleteSlice = 2000;

/** A key belongs to who sent it: the same key of another caller is another key. */
export interface IdempotencyScope {
  readonly tenantId: string;
  readonly principalId: string;
  readonly key: string;
}

export interface StoredAnswer {
  readonly requestHash: string;
  readonly status: number;
  readonly body: string;
}

export interface IdempotencyStore {
  /** What a request is recognised by. Keyed: a request may hold a password, and a plain hash of it could be guessed. */
  hashOf(request: string): string;
  find(scope: IdempotencyScope): Promise<StoredAnswer | undefined>;
  save(scope: IdempotencyScope, answer: StoredAnswer): Promise<void>;
  /** Deletes what is too old or too much. */
  prune(): Promise<void>;
}

export interface IdempotencyStoreDeps {
  readonly db: Db;
  readonly clock: Clock;
  readonly sealer: Sealer;
}

export function createIdempotencyStore({ db, clock, sealer }: IdempotencyStoreDeps): IdempotencyStore {
  const deleteBefore = async (beforeMs: number): Promise<void> => {
    for (;;) {
      const { numDeletedRows } = await db
        .deleteFrom('idempotency_keys')
        .where(({ eb, refTuple, selectFrom }) =>
          eb(
            refTuple('tenant_id', 'principal_id', 'key'),
            'in',
            selectFrom('idempotency_keys')
              .select(['tenant_id', 'principal_id', 'key'])
              .where('created_at', '<', beforeMs)
              .limit(deleteSlice)
              .$asTuple('tenant_id', 'principal_id', 'key'),
          ),
        )
        .executeTakeFirstOrThrow();
      if (numDeletedRows < deleteSlice) return;
    }
  };

  return {
    hashOf: (request) => sealer.lookupHash('idempotent-request', request),
    async find(scope) {
      const row = await db
        .selectFrom('idempotency_keys')
        .selectAll()
        .where('tenant_id', '=', scope.tenantId)
        .where('principal_id', '=', scope.principalId)
        .where('key', '=', scope.key)
        .where('created_at', '>', clock.now() - keepMs)
        .executeTakeFirst();
      if (row === undefined) return undefined;
      const body = sealer.open(row.body_sealed, contextOf(scope));
      return { requestHash: row.request_hash, status: row.status, body };
    },
    async save(scope, answer) {
      const value = {
        request_hash: answer.requestHash,
        status: answer.status,
        body_sealed: sealer.seal(answer.body, contextOf(scope)),
        created_at: clock.now(),
      };
      await db
        .insertInto('idempotency_keys')
        .values({ tenant_id: scope.tenantId, principal_id: scope.principalId, key: scope.key, ...value })
        // Only a row past its time can be there, for `find` did not see it.
        .onConflict((conflict) => conflict.columns(['tenant_id', 'principal_id', 'key']).doUpdateSet(value))
        .execute();
    },
    async prune() {
      await deleteBefore(clock.now() - keepMs);
      // In a transaction, so that the walk through the index happens on the writer thread.
      const oldestKept = await db.transaction().execute((trx) =>
        trx
          .selectFrom('idempotency_keys')
          .select('created_at')
          .orderBy('created_at', 'desc')
          .offset(rowLimit - 1)
          .limit(1)
          .executeTakeFirst(),
      );
      if (oldestKept !== undefined) await deleteBefore(oldestKept.created_at);
    },
  };
}

function contextOf({ tenantId, principalId, key }: IdempotencyScope): string {
  return `idempotency:${tenantId}:${principalId}:${key}`;
}
