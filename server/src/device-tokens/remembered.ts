/** Bearer tokens that were found good, by their exact text: most requests cost one look into a map. */
import type { JwtKey } from '../credentials/jwt-keys.ts';
import { LruMap } from '../lib/lru.ts';
import type { BearerGrant } from './device-tokens.ts';

interface Entry {
  readonly grant: BearerGrant;
  readonly key: JwtKey;
  /** Until when the token is good, ms: its `exp` with the skew, or the end of its key. */
  readonly untilMs: number;
  /** How much had changed among the keys when it was last compared with them. */
  changes: number;
}

export interface RememberedTokens {
  /** @returns undefined for a token that is not remembered, or no longer good */
  find(token: string, nowMs: number): BearerGrant | undefined;
  remember(token: string, grant: BearerGrant, key: JwtKey, untilMs: number): void;
}

/** Only good tokens come in, so whoever tries some pushes out nothing. */
export function createRememberedTokens(
  keys: { peek(kid: string): JwtKey | null | undefined; readonly changes: number },
  limit: number,
): RememberedTokens {
  const tokens = new LruMap<string, Entry>(limit);

  /** The key is still the one that it was. Asked again only when something changed among keys, devices or profiles. */
  function isCurrent(entry: Entry): boolean {
    if (entry.changes === keys.changes) return true;
    if (keys.peek(entry.key.kid) !== entry.key) return false;
    entry.changes = keys.changes;
    return true;
  }

  return {
    find(token, nowMs) {
      const entry = tokens.get(token);
      if (entry === undefined) return undefined;
      if (nowMs < entry.untilMs && isCurrent(entry)) return entry.grant;
      tokens.delete(token);
      return undefined;
    },
    remember(token, grant, key, untilMs) {
      tokens.set(token, { grant, key, untilMs, changes: keys.changes });
    },
  };
}
